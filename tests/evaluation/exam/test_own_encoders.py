"""An artifact with other encoders than the data set's gets held-out clips encoded by its own."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from evaluation.exam.fit_hand_locator import through_codec
from evaluation.exam.held_out import EvaluationClip
from evaluation.exam.own_encoders import encode_for
from evaluation.measuring.clip import MeasuredClip
from evaluation.metrics.psnr import psnr_db
from foundation.clip_format import ClipFormat
from model.conditioning.audio_encoders.log_mel import LogMelAudio
from model.conditioning.latent_codecs.linear import fit_linear_codec
from model.conditioning.pixels import to_pixels
from model.conditioning.text_encoders.hashed_words import HashedWords
from model.contracts import EncodedBatch

CHANNELS = 48


@pytest.fixture
def artifact(clips: list[EvaluationClip]) -> Any:
    """What of a loaded artifact encodes clips: real encoders, the codec fitted on these very clips."""
    codec = fit_linear_codec(lambda: [("rgb", to_pixels(clip.frames())) for clip in clips], CHANNELS).codec
    return SimpleNamespace(
        folder=Path("runs/export-x/rgb_artifact"),
        manifest=SimpleNamespace(encoders_digest="its own"),
        encoding=SimpleNamespace(hoi_prompt="structure:"),
        clip=ClipFormat(frames=9, frames_per_second=25, height=48, width=32, motion_frames=0),
        codec=codec,
        text=HashedWords(8, 12),
        audio=LogMelAudio(6),
    )


def _batch(encoders_digest: str) -> EncodedBatch:
    return EncodedBatch(
        batch="h", folder="f", clips=3, digest="d", prepared_digest="p", encoders_digest=encoders_digest
    )


def test_the_same_encoders_encode_nothing_again(artifact: Any, clips: list[EvaluationClip]) -> None:
    assert encode_for(artifact, clips, [_batch("its own")]) == clips


def test_other_encoders_are_replaced_by_its_own(artifact: Any, clips: list[EvaluationClip]) -> None:
    encoded = encode_for(artifact, clips, [_batch("the data set's")])
    for clip, before in zip(encoded, clips, strict=True):
        assert clip.fields.keys() == before.fields.keys()
        assert psnr_db(MeasuredClip("a", truth=clip.frames()), through_codec(clip, artifact.codec).numpy()) > 25
        assert torch.equal(clip.fields["text_LD"], artifact.text.encode([clip.record.prompt])[0])
        assert clip.fields["audio_KAS"].shape == (1, 6, 8)


def test_clips_of_another_format_are_refused_with_the_way_out(artifact: Any, clips: list[EvaluationClip]) -> None:
    taller = replace(clips[0], record=clips[0].record.model_copy(update={"height": 64}))
    with pytest.raises(ValueError, match=r"clip clip_0 is 9 frames of 64x32, .*tracking\.registered_model=NAME"):
        encode_for(artifact, [taller], [_batch("the data set's")])
