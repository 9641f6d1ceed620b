"""SAM3, CLIP, a detector and Qwen-Image-Edit: their real classes at toy width, from disk, on a small clip."""

from pathlib import Path

import numpy as np
import pytest
import torch

from data.annotators.contracts import Frames, PoseTrack
from data.annotators.product_mask.sam3 import Sam3ProductMask, pixels
from data.annotators.regions.hand_object_detector import HandObjectBoxes, sides
from data.annotators.separation.qwen_image_edit import PictureProcessor, QwenImageEdit
from data.annotators.triplet.clip import ClipTriplet


def test_sam3_follows_one_thing_through_the_clip(clip: Frames, pose: PoseTrack, sam3: Path) -> None:
    masker = Sam3ProductMask(sam3, "cpu")
    track = masker.mask(clip, pose, None)
    mask_THW = track.mask_THW
    assert mask_THW.shape == clip.shape[:3]
    assert mask_THW.dtype == np.bool_
    assert np.array_equal(mask_THW, masker.mask(clip, pose, None).mask_THW), "the same clip, the same mask"
    assert mask_THW.any(), "these weights see something in noise"
    assert 0 < track.confidence <= 1
    assert len(masker.provenance.weights_sha256 or "") == 64


def test_sam3_without_anything_found_masks_nothing(clip: Frames, pose: PoseTrack, sam3: Path) -> None:
    masker = Sam3ProductMask(sam3, "cpu")
    masker.model.score_threshold_detection = masker.model.new_det_thresh = 1.1
    track = masker.mask(clip, pose, None)
    assert not track.mask_THW.any()
    assert track.confidence == 0


def test_sam3_sees_the_whole_frame() -> None:
    rgb_THWC = np.zeros((1, 60, 20, 3), np.uint8)
    rgb_THWC[0, -1, -1] = rgb_THWC[0, 0, 0] = 255
    seen_TCSS = pixels(rgb_THWC, 120)
    assert seen_TCSS.shape == (1, 3, 120, 120)
    assert seen_TCSS[0, :, -1, -1].tolist() == [1, 1, 1]
    assert seen_TCSS[0, :, 60, 60].tolist() == [-1, -1, -1]


def test_clip_knows_the_same_picture_and_another(clip: Frames, clip_model: Path) -> None:
    product_HW = np.zeros(clip.shape[1:3], np.bool_)
    validator, other = ClipTriplet(clip_model, "cpu"), np.full((50, 70, 3), 255, np.uint8)
    assert validator.score(clip[0], product_HW, clip[0], other).product is None, "no product in the frame"
    product_HW[20:40, 10:30] = True
    score = validator.score(clip[0], product_HW, clip[0], clip[0][20:40, 10:30])
    assert (score.person, score.product) == pytest.approx((1, 1), abs=1e-5)
    assert score.product_left == pytest.approx(1, abs=0.05), "nothing was taken out"
    score = validator.score(clip[0], product_HW, other, other)
    assert score.person is not None
    assert score.product is not None
    assert max(score.person, score.product) < 0.999


def test_boxes_lie_in_the_picture_and_carry_known_labels(clip: Frames, pose: PoseTrack, detection_model: Path) -> None:
    detector = HandObjectBoxes(detection_model, "cpu", {"face": "face", "hand": "hand"}, threshold=0.0)
    found = detector.detect(clip, pose)
    assert len(found) == len(clip)
    boxes = [box for frame in found for box in (frame.face, frame.left_hand, frame.right_hand) if box]
    assert boxes
    assert all(0 <= x1 <= x2 < 48 and 0 <= y1 <= y2 < 80 for x1, y1, x2, y2 in boxes)
    sure = HandObjectBoxes(detection_model, "cpu", {"face": "face"}, threshold=1.0).detect(clip, pose)
    assert all(frame.face is None for frame in sure)
    with pytest.raises(ValueError, match="knows no label paw: it has face, hand, object"):
        HandObjectBoxes(detection_model, "cpu", {"paw": "hand"})


def test_hands_go_to_their_wrists() -> None:
    left_wrist, right_wrist = np.array([80.0, 50]), np.array([20.0, 50])
    near_left, near_right = [75.0, 45, 95, 60], [10.0, 40, 30, 60]
    assert sides([near_right, near_left], left_wrist, right_wrist) == (near_left, near_right)
    assert sides([near_right], left_wrist, right_wrist) == (None, near_right)
    assert sides([], left_wrist, right_wrist) == (None, None)


def test_qwen_edits_at_the_picture_s_own_size(clip: Frames, qwen: Path) -> None:
    nothing_HW = np.zeros(clip.shape[1:3], np.bool_)
    editor = QwenImageEdit(qwen, "cpu", steps=1, guidance=1.0)
    person = editor.person(clip[0], nothing_HW)
    assert person.shape == clip[0].shape
    assert np.array_equal(person, editor.person(clip[0], nothing_HW)), "the seed decides"
    assert not np.array_equal(person, editor.product(clip[0], nothing_HW)), "the prompt matters"


def test_a_picture_s_placeholder_is_repeated_once_a_patch(qwen: Path) -> None:
    pipeline = QwenImageEdit(qwen, "cpu").pipeline
    processor = pipeline.processor
    assert isinstance(processor, PictureProcessor)
    inputs = processor(
        text=["see <|image_pad|> it"], images=torch.rand(1, 3, 56, 28), padding=True, return_tensors="pt"
    )
    pad = processor.tokenizer.convert_tokens_to_ids("<|image_pad|>")
    grid = inputs["image_grid_thw"][0]
    assert int((inputs["input_ids"] == pad).sum()) == int(grid.prod()) // 4
    assert len(inputs["pixel_values"]) == int(grid.prod())
