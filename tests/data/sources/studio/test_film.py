"""A filmed clip against what it promises: pixels, boxes, structure, sound and words must agree with each other."""

from dataclasses import replace

import numpy as np
import pytest

from data.sources.studio import Look, StudioBatch
from data.sources.studio.delivery import film_as_ordered
from data.sources.studio.film import FilmedClip, boxes_of
from data.sources.studio.motion import pose_clip
from data.sources.studio.scene import PHRASES, draw_scene
from data.sources.studio.shapes import Part
from data.sources.studio.shooting import camera_for, film_frames
from foundation.clip_format import ClipFormat

CLIP = ClipFormat(frames=33, frames_per_second=25, height=96, width=64, motion_frames=0)
PEOPLE = (Part.BODY, Part.FACE, Part.HAIR, Part.LEFT_HAND, Part.RIGHT_HAND, Part.PRODUCT)


def shot(look: Look, index: int, clip: ClipFormat = CLIP, seed: int = 0) -> FilmedClip:
    return film_as_ordered(StudioBatch(source="studio", seed=seed, clips=99, look=look), index, clip)


@pytest.fixture(scope="module", params=["sketch", "anny"])
def look(request: pytest.FixtureRequest) -> Look:
    return request.param


@pytest.fixture(scope="module")
def clips(look: Look) -> list[FilmedClip]:
    return [shot(look, index) for index in range(8)]


def test_a_clip_depends_on_seed_and_index_alone(look: Look, clips: list[FilmedClip]) -> None:
    again = shot(look, 3)
    assert np.array_equal(again.rgb_TYX3, clips[3].rgb_TYX3)
    assert np.array_equal(again.hoi_TYX3, clips[3].hoi_TYX3)
    assert np.array_equal(again.audio_S, clips[3].audio_S)
    assert not np.array_equal(again.rgb_TYX3, shot(look, 3, seed=1).rgb_TYX3)


def test_shapes_and_box_frames_follow_the_clip_format(clips: list[FilmedClip]) -> None:
    clip = clips[0]
    assert clip.rgb_TYX3.shape == clip.hoi_TYX3.shape == (33, 96, 64, 3)
    assert clip.audio_S.shape == (33 * 640,)
    assert list(clip.boxes) == [2, 6, 10, 14, 18, 22, 26, 30]


def test_identities_of_two_deliveries_never_meet() -> None:
    trained = {draw_scene(0, index).person_id for index in range(200)}
    held_out = {draw_scene(1, index).person_id for index in range(200)}
    assert len(trained) == len(held_out) == 200
    assert not trained & held_out


def test_eight_clips_in_a_row_show_every_action_and_sixteen_every_pair() -> None:
    scenes = [draw_scene(5, index) for index in range(16)]
    assert {scene.action for scene in scenes[:8]} == set(PHRASES)
    assert len({(scene.action, scene.hand) for scene in scenes}) == 16


def test_boxes_are_exactly_as_large_as_the_part(clips: list[FilmedClip]) -> None:
    for clip in clips:
        for frame, boxes in clip.boxes.items():
            for name, part in (("face", Part.FACE), ("right_hand", Part.RIGHT_HAND), ("product", Part.PRODUCT)):
                mask_YX = (clip.parts_TYX[frame] >> part) & 1
                box = getattr(boxes, name)
                assert box is not None
                x1, y1, x2, y2 = box
                assert mask_YX.sum() == mask_YX[y1 : y2 + 1, x1 : x2 + 1].sum()
                edges = (mask_YX[y1], mask_YX[y2], mask_YX[:, x1], mask_YX[:, x2])
                assert all(edge.any() for edge in edges)


def test_a_part_out_of_sight_has_no_box() -> None:
    boxes = boxes_of(np.full((8, 8), 1 << Part.PRODUCT, np.uint8))
    assert boxes.product == (0, 0, 7, 7)
    assert boxes.face is boxes.left_hand is boxes.right_hand is None


def test_left_is_the_persons_left(clips: list[FilmedClip]) -> None:
    """Seen from the front the person's left hand is on the picture's right, here at the clip's first boxes."""
    held_left = [clip for clip in clips if clip.scene.action in ("raise", "across") and clip.scene.hand == "left"]
    assert held_left
    for clip in held_left:
        boxes = clip.boxes[2]
        assert boxes.left_hand is not None
        assert boxes.right_hand is not None
        assert boxes.left_hand[0] > boxes.right_hand[2]


