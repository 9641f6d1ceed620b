"""One clip on the studio's set: frames, HOI structure, sound, the two references and the boxes, all in memory."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.contracts import FrameBoxes
from data.sources.studio.body import moving_shapes
from data.sources.studio.casting import scene_of
from data.sources.studio.motion import Pose, pose_clip, rest_pose
from data.sources.studio.product import GRIPS, Placement, product_shapes
from data.sources.studio.render import Canvas
from data.sources.studio.scene import Product, Scene
from data.sources.studio.shapes import Array, Part
from data.sources.studio.shooting import NARROWEST, Picture, Shot, backdrop, camera_for, canvas_of_person, film_frames
from data.sources.studio.speech import mouth_opening, speak
from foundation.clip_format import ClipFormat
from foundation.geometry import box_of

# F motion-context and clip frames, T clip frames, Y X pixels, H W samples, S sound samples
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
    scene = scene_of(seed, index)
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
