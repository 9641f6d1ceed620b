"""How sure the offline product mask may be: what speaks for its guesses, measured where the truth is known.

    .venv-annotators/bin/python -m benchmarks.product_confidence measure|quick FOLDER BATCH ...

BATCH is a folder that `benchmarks.hard_clips` filmed, NAME its name. `measure` writes FOLDER/NAME.jsonl: a line for
each guess at each clip, with the clip's own picture, without one, with another product's picture, and partly hidden;
`quick` the first two only, at a third of the time. `benchmarks.product_fit` reads them.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.agreement import mask_agreement
from benchmarks.product_fit import Row
from data.annotators.config import Tool
from data.annotators.contracts import Frames, Mask
from data.annotators.offline.clip_scene import Scene, gather
from data.annotators.offline.product_evidence import evidence_for
from data.annotators.offline.product_features import PictureOfProduct
from data.annotators.offline.product_photo import ProductPhoto
from data.annotators.pose.mediapipe import build
from data.annotators.product_mask.grabcut import guesses, smaller
from data.sources.studio.shapes import Part
from foundation.pictures import read_image
from foundation.video_reading import read_video

FRAMES = slice(12, 28)  # of each clip: two thirds of a second are enough


def measure(folder: Path, batch: Path, *, quick: bool) -> None:
    """Write the rows of one batch."""
    folder.mkdir(parents=True, exist_ok=True)
    clips = sorted((batch / "clips").glob("s*"))
    with (folder / f"{batch.name}.jsonl").open("w", encoding="utf-8", buffering=1) as file:
        for index, clip in enumerate(clips):
            for row in rows_of(clip, None if quick else clips[(index + 3) % len(clips)]):
                file.write(json.dumps({"batch": batch.name, "clip": clip.name, **row}) + "\n")
            print(clip, flush=True)


def rows_of(clip: Path, other: Path | None) -> Iterator[Row]:
    """All guesses at one clip, in all cases; without another clip only with its own picture, and without one."""
    rgb_THWC = read_video(clip / "rgb.mp4")[0][FRAMES]
    with np.load(clip / "truth.npz", allow_pickle=False) as truth:
        product_THW = (truth["parts_TYX"][FRAMES] & (1 << Part.PRODUCT)) > 0
    pose = build(Tool(kind="mediapipe")).estimate(rgb_THWC)
    small_THWC, scale = smaller(rgb_THWC)
    size = small_THWC.shape[2], small_THWC.shape[1]
    small_truth = [cv2.resize(one.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5 for one in product_THW]
    truth_THW, own, scene = np.stack(small_truth), picture_of(clip), gather(small_THWC, pose, scale)
    masks = guesses(scene, own)
    yield from judged("own", Asked(scene, own, truth_THW), masks)
    yield from judged("none", Asked(scene, None, truth_THW), masks[:1])
    if other is not None:
        yield from judged("another", Asked(scene, picture_of(other), truth_THW))
        hidden_THWC, left_THW = partly_hidden(small_THWC, truth_THW)
        yield from judged("hidden", Asked(gather(hidden_THWC, pose, scale), own, left_THW))


@dataclass(frozen=True)
class Asked:
    """A clip, the picture that is given with it, and where the product is."""

    scene: Scene
    picture: PictureOfProduct | None
    truth_THW: Mask


def judged(case: str, asked: Asked, masks: Sequence[Mask] = ()) -> Iterator[Row]:
    """The guesses at a clip, those that were made already or all."""
    for guess, mask_THW in enumerate(masks or guesses(asked.scene, asked.picture)):
        overlap = mask_agreement(mask_THW, asked.truth_THW).overlap
        seen = float(mask_THW.any(axis=(1, 2)).mean())
        evidence = evidence_for(mask_THW, asked.scene, asked.picture)
        yield {"case": case, "guess": guess, "overlap": overlap, "seen": seen, "evidence": evidence}


def picture_of(clip: Path) -> PictureOfProduct:
    return PictureOfProduct(ProductPhoto.of(read_image(clip / "product.png")[0]))


def partly_hidden(rgb_THWC: Frames, truth_THW: Mask) -> tuple[Frames, Mask]:
    """A grey sheet that stands still in front of the lower half of where the product is."""
    rows, columns = np.nonzero(truth_THW.any(axis=0))
    middle = int(np.median(rows))
    sheet = slice(middle, middle + int(np.ptp(rows)) // 2 + 8), slice(max(0, columns.min() - 6), columns.max() + 6)
    hidden_THWC, left_THW = rgb_THWC.copy(), truth_THW.copy()
    hidden_THWC[:, *sheet], left_THW[:, *sheet] = (rgb_THWC.mean() * 0.6).astype(np.uint8), False
    return hidden_THWC, left_THW


if __name__ == "__main__":
    for each in sys.argv[3:]:
        measure(Path(sys.argv[2]), Path(each), quick=sys.argv[1] == "quick")
