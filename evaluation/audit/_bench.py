"""From what is audited to the bench of the audits of damage and cheats."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from evaluation.audit._cheating import Library, Trained
from evaluation.audit._judged import Bench, Videos
from evaluation.exam.fit_hand_locator import fit_hand_locator, through_codec
from evaluation.exam.fit_recognisers import exact_of, fit_recognisers
from evaluation.exam.hand_locator import HandsOf
from evaluation.exam.held_out import EvaluationClip, read_clips
from evaluation.exam.known_clips import measured_clip
from evaluation.exam.own_encoders import encode_for
from evaluation.judge_audit import Audited
from evaluation.measuring.clip import given
from model.artifact.rgb_artifact import LoadedArtifact, load_artifact

TRAINING_CLIPS = 96  # that cheats look up in


def bench_of(audited: Audited) -> tuple[Bench, list[Videos]]:
    """The exam's clips with all that judges them, and two bases: true clips through the codec, and the model's own.

    Raises:
        ValueError: the clips are not the studio's, of which every pixel is known.
    """
    artifact, clips, config = _artifact(audited), _clips(audited), audited.evaluation
    motion, train = artifact.clip.motion_frames, read_clips(audited.training_set.train[:1])
    recognisers = fit_recognisers(train, artifact.codec, motion, config.locator_steps, config.seed)
    known = [exact_of(clip, motion) for clip in clips]
    if recognisers is None or None in known:
        raise ValueError("the audit plants damage where the studio knows every pixel: audit a model of studio clips")
    locator = fit_hand_locator(train, artifact.codec, config.locator_steps, config.seed)
    measured = [
        measured_clip(clip, locator and HandsOf(locator), None, (recognisers, exact))
        for clip, exact in zip(clips, known, strict=True)
    ]
    still = {clip.clip_id: np.repeat(given(clip.person)[None], len(given(clip.truth)), axis=0) for clip in measured}
    bases: list[Videos] = [
        {clip.clip_id: through_codec(clip, artifact.codec).numpy() for clip in clips},
        load_file(Path(audited.samples.folder) / "true.safetensors"),
    ]
    return Bench(measured, audited.gate, audited.report, still), bases


def library_of(audited: Audited) -> Library:
    """Training clips for cheats to look up in."""
    motion = _artifact(audited).clip.motion_frames
    trained: list[Trained] = []
    for clip in read_clips(audited.training_set.train[:1])[:TRAINING_CLIPS]:
        if exact := exact_of(clip, motion):
            trained.append(Trained(clip.record.prompt, clip.frames(), clip.person(), exact))
    return Library(trained, len(trained[0].frames_THW3))


def prompts_of(audited: Audited) -> list[str]:
    """The prompts of the exam's clips."""
    return [clip.record.prompt for clip in _clips(audited)]


def _clips(audited: Audited) -> Sequence[EvaluationClip]:
    held_out = audited.training_set.held_out
    return encode_for(_artifact(audited), read_clips(held_out, audited.samples.exam), held_out)


def _artifact(audited: Audited) -> LoadedArtifact:
    return load_artifact(Path(audited.artifact.folder))
