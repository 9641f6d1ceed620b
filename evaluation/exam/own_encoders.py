"""Held-out clips, encoded by an artifact's own encoders.

Held-out clips are stored as the data set's encoders encode them. An artifact ships its own encoders, and they are the
same until the codec is fitted anew or another text encoder is chosen. From then on a champion that is evaluated on the
new data set gets its conditions from the encoders it was trained with: others would give it latents it never saw.
"""

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from evaluation.exam.held_out import EvaluationClip
from foundation.clip_format import ClipFormat
from model.artifact.rgb_artifact import LoadedArtifact
from model.contracts import EncodedBatch
from model.encoding.clip_parts import ClipEncoders, encode_part
from model.encoding.prepared_clip import PreparedClip


def encode_for(
    artifact: LoadedArtifact, clips: Sequence[EvaluationClip], batches: Sequence[EncodedBatch]
) -> list[EvaluationClip]:
    """The clips of these batches, encoded once more where the artifact's encoders are not the batches'.

    Raises:
        ValueError: the artifact generates clips of another format than the held-out ones.
    """
    if all(batch.encoders_digest == artifact.manifest.encoders_digest for batch in batches):
        return list(clips)
    encoders = ClipEncoders(artifact.codec, artifact.text, artifact.audio, artifact.encoding.hoi_prompt)
    return [_encoded(clip, encoders, artifact) for clip in clips]


def _encoded(clip: EvaluationClip, encoders: ClipEncoders, artifact: LoadedArtifact) -> EvaluationClip:
    record, shape = clip.record, artifact.clip
    stored = (record.frames, record.frames_per_second, record.height, record.width)
    if stored != (shape.frames, shape.frames_per_second, shape.height, shape.width):
        raise ValueError(
            f"clip {clip.clip_id} is {record.frames} frames of {record.height}x{record.width}, {artifact.folder} "
            f"generates {shape.frames} of {shape.height}x{shape.width}: a model of another format has a "
            "champion of its own, set tracking.registered_model=NAME"
        )
    media = PreparedClip(clip.folder, record, ClipFormat.model_validate(shape.model_dump()))
    fields: dict[str, Tensor] = {}
    for part in _parts(clip):
        fields |= encode_part(part, media, encoders)
    return replace(clip, fields=fields)


def _parts(clip: EvaluationClip) -> list[str]:
    record = clip.record
    optional = {"product": record.product_image, "pose": record.pose_video, "motion": record.motion_video}
    return ["rgb", "hoi", "text", "hoi_text", "audio", "regions", *(part for part, file in optional.items() if file)]
