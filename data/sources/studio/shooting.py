"""The camera on the set: a scene in given poses becomes pictures, whatever the poses are for."""

import numpy as np
from numpy.typing import NDArray

from data.sources.studio.body import held_placement, moving_shapes, standing_shapes
from data.sources.studio.motion import Pose
from data.sources.studio.product import product_shapes
from data.sources.studio.render import Camera, Canvas
from data.sources.studio.scene import Identity, Scene
from data.sources.studio.shapes import Array, cut
from foundation.clip_format import ClipFormat

# F frames, Y X pixels, H W samples
Picture = NDArray[np.uint8]
Shot = tuple[Picture, Picture, Picture]  # RGB and HOI pictures [F,Y,X,3], part bit sets [F,Y,X]
SAMPLES = 2  # a pixel and axis
NARROWEST = 2 / 3  # width by height; a narrower picture sees the same width of the set, from further away
SAMPLES_AT_ONCE = 1_000_000  # keeps a full-size clip's buffers small


def film_frames(scene: Scene, pose: Pose, camera: Camera) -> Shot:
    """RGB and HOI pictures [F,Y,X,3] and part bit sets [F,Y,X] of every pose."""
    standing = canvas_of_person(scene.identity, camera)
    assert pose.holding_arm is not None
    product = product_shapes(
        scene.product, held_placement(scene.product, pose.holding_arm), handle_side=-pose.holding_arm.side
    )
    shapes = [*moving_shapes(scene.identity, scene.product, pose), *product]
    wall_HW3 = backdrop(scene.identity, camera)
    frames, at_once = len(pose.mouth_F), max(1, SAMPLES_AT_ONCE // standing.depth_FHW.size)
    taken: list[Shot] = []
    for first in range(0, frames, at_once):
        last = min(first + at_once, frames)
        canvas = standing.repeated(last - first)
        canvas.draw([cut(shape, first, last) for shape in shapes])
        shadow_FHW = canvas.shadow()
        taken.append((canvas.develop(shadow_FHW, wall_HW3), canvas.develop_hoi(shadow_FHW), canvas.visible_parts()))
    rgb_FYX3, hoi_FYX3, parts_FYX = (np.concatenate(pieces) for pieces in zip(*taken, strict=True))
    return rgb_FYX3, hoi_FYX3, parts_FYX


def camera_for(clip: ClipFormat) -> Camera:
    return Camera(clip.height, clip.width, SAMPLES, half_height=max(1.0, NARROWEST * clip.height / clip.width))


def canvas_of_person(identity: Identity, camera: Camera) -> Canvas:
    canvas = Canvas(camera, 1)
    canvas.draw(standing_shapes(identity))
    return canvas


def backdrop(identity: Identity, camera: Camera) -> Array:
    """A wall [H,W,3]: a vertical gradient with a soft light behind the head."""
    height, width = camera.height * camera.samples, camera.width * camera.samples
    y_H1 = (np.arange(height, dtype=np.float32)[:, None] + 0.5) / height
    x_1W = (np.arange(width, dtype=np.float32)[None, :] + 0.5 - width / 2) / height
    glow_HW = np.exp(-(x_1W**2 + (y_H1 - 0.3) ** 2) / 0.12)[:, :, None]
    top_3, bottom_3 = np.array(identity.wall_top, np.float32), np.array(identity.wall_bottom, np.float32)
    wall_HW3 = top_3 + (bottom_3 - top_3) * y_H1[:, :, None] + np.float32(0.10) * glow_HW - np.float32(0.04)
    return np.clip(wall_HW3, 0, 1).astype(np.float32)
