"""From a video to its clips and from a clip to its videos, over a real registry; and what is not known is said."""

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from foundation.run_folder import RunFolder
from foundation.video_writing import write_video
from model.contracts import EncodedBatch, RgbArtifact, TrackingConfig, TrainingSet
from orchestration.commands.trace import lines_of, traced
from orchestration.registry.registration import register
from orchestration.registry.succession import Succession
from orchestration.registry.trained_on import FOLDER, remember_training_set
from orchestration.steps.retraining import begin_retraining
from orchestration.steps.run_step import ORIGIN
from orchestration.tracing.contracts import TracedModel, TracedOn, TracedVideo
from orchestration.tracing.picture import picture_of
from tests.orchestration.conftest import MakeArtifact, MakeReport
from tests.receipts import stage_receipt

CLIPS = {"0000": ("ada", "mug"), "0001": ("ben", "cup")}


@pytest.fixture
def batch(project: Path) -> EncodedBatch:
    """A prepared and encoded batch with two clips, as far as a trace reads it."""
    prepared, encoded = Path("datasets/prepared/march"), Path("datasets/encoded/march")
    for folder in (prepared, encoded):
        folder.mkdir(parents=True)
    ids = {clip: {"person_id": person, "product_id": product} for clip, (person, product) in CLIPS.items()}
    (encoded / "index.json").write_text(json.dumps({"clips": ids}))
    rights = {"licence": "CC-BY-4.0", "consent_date": "2026-03-01"}
    (prepared / "manifest.jsonl").write_text("".join(json.dumps({"clip_id": clip, **rights}) + "\n" for clip in CLIPS))
    digests = {"digest": "encoded so", "prepared_digest": "prepared so", "encoders_digest": "e"}
    return EncodedBatch(batch="march", folder=str(encoded), clips=2, **digests)


@pytest.fixture
def registered(
    tracking: TrackingConfig, batch: EncodedBatch, make_artifact: MakeArtifact, make_report: MakeReport
) -> RgbArtifact:
    """Version 1: its stage two's run is here with all that it says, its stage one's is gone."""
    artifact = make_artifact("w")
    register(Succession(tracking).models, artifact, make_report(artifact))
    remember_training_set("t", [batch])
    run = RunFolder(Path("runs/stage_two-1"))
    clips = TrainingSet(
        train=(batch,), held_out=(), train_digest="t", held_out_digest="h", digest="d", overlap_allowed=False
    )
    run.write_request({}, {"training_set": clips.model_dump(mode="json")})
    retraining = begin_retraining(["experiment=smoke"])
    (run.path / ORIGIN).write_text(retraining.model_copy(update={"commit": "c0ffee", "clean": True}).model_dump_json())
    weights = artifact.training[-1].weights_sha256
    run.finish(stage_receipt(stage="stage_two", weights_sha256=weights, run=str(run.path)).model_dump(mode="json"))
    return artifact


@pytest.fixture
def video(registered: RgbArtifact) -> Path:
    """A video of that version."""
    file = Path("videos/shows_it.mp4")
    about = {"registered_model": "graspline-rgb", "version": "1", "artifact_digest": registered.digest, "seed": 3}
    write_video(file, np.zeros((4, 16, 16, 3), np.uint8), 25, about=about)
    return file


def test_a_video_leads_back_to_the_consent_of_its_clips(video: Path, tracking: TrackingConfig) -> None:
    trace = traced(tracking, str(video), Path.cwd())
    assert isinstance(trace, TracedVideo)
    assert trace.says["seed"] == 3
    one, two = trace.model.stages
    assert (one.run, two.run) == (None, "runs/stage_two-1")
    assert two.retraining
    assert (two.retraining["commit"], two.retraining["overrides"]) == ("c0ffee", ["experiment=smoke"])
    assert [batch.encoded_digest for batch in trace.model.batches] == ["encoded so"]
    told = "\n".join(lines_of(trace))
    assert "graspline-rgb version 1 (challenger)" in told
    assert "march/0000: person ada, product mug, CC-BY-4.0, consent 2026-03-01" in told
    assert "stage_one: 1 steps, seed 0, weights one\n  run folder is not here any more" in told
    assert json.loads(trace.model_dump_json())["model"]["clips"][1]["person"] == "ben"


@pytest.mark.parametrize(("what", "clips"), [("march/0001", ["march/0001"]), ("ben", ["march/0001"])])
def test_a_clip_or_person_leads_on_to_its_models_and_videos(
    video: Path, tracking: TrackingConfig, what: str, clips: list[str]
) -> None:
    trace = traced(tracking, what, Path.cwd())
    assert isinstance(trace, TracedOn)
    (model,) = trace.models
    assert (model.version, model.clips, model.videos) == ("1", clips, ["videos/shows_it.mp4"])
    assert f"{what}: 1 clips were trained on" in "\n".join(lines_of(trace))


def test_a_version_whose_training_set_is_not_known_may_have_learnt_from_it(
    registered: RgbArtifact, batch: EncodedBatch, tracking: TrackingConfig
) -> None:
    remember_training_set("of another model", [batch])
    (FOLDER / "t.json").unlink()
    trace = traced(tracking, "ada", Path.cwd())
    assert isinstance(trace, TracedOn)
    assert (trace.models, trace.unknown) == ([], ["1"])
    model = traced(tracking, "challenger", Path.cwd())
    assert isinstance(model, TracedModel)
    assert model.clips is None


def test_what_is_not_known_is_said(video: Path, registered: RgbArtifact, tracking: TrackingConfig) -> None:
    with pytest.raises(ValueError, match="zoe is no video file, no registered version, and no clip"):
        traced(tracking, "zoe", Path.cwd())
    silent, strange = Path("silent.mp4"), Path("strange.mp4")
    write_video(silent, np.zeros((4, 16, 16, 3), np.uint8), 25)
    with pytest.raises(ValueError, match=r"silent\.mp4 does not say what made it"):
        traced(tracking, str(silent), Path.cwd())
    write_video(strange, np.zeros((4, 16, 16, 3), np.uint8), 25, about={"artifact_digest": "f" * 64})
    with pytest.raises(ValueError, match=r"was made by artifact ffffffffffff .* does not know: name its registry"):
        traced(tracking, str(strange), Path.cwd())
    silent.write_text("no video")
    with pytest.raises(ValueError, match=r"silent\.mp4 cannot be read as a video"):
        traced(tracking, str(silent), Path.cwd())


@pytest.mark.parametrize("what", ["videos/shows_it.mp4", "1", "ada"])
def test_the_picture_is_an_svg_that_names_it_all(video: Path, tracking: TrackingConfig, what: str) -> None:
    drawn = picture_of(traced(tracking, what, Path.cwd()))
    texts = [element.text or "" for element in ElementTree.fromstring(drawn).iter() if element.tag.endswith("text")]
    assert any("march/0000: ada, CC-BY-4.0, consent 2026-03-01" in text for text in texts)
    assert any("version 1 (challenger)" in text for text in texts)
