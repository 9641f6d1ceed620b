"""The people of the studio: bodies, arms, hands that touch, and what `truth.npz` says about them."""

from pathlib import Path

import numpy as np
import pytest
from trimesh.creation import box as cuboid

from data.sources.studio import StudioBatch
from data.sources.studio.anny.arm import curl, hand_frame, reach, turned_to
from data.sources.studio.anny.body import Figure, body, figure, posed_heads, skin
from data.sources.studio.anny.film import film
from data.sources.studio.anny.goods import GRIPS, distance_to_grip, goods
from data.sources.studio.anny.grip import SINK, mesh_distance
from data.sources.studio.anny.pieces import figure_of
from data.sources.studio.anny.pose import pose_person
from data.sources.studio.anny.truth import contact
from data.sources.studio.delivery import deliver
from data.sources.studio.film import FilmedClip
from data.sources.studio.motion import pose_clip
from data.sources.studio.scene import ProductKind
from data.sources.studio.shapes import Part
from foundation.clip_format import ClipFormat
from foundation.map_items import Spread

CLIP = ClipFormat(frames=9, frames_per_second=25, height=320, width=192, motion_frames=5)
ALL = np.arange(len(body().mean_N3))


@pytest.fixture(scope="module")
def clips() -> list[FilmedClip]:
    return [film(0, index, CLIP) for index in range(2)]


def turns(frames: int) -> np.ndarray:
    return np.tile(np.eye(3, dtype=np.float32), (frames, len(body().bones), 1, 1))


def test_a_body_at_rest_is_left_alone() -> None:
    who = figure(np.zeros(16, np.float32))
    still = turns(1)
    assert np.allclose(skin(who, still, posed_heads(who, still), who.rest_N3[None], ALL)[0], who.rest_N3, atol=1e-5)


def test_a_turned_body_turns_whole() -> None:
    """All bones turned alike are one rigid turn around the root: no vertex may be pulled off."""
    who, whole = figure(np.ones(16, np.float32)), turns(1)
    quarter = np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]], np.float32)
    whole[:] = quarter
    found = skin(who, whole, posed_heads(who, whole), who.rest_N3[None], ALL)[0]
    root = who.heads_J3[0]
    assert np.allclose(found, (who.rest_N3 - root) @ quarter.T + root, atol=1e-4)


def test_people_differ_and_their_shoulders_do_not() -> None:
    one, other = figure_of(0, 0, True), figure_of(0, 1, True)
    assert np.abs(one.rest_N3 - other.rest_N3).max() > 0.01
    middles = [(who.head_of("upperarm01.L") + who.head_of("upperarm01.R")) / 2 for who in (one, other)]
    assert np.allclose(*middles, atol=2e-3)


@pytest.mark.parametrize("side", [1, -1])
def test_a_palm_within_reach_arrives_and_is_turned_as_asked(side: int) -> None:
    who, frames = figure_of(0, 5, True), 3
    hand, all_turns = hand_frame(who, side), turns(frames)
    palm_T3 = np.array([[0.20, 0.45, 0.30], [0.25, 0.70, 0.25], [0.05, 0.40, 0.35]]) * np.array([side, 1, 1])
    up_T3, front_T3 = (np.tile(np.array(axis, float), (frames, 1)) for axis in ((0, 1, 0), (0, 0, 1)))
    reach(who, hand, all_turns, turned_to(hand, up_T3, front_T3), palm_T3)
    wrist = body().bone(f"wrist.{hand.letter}")
    heads = posed_heads(who, all_turns)
    found_T3 = heads[:, wrist] + all_turns[:, wrist] @ (hand.palm_3 - hand.wrist_3)
    assert np.allclose(found_T3, palm_T3, atol=2e-3)
    pointing_T33 = all_turns[:, wrist] @ hand.axes_33
    assert np.allclose(pointing_T33[..., 0], up_T3, atol=1e-4)
    assert np.allclose(pointing_T33[..., 1], front_T3, atol=1e-4)


@pytest.mark.parametrize("side", [1, -1])
def test_bent_fingers_come_towards_the_palm(side: int) -> None:
    who = figure_of(0, 2, True)
    hand = hand_frame(who, side)
    out = []
    for angle in (0.0, 1.0):
        all_turns = turns(1)
        curl(hand, all_turns, [np.full((1, 3), angle)] * 5)
        tip = posed_heads(who, all_turns)[0, body().bone(f"finger3-3.{hand.letter}")]
        out.append((tip - hand.palm_3) @ hand.axes_33)
    assert out[1][1] > out[0][1] + 0.02  # out of the palm
    assert out[1][0] < out[0][0] - 0.02  # back towards the wrist


@pytest.mark.parametrize("kind", list(GRIPS))
@pytest.mark.parametrize("hand", ["left", "right"])
def test_every_product_is_held_by_thumb_and_fingers(kind: ProductKind, hand: str) -> None:
    who = figure_of(4, len(kind), True)
    still = np.zeros(1, np.float32)
    posed = pose_person(who, pose_clip("tilt", "left" if hand == "left" else "right", still, still), kind)
    metres_6, sunk = contact(who, posed, kind)
    assert metres_6[0] < 0.001  # the thumb
    assert (metres_6[1:5] < 0.001).sum() >= 3
    assert sunk < SINK + 0.0015


