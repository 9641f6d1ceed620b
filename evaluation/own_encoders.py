"""The exam's clips as an artifact's own encoders see them.

Held-out clips are encoded with the data set's encoders. An artifact ships its own, and they are the same until the
codec is fitted anew or another text encoder is chosen. From then on a champion that sits a new exam is told the clips
in the latents and words it was trained on; else it would be asked in a foreign tongue.
"""

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from evaluation.held_out import ExamClip
from foundation.clip_format import ClipFormat
from model.artifact.rgb_artifact import LoadedArtifact
from model.contracts import EncodedBatch
from model.encoding.clip_parts import ClipEncoders, encode_part
from model.encoding.prepared_clip import PreparedClip


def as_told_to(artifact: LoadedArtifact, clips: Sequence[ExamClip], batches: Sequence[EncodedBatch]) -> list[ExamClip]:
    """The clips of these batches, encoded once more where the artifact's encoders are not the batches'.

    Raises:
        ValueError: the artifact makes clips of another format than the exam's.
    """
    if all(batch.encoders_digest == artifact.manifest.encoders_digest for batch in batches):
        return list(clips)
    encoders = ClipEncoders(artifact.codec, artifact.text, artifact.audio, artifact.encoding.hoi_prompt)
    return [_encoded(clip, encoders, artifact) for clip in clips]


def _encoded(clip: ExamClip, encoders: ClipEncoders, artifact: LoadedArtifact) -> ExamClip:
    record, shape = clip.record, artifact.clip
    found = (record.frames, record.frames_per_second, record.height, record.width)
    if found != (shape.frames, shape.frames_per_second, shape.height, shape.width):
        raise ValueError(
            f"clip {clip.clip_id} is {record.frames} frames of {record.height}x{record.width}, {artifact.folder} makes "
            f"{shape.frames} of {shape.height}x{shape.width}: a model of another format has a champion of its own, set "
            "tracking.registered_model=NAME"
        )
    media = PreparedClip(clip.folder, record, ClipFormat.model_validate(shape.model_dump()))
    fields: dict[str, Tensor] = {}
    for part in _parts(clip):
        fields |= encode_part(part, media, encoders)
    return replace(clip, fields=fields)


def _parts(clip: ExamClip) -> list[str]:
    given = {
        "product": clip.record.product_image,
        "pose": clip.record.pose_video,
        "motion": clip.record.motion_video,
    }
    return ["rgb", "hoi", "text", "hoi_text", "audio", "regions", *(part for part, media in given.items() if media)]
