"""The clips of an evaluation: their encoded conditions beside their prepared media.

Shape legend: C latent channels, T frames (4k + 1 pixel frames or k latent ones), h w latent size, H W pixels,
L text tokens, D text width, K audio layers, A audio width, S audio steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.clips.manifest import read_manifest
from data.contracts import ClipRecord
from evaluation.contracts import Exam
from evaluation.measuring.clip import Frames
from foundation.pictures import read_image
from foundation.sound import read_audio
from foundation.video_reading import read_video
from model.contracts import EncodedBatch
from model.encoding.encoded_clips import EncodedClips
from model.network.streams import Conditions


@dataclass(frozen=True)
class EvaluationClip:
    """One clip: the conditions that a model is given, and the true clip."""

    record: ClipRecord
    folder: Path  # of the prepared batch
    fields: dict[str, Tensor]  # as in model.encoding.encoded_clips, fp32 (regions_N: uint8)

    @property
    def clip_id(self) -> str:
        return self.record.clip_id

    def frames(self) -> Frames:
        """The true clip, uint8 [T,H,W,3]."""
        return read_video(self.folder / self.record.video)[0]

    def person(self) -> Frames:
        """The person reference, uint8 [H,W,3]."""
        return _picture(self.folder / self.record.person_image)

    def product(self) -> Frames | None:
        """The product reference, uint8 [H,W,3]; None where the clip has none."""
        return _picture(self.folder / self.record.product_image) if self.record.product_image else None

    def sound(self) -> tuple[NDArray[np.float32], int]:
        """Samples [S] in -1..1, and the sample rate in Hz."""
        return read_audio(self.folder / self.record.audio)


def read_clips(batches: Sequence[EncodedBatch], exam: Exam | None = None) -> list[EvaluationClip]:
    """The clips of an exam from these batches in their order (all of them where None).

    Raises:
        ValueError: there are fewer, two share an id, or a batch's prepared clips are not there.
    """
    clips = [clip for batch in batches for clip in _clips_of(batch)]
    ids = [clip.clip_id for clip in clips]
    if len(set(ids)) < len(ids):
        raise ValueError(f"two clips of the batches {[batch.batch for batch in batches]} share an id: rename one")
    if exam is None:
        return clips
    end = exam.first + exam.clips
    if len(clips) < end:
        raise ValueError(
            f"the {exam.name} exam ends with clip {end} (evaluation.held_out_clips, evaluation.sealed_clips), the "
            f"held-out batches have {len(clips)}: deliver more or ask for fewer"
        )
    return clips[exam.first : end]


def conditions_of(clips: Sequence[EvaluationClip]) -> Conditions:
    """The network's conditions for these clips, as one batch of fp32 tensors.

    Raises:
        ValueError: some of the clips have an input (product, motion, pose) that others lack.
    """
    rgb_BCThw = _stacked(clips, "rgb_CThw")
    text_BLD, audio_BKAS = _stacked(clips, "text_LD"), _stacked(clips, "audio_KAS")
    assert rgb_BCThw is not None
    assert text_BLD is not None
    assert audio_BKAS is not None
    return Conditions(
        text_BLD=text_BLD,
        person_BC1hw=rgb_BCThw[:, :, :1],
        audio_BKAS=audio_BKAS,
        hoi_text_BLD=_stacked(clips, "hoi_text_LD"),
        product_BC1hw=_stacked(clips, "product_C1hw"),
        motion_BCFhw=_stacked(clips, "motion_CFhw"),
        pose_BCThw=_stacked(clips, "pose_CThw"),
    )


def target_latents(clip: EvaluationClip) -> Tensor:
    """The clean RGB latents [C,T,h,w] that the network denoises, the reference frame left out."""
    after_motion = clip.fields.get("rgb_after_motion_CThw")
    return after_motion if after_motion is not None else clip.fields["rgb_CThw"][:, 1:]


def _clips_of(batch: EncodedBatch) -> list[EvaluationClip]:
    encoded = EncodedClips(Path(batch.folder))
    prepared = Path(batch.folder).parents[1] / "prepared" / batch.batch
    records = {record.clip_id: record for record in read_manifest(prepared)}
    missing = [clip_id for clip_id in encoded.ids if clip_id not in records]
    if missing:
        raise ValueError(f"{prepared} lacks clip {missing[0]} that {batch.folder} has: prepare and encode it again")
    return [EvaluationClip(records[clip_id], prepared, _load(encoded, clip_id)) for clip_id in encoded.ids]


def _load(encoded: EncodedClips, clip_id: str) -> dict[str, Tensor]:
    fields = encoded.load(clip_id)
    return {name: value.float() if value.is_floating_point() else value for name, value in fields.items()}


def _stacked(clips: Sequence[EvaluationClip], field: str) -> Tensor | None:
    tensors = [clip.fields[field] for clip in clips if field in clip.fields]
    if tensors and len(tensors) < len(clips):
        lacking = next(clip.clip_id for clip in clips if field not in clip.fields)
        raise ValueError(
            f"clip {lacking} has no {field}, other held-out clips have: add it, or evaluate on batches of one kind"
        )
    return torch.stack(tensors) if tensors else None


def _picture(file: Path) -> Frames:
    return read_image(file)[0]