def test_hoi_structure_lies_exactly_over_the_picture(clips: list[FilmedClip]) -> None:
    for clip in clips:
        people_bits = sum(1 << part for part in PEOPLE)
        people_TYX = (clip.parts_TYX & people_bits) > 0
        structure_TYX = clip.hoi_TYX3.any(axis=3)
        shared, either = (people_TYX & structure_TYX).sum(), (people_TYX | structure_TYX).sum()
        assert shared / either > 0.995
        product_only_TYX = clip.parts_TYX == 1 << Part.PRODUCT
        assert product_only_TYX.sum() > 1000
        assert np.array_equal(clip.rgb_TYX3[product_only_TYX], clip.hoi_TYX3[product_only_TYX])
        wall_TYX = np.broadcast_to((clip.parts_TYX == 1 << Part.BACKDROP).all(axis=0), clip.parts_TYX.shape)
        assert not clip.hoi_TYX3[wall_TYX].any()
        assert np.ptp(clip.rgb_TYX3[:, wall_TYX[0]].astype(int), axis=0).max() == 0


def test_the_mouth_in_the_picture_follows_the_sound(clips: list[FilmedClip]) -> None:
    """The lower middle of the face box gets darker as the sound's own loudness rises."""
    found = []
    for clip in clips:
        loudness_T = np.sqrt((clip.audio_S.reshape(33, 640) ** 2).mean(axis=1))
        face = clip.boxes[2].face
        assert face is not None
        x1, y1, x2, y2 = face
        middle, half = (x1 + x2) // 2, (x2 - x1) // 5
        lips = slice(y1 + 2 * (y2 - y1) // 3, y2), slice(middle - half, middle + half + 1)
        dark_T = -clip.rgb_TYX3[:, *lips].astype(float).mean(axis=(1, 2, 3))
        found.append(np.corrcoef(loudness_T, dark_T)[0, 1])
    assert sum(r > 0.6 for r in found) >= 7  # in the sketch, teeth light up one dark face
    assert np.median(found) > 0.9


def test_loudness_differs_between_clips(clips: list[FilmedClip]) -> None:
    pairs = [np.corrcoef(a.mouth_T, b.mouth_T)[0, 1] for a in clips for b in clips if a is not b]
    assert abs(np.mean(pairs)) < 0.3


def test_the_prompt_alone_moves_the_hands() -> None:
    """Two people with different products and the same action and hand move alike; other words move otherwise."""
    time_T = (np.arange(33) / 32).astype(np.float32)
    scenes = [draw_scene(0, 0), draw_scene(7, 16)]
    assert scenes[0].person_id != scenes[1].person_id
    paths = [pose_clip(scene.action, scene.hand, time_T, time_T * 0).holding_arm for scene in scenes]
    assert paths[0] is not None
    assert paths[1] is not None
    assert np.array_equal(paths[0].palm_F3, paths[1].palm_F3)
    pose = pose_clip("raise", "left", time_T, time_T * 0)
    boxes = []
    for scene in scenes:
        product = replace(scene.product, kind="can")
        parts_TYX = film_frames(replace(scene, product=product), pose, camera_for(CLIP))[2]
        boxes.append((parts_TYX >> Part.LEFT_HAND) & 1)
    assert np.array_equal(boxes[0], boxes[1])
    other = pose_clip("lower", "left", time_T, time_T * 0).holding_arm
    assert other is not None
    assert np.abs(other.palm_F3 - paths[0].palm_F3).max() > 0.5


def test_hands_move_far_from_the_reference(clips: list[FilmedClip]) -> None:
    """Repeating the reference must be a bad answer: the product is where the reference shows none."""
    for clip in clips:
        product_TYX = ((clip.parts_TYX >> Part.PRODUCT) & 1).astype(bool)
        change_TYX = np.abs(clip.rgb_TYX3.astype(int) - clip.person_YX3).max(axis=3)
        assert np.median(change_TYX[product_TYX]) > 20


def test_motion_frames_come_just_before_the_clip(look: Look) -> None:
    with_context = shot(look, 0, CLIP.model_copy(update={"frames": 9, "motion_frames": 5}))
    assert with_context.motion_FYX3.shape == (5, 96, 64, 3)
    assert with_context.rgb_TYX3.shape == (9, 96, 64, 3)
    assert with_context.audio_S.shape == (9 * 640,)
    step = np.abs(with_context.motion_FYX3[-1].astype(int) - with_context.rgb_TYX3[0]).mean()
    assert step < np.abs(with_context.rgb_TYX3[-1].astype(int) - with_context.rgb_TYX3[0]).mean()


def test_any_resolution_shows_the_same_set(look: Look) -> None:
    small, wide = (shot(look, 0, CLIP.model_copy(update={"frames": 5, "width": width})) for width in (64, 160))
    assert wide.boxes[2].face is not None
    assert small.boxes[2].face is not None
    assert wide.boxes[2].face[1::2] == small.boxes[2].face[1::2]
    large = shot(look, 0, CLIP.model_copy(update={"frames": 5, "height": 192, "width": 128}))
    assert np.abs(large.person_YX3.reshape(96, 2, 64, 2, 3).mean(axis=(1, 3)) - small.person_YX3).mean() < 3
