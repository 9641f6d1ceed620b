"""The HOI structure video: the human mesh without texture on black, the product's pixels composited by its mask.

It is the second stream's target, so it must show the same moments as its clip: same size, same frames, same rate.
CoInteract, arXiv 2604.19636, sec. 3.3.
"""

import numpy as np
from numpy.typing import NDArray

from foundation.failures import refuse

BLACK_BELOW = 16  # of 255; a lossy codec lifts black a little


def compose_structure(
    rgb_THWC: NDArray[np.uint8], mesh_THWC: NDArray[np.uint8], product_THW: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Put the product's own pixels over the mesh on black.

    Raises:
        ValueError: mesh or mask do not have the clip's frames and size.
    """
    if mesh_THWC.shape != rgb_THWC.shape or product_THW.shape != rgb_THWC.shape[:3]:
        raise ValueError(
            f"mesh {mesh_THWC.shape} and product mask {product_THW.shape} do not fit the clip {rgb_THWC.shape}: "
            "make both from this clip"
        )
    body_THWC = np.where(shown(mesh_THWC)[..., None], mesh_THWC, np.uint8(0))
    return np.where(product_THW[..., None], rgb_THWC, body_THWC).astype(np.uint8)


def check_aligned(clip_id: str, hoi_THWC: NDArray[np.uint8], clip_THWC: NDArray[np.uint8]) -> None:
    """Raise unless the structure video has the size and the frames of its clip, as delivered.

    Raises:
        ClipError: it has not; names the clip and both shapes.
    """
    if hoi_THWC.shape != clip_THWC.shape:
        raise refuse(
            clip_id,
            "hoi_video",
            f"{_shape(hoi_THWC)} where the clip has {_shape(clip_THWC)}",
            "the structure video has the clip's frames and size",
            "render it again from this clip",
        )


def structure_share(hoi_THWC: NDArray[np.uint8]) -> float:
    """Share of pixels that are not black. Near 0: nothing was rendered, structure supervision would be absent."""
    return float(shown(hoi_THWC).mean())


def shown(frames_THWC: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which pixels are not black, [T,H,W]. Colour by colour: `max` over so short an axis takes five times as long."""
    red_THW, green_THW, blue_THW = (frames_THWC[..., colour] for colour in range(3))
    return np.maximum(np.maximum(red_THW, green_THW), blue_THW) >= BLACK_BELOW


def _shape(frames_THWC: NDArray[np.uint8]) -> str:
    frames, height, width, _ = frames_THWC.shape
    return f"{frames} frames of {height}x{width}"
