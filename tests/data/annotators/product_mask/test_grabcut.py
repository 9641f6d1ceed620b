"""The offline product mask on a drawn clip, in its own environment: found with its picture, not with another's."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.annotators.config import ANNOTATORS
from data.annotators.contracts import Frames, Mask
from data.annotators.launch import ROOT

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(not (ROOT / ANNOTATORS).is_dir(), reason="run `make setup-annotators`"),
]
FRAMES, HEIGHT, WIDTH = 20, 360, 270
SKIN, FACE = (205, 160, 130), (20, 10, 80, 70)  # left, top, right, bottom
CHILD = """
import json, sys
import numpy as np
from PIL import Image
from data.annotators.contracts import PoseTrack
from data.annotators.product_mask.grabcut import GrabCutMasker
clip = np.load(sys.argv[1])
pose = PoseTrack(clip["body"], clip["hand"], clip["hand"] * 0, clip["face"])
for name in sys.argv[2:]:
    picture = np.asarray(Image.open(name)) if name != "none" else None
    found = GrabCutMasker().mask(clip["rgb"], pose, picture)
    either = (found.mask_THW | clip["truth"]).sum()
    overlap = float((found.mask_THW & clip["truth"]).sum() / either)
    print(json.dumps({"overlap": overlap, "confidence": found.confidence, "evidence": found.evidence}))
"""


def thing(colour: tuple[int, int, int], label: tuple[int, int, int], seed: int) -> Frames:
    """A box of 72x50 with a printed label."""
    thing_HWC = np.full((72, 50, 3), colour, np.uint8)
    printed_HW = np.random.default_rng(seed).random((10, 10)) < 0.5
    thing_HWC[16:56, 5:45] = np.where(printed_HW.repeat(4, 0).repeat(4, 1)[..., None], label, (240, 240, 235))
    return thing_HWC


def drawn(product_HWC: Frames) -> tuple[Frames, Mask, np.ndarray]:
    """It moves over a grey wall, held from below by a hand whose colour the face tells."""
    noise = np.random.default_rng(1).normal(0, 2, (FRAMES, HEIGHT, WIDTH, 3))
    rgb_THWC, truth_THW = (
        np.full((FRAMES, HEIGHT, WIDTH, 3), (150, 155, 160), float),
        np.zeros((FRAMES, HEIGHT, WIDTH), bool),
    )
    rgb_THWC[:, FACE[1] : FACE[3], FACE[0] : FACE[2]] = SKIN
    hand_TK3 = np.ones((FRAMES, 21, 3), np.float32)
    for frame in range(FRAMES):
        x, y = 60 + 5 * frame, 140 - 2 * frame
        rgb_THWC[frame, y + 60 : y + 110, x - 4 : x + 54] = SKIN
        rgb_THWC[frame, y : y + 72, x : x + 50] = product_HWC
        truth_THW[frame, y : y + 72, x : x + 50] = True
        points = np.random.default_rng(2).uniform((x - 4, y + 60), (x + 54, y + 110), (21, 2))
        hand_TK3[frame, :, :2] = points
    return np.clip(rgb_THWC + noise, 0, 255).astype(np.uint8), truth_THW, hand_TK3


def on_white(thing_HWC: Frames) -> Frames:
    large_HWC = thing_HWC.repeat(4, 0).repeat(4, 1)
    return np.pad(large_HWC, ((60, 60), (100, 100), (0, 0)), constant_values=255)


def test_it_is_found_by_its_picture_and_not_by_another_things(tmp_path: Path) -> None:
    red, green = thing((190, 40, 40), (20, 30, 110), 3), thing((40, 150, 60), (230, 200, 20), 4)
    rgb_THWC, truth_THW, hand_TK3 = drawn(red)
    nobody, face_TK3 = np.zeros((FRAMES, 17, 3), np.float32), np.ones((FRAMES, 68, 3), np.float32)
    face_TK3[:, ::2, :2], face_TK3[:, 1::2, :2] = FACE[:2], FACE[2:]
    face_TK3[:, ::3, 0] = FACE[0]
    np.savez(tmp_path / "clip.npz", rgb=rgb_THWC, truth=truth_THW, hand=hand_TK3, body=nobody, face=face_TK3)
    Image.fromarray(on_white(red)).save(tmp_path / "red.png")
    Image.fromarray(on_white(green)).save(tmp_path / "green.png")
    arguments = [str(tmp_path / name) for name in ("clip.npz", "red.png", "green.png")]
    python = str(ROOT / ANNOTATORS / "bin/python")
    child = subprocess.run(
        [python, "-c", CHILD, *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=300
    )
    print(child.stdout)
    own, other = (json.loads(line) for line in child.stdout.splitlines())
    assert own["overlap"] > 0.7
    assert own["confidence"] > 0.7
    assert own["evidence"]["features"] > 2, "the print is matched"
    assert other["confidence"] < 0.5
    assert other["evidence"]["looks"] < own["evidence"]["looks"]
