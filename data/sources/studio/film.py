"""One clip on the studio's set: frames, HOI structure, sound, the two references and the boxes, all in memory."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.contracts import FrameBoxes
from data.sources.studio.body import held_placement, moving_shapes, standing_shapes
from data.sources.studio.motion import Pose, pose_clip, rest_pose
from data.sources.studio.product import GRIPS, Placement, product_shapes
from data.sources.studio.render import Camera, Canvas
from data.sources.studio.scene import Identity, Product, Scene, draw_scene
from data.sources.studio.shapes import Array, Part, cut
from data.sources.studio.speech import mouth_opening, speak
from foundation.clip_format import ClipFormat
from foundation.geometry import box_of

# F motion-context and clip frames, T clip frames, Y X pixels, H W samples, S sound samples
Picture = NDArray[np.uint8]
Shot = tuple[Picture, Picture, Picture]  # RGB and HOI pictures [F,Y,X,3], part bit sets [F,Y,X]
SAMPLES = 2  # a pixel and axis
NARROWEST = 2 / 3  # width by height; a narrower picture sees the same width of the set, from further away
SAMPLES_AT_ONCE = 1_000_000  # keeps a full-size clip's buffers small
BOX_PARTS = {"face": Part.FACE, "left_hand": Part.LEFT_HAND, "right_hand": Part.RIGHT_HAND, "product": Part.PRODUCT}


@dataclass(frozen=True)
class FilmedClip:
    """What the camera and the microphone caught. Motion frames come before the clip and have no sound."""

    scene: Scene
    rgb_TYX3: Picture
    hoi_TYX3: Picture
    motion_FYX3: Picture  # [0,Y,X,3] without motion context
    audio_S: Array
    mouth_T: Array
    person_YX3: Picture
    product_YX3: Picture
    boxes: dict[int, FrameBoxes]
    parts_TYX: NDArray[np.uint8]  # bit set of the parts each pixel shows
    truth: dict[str, NDArray[Any]] = field(default_factory=dict)  # what else is known exactly, for `truth.npz`


@dataclass(frozen=True)
class Script:
    """What happens in a clip and what is heard, whoever draws it; the first `lead` frames are motion context."""

    scene: Scene
    pose: Pose
    lead: int
    audio_S: Array  # of the clip's own frames

    @property
    def mouth_T(self) -> Array:  # noqa: N802 - T is its shape
        return self.pose.mouth_F[self.lead :]


def script_of(seed: int, index: int, clip: ClipFormat) -> Script:
    scene = draw_scene(seed, index)
    lead, frames = clip.motion_frames, clip.motion_frames + clip.frames
    lead_samples, samples = (round(n * clip.audio_samples_per_second / clip.frames_per_second) for n in (lead, frames))
    sound_S = speak(np.random.default_rng([seed, index, 2]), scene.voice_hertz, samples, clip.audio_samples_per_second)
    mouth_F = mouth_opening(sound_S, clip.audio_samples_per_second, frames, clip.frames_per_second)
    time_F = (np.arange(-lead, clip.frames) / (clip.frames - 1)).astype(np.float32)
    pose = pose_clip(scene.action, scene.hand, time_F, mouth_F)
    return Script(scene, pose, lead, sound_S[lead_samples:])


def film(seed: int, index: int, clip: ClipFormat) -> FilmedClip:
    """Film clip `index` of delivery `seed`: a pure function of its arguments."""
    script, camera = script_of(seed, index, clip), camera_for(clip)
    shot = film_frames(script.scene, script.pose, camera)
    rest = canvas_of_person(script.scene.identity, camera)
    rest.draw(moving_shapes(script.scene.identity, None, rest_pose()))
    person_YX3 = rest.develop(rest.shadow(), backdrop(script.scene.identity, camera))[0]
    return filmed_clip(script, shot, person_YX3, product_reference(script.scene.product, clip))


def filmed_clip(script: Script, shot: Shot, person_YX3: Picture, product_YX3: Picture) -> FilmedClip:
    """What was filmed, without what is known of it besides."""
    (rgb_FYX3, hoi_FYX3, parts_FYX), lead = shot, script.lead
    return FilmedClip(
        scene=script.scene,
        rgb_TYX3=rgb_FYX3[lead:],
        hoi_TYX3=hoi_FYX3[lead:],
        motion_FYX3=rgb_FYX3[:lead],
        audio_S=script.audio_S,
        mouth_T=script.mouth_T,
        person_YX3=person_YX3,
        product_YX3=product_YX3,
        boxes={frame: boxes_of(parts_FYX[lead + frame]) for frame in range(2, len(parts_FYX) - lead, 4)},
        parts_TYX=parts_FYX[lead:],
    )


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


def product_reference(product: Product, clip: ClipFormat) -> Picture:
    """The product alone on white, upright, centred, larger than in the clip."""
    camera = camera_for(clip)
    canvas = Canvas(camera, 1)
    upright = Placement(np.zeros((1, 3), np.float32), np.eye(3, dtype=np.float32)[None], scale=2.2)
    top = {"bottle": 0.185, "jar": 0.07, "carton": 0.105}.get(product.kind, 0.0)
    middle = Placement(upright.point(0, -top / 2), upright.rotation_F33, upright.scale)
    assert GRIPS[product.kind][0] * middle.scale < NARROWEST
    canvas.draw(product_shapes(product, middle, handle_side=1))
    white_HW3 = np.ones((*canvas.depth_FHW.shape[1:], 3), np.float32)
    return canvas.develop(canvas.shadow(), white_HW3)[0]


def boxes_of(parts_YX: NDArray[np.uint8]) -> FrameBoxes:
    """The smallest boxes that hold every pixel in which a part is seen."""
    return FrameBoxes(**{name: box_of((parts_YX >> part) & 1) for name, part in BOX_PARTS.items()})