def test_the_grip_distance_is_that_of_the_mesh() -> None:
    points_P3 = np.random.default_rng(0).uniform(-0.15, 0.15, (200, 3)).astype(np.float32)
    for kind in ("box", "ball", "can"):
        exact_P = distance_to_grip(kind, points_P3)
        thing = goods(kind, 1)
        if kind == "can":  # its rims stand over the grip
            points_P3, exact_P = points_P3[np.abs(points_P3[:, 1]) < 0.05], exact_P[np.abs(points_P3[:, 1]) < 0.05]
        meshed_P = mesh_distance(points_P3, thing.vertices_N3[thing.faces_F3])
        outside = exact_P > 0
        assert outside.sum() > 20
        assert np.abs(meshed_P - exact_P)[outside].max() < 0.0015


def test_mesh_distance_knows_face_edge_and_corner() -> None:
    cube = cuboid(extents=(2, 2, 2))
    points_P3 = np.array([[0, 0, 3], [2, 2, 0], [2, 2, 2], [0, 0, 0.5]], float)
    expected = [2, np.sqrt(2), np.sqrt(3), 0.5]
    assert np.allclose(mesh_distance(points_P3, cube.vertices[cube.faces]), expected)


def test_landmarks_lie_on_the_parts_they_name(clips: list[FilmedClip]) -> None:
    for clip in clips:
        truth = clip.truth
        assert truth["body_TK3"].shape == (9, 17, 3)
        assert truth["parts_TYX"].shape == (9, 320, 192)
        for name, part in (("left_hand_TK3", Part.LEFT_HAND), ("right_hand_TK3", Part.RIGHT_HAND)):
            hand_TK3 = truth[name]
            assert hand_TK3.shape == (9, 21, 3)
            seen_TK = hand_TK3[..., 2] == 1
            assert seen_TK.mean() > 0.4
            frame, point = np.nonzero(seen_TK)
            column, row = hand_TK3[frame, point, :2].astype(int).T
            assert ((clip.parts_TYX[frame, row, column] >> part) & 1).all()
        nose_T3, shoulders_T23 = truth["body_TK3"][:, 0], truth["body_TK3"][:, 5:7]
        assert (nose_T3[:, 1] < shoulders_T23[..., 1].min(axis=1)).all()
        assert (shoulders_T23[:, 0, 0] > shoulders_T23[:, 1, 0]).all()  # the left one on the picture's right
        assert (truth["body_TK3"][:, 15:, 2] == 0).all()  # ankles are below the picture


def test_nothing_but_the_product_has_colour_in_the_silhouette() -> None:
    flat = film(0, 0, CLIP, "silhouette")
    person_bits = sum(1 << part for part in (Part.BODY, Part.FACE, Part.HAIR, Part.LEFT_HAND, Part.RIGHT_HAND))
    inner_TYX = np.isin(flat.parts_TYX, [1 << p for p in Part if (1 << p) & person_bits])
    assert inner_TYX.any()
    assert (flat.hoi_TYX3[inner_TYX] == 204).all()
    product_TYX = flat.parts_TYX == 1 << Part.PRODUCT
    assert np.array_equal(flat.hoi_TYX3[product_TYX], flat.rgb_TYX3[product_TYX])
    assert not flat.hoi_TYX3[flat.parts_TYX == 1 << Part.BACKDROP].any()


def test_a_large_picture_shows_the_small_ones_parts() -> None:
    """More triangles, teeth and letters, but nobody elsewhere: hands and product of both sizes overlap."""
    large, small = (
        film(0, 4, CLIP.model_copy(update={"frames": 5, "motion_frames": 0, "height": h, "width": h // 2}))
        for h in (1024, 256)
    )
    for part in (Part.PRODUCT, Part.LEFT_HAND):
        a, b = ((each.parts_TYX[2] >> part) & 1 for each in (large, small))
        a = a.reshape(256, 4, 128, 4).max(axis=(1, 3))
        assert (a & b).sum() / (a | b).sum() > 0.75


def test_two_processes_deliver_the_same_people(tmp_path: Path) -> None:
    order = StudioBatch(source="studio", seed=3, clips=3, look="anny")
    small = ClipFormat(frames=5, frames_per_second=25, height=96, width=64, motion_frames=0)
    for processes in (1, 2):
        deliver(order, small, tmp_path / str(processes), Spread(processes=processes))
    files = sorted(path.relative_to(tmp_path / "1") for path in (tmp_path / "1").rglob("*") if path.is_file())
    assert Path("clips/s3_0002/truth.npz") in files
    for name in files:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name
    with np.load(tmp_path / "1" / "clips/s3_0000/truth.npz") as truth:
        assert truth["contact_6"].shape == (6,)
        assert len(truth["mouth_T"]) == 5


def test_the_head_of_a_doll_is_larger_and_the_hands_are_not() -> None:
    person, doll = figure_of(0, 0, True), figure_of(0, 0, False)
    assert np.ptp(doll.rest_N3[:, 1]) > np.ptp(person.rest_N3[:, 1]) + 0.05
    hands = body().weights_NJ[:, body().below("wrist.L")].sum(axis=1) > 0.99
    assert np.array_equal(*(who.rest_N3[hands] for who in (person, doll)))


def test_the_asset_says_where_it_comes_from() -> None:
    who: Figure = figure(np.zeros(16, np.float32))
    assert np.allclose(body().weights_NJ.sum(axis=1), 1, atol=1e-3)
    assert abs(who.head_of("wrist.L")[0] + who.head_of("wrist.R")[0]) < 1e-3  # the mean person is symmetric
