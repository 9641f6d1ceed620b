"""From a clip or a person on to the models that learnt from it, and to their videos."""

from pathlib import Path

from foundation.names import normal_identity
from foundation.video_about import read_about
from model.contracts import TrackingConfig
from orchestration.registry.succession import Succession
from orchestration.registry.trained_on import known_training_sets, training_set_clips
from orchestration.tracing.back import aliases_of, said_of, traced
from orchestration.tracing.contracts import Learnt, TracedClip, TracedOn

VIDEOS = Path("videos")  # where `graspline generate` puts them


def trace_on(tracking: TrackingConfig, what: str) -> TracedOn:
    """A clip (BATCH/CLIP) or a person, by id: which registered models learnt from it.

    Raises:
        ValueError: no training set that was put together here holds such a clip or person.
    """
    held = {digest: _clips(digest, what) for digest in known_training_sets()}
    clips = {clip.clip: clip for found in held.values() for clip in found}
    if not clips:
        raise ValueError(
            f"{what} is no video file, no registered version, and no clip (BATCH/CLIP) or person of a training set "
            "that was put together here: correct it, or ask where its models were trained"
        )
    succession = Succession(tracking)
    entries, videos = succession.look().entries, _videos()
    models, unknown = list[Learnt](), list[str]()
    for version in succession.models.versions():
        artifact, _ = succession.models.release(version)
        digest = artifact.training[-1].train_digest
        if digest not in held:
            unknown.append(version)
        elif held[digest]:
            models.append(
                Learnt(
                    version=version,
                    aliases=aliases_of(succession, version),
                    reigns=said_of(entries, version),
                    train_digest=digest,
                    clips=[clip.clip for clip in held[digest]],
                    videos=videos.get(artifact.digest, []),
                )
            )
    return TracedOn(of=what, clips=list(clips.values()), models=models, unknown=unknown)


def _clips(train_digest: str, what: str) -> list[TracedClip]:
    """The clips of a training set that are meant."""
    facts = training_set_clips(train_digest) or {}
    person = normal_identity(what)
    return [traced(clip, ids) for clip, ids in facts.items() if clip == what or normal_identity(ids[0]) == person]


def _videos() -> dict[str, list[str]]:
    """Artifact digest -> its videos that lie in the project, by what they say of themselves."""
    found: dict[str, list[str]] = {}
    for video in sorted(VIDEOS.rglob("*.mp4")):
        try:
            says = read_about(video)
        except ValueError:
            continue
        if says is not None:
            found.setdefault(str(says.get("artifact_digest")), []).append(str(video))
    return found
