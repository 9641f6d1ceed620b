"""The library's face: light to import, every example in its docstrings runs, and any folder can ask the registry."""

import doctest
import shutil
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import graspline
from evaluation.contracts import Decision, EvaluationReport, Metric, Reason
from foundation import home
from foundation.digests import folder_digest
from foundation.sound import write_audio
from model.contracts import RgbArtifact, TrainedStage
from orchestration.configuration.load_config import load_sections
from orchestration.registry.entries import Evidence
from orchestration.registry.registration import register as register_version
from orchestration.registry.succession import Succession, gate_draft

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "dagster", "mlflow", "dvc", "hydra", "numpy", "av")


@pytest.fixture
def workplace(tmp_path: Path, artifact: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the examples name, and a project without a registry elsewhere."""
    folder = tmp_path / "workplace"
    folder.mkdir()
    shutil.copytree(artifact, folder / "rgb_artifact")
    for name in ("me", "mug"):
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 70, 3), dtype=np.uint8)).save(
            f"{folder}/{name}.png"
        )
    write_audio(folder / "speech.wav", np.sin(np.arange(16_000, dtype=np.float32) / 30))
    monkeypatch.setattr(home, "ROOT", tmp_path / "project")
    home.ROOT.mkdir()
    monkeypatch.chdir(folder)
    return folder


def report_of(digest: str) -> EvaluationReport:
    return EvaluationReport(
        artifact_digest=digest,
        exam_digest="exam",
        metrics={"psnr_db": Metric(name="psnr_db", value=20.0, unit="dB", direction="higher_is_better", version=1)},
        report_html="r.html",
        contact_sheet="c.png",
        folder="e",
    )


def register(artifact: Path, stage: TrainedStage) -> None:
    """Version 1 is champion, version 2 was refused."""
    with chdir(home.ROOT):
        succession = Succession(load_sections().tracking)
        another = Path(shutil.copytree(artifact, artifact.with_name("another")))
        (another / "sampling.json").write_text("{}")
        for number, folder in enumerate((artifact, another)):
            digest = folder_digest(folder)
            receipt = RgbArtifact(
                folder=str(folder),
                digest=digest,
                stage_two_weights=stage.weights,
                stage_two_weights_sha256=stage.weights_sha256,
                training=stage.history(),
                proof={},
                parameters=1,
                conditioning_digest="c",
            )
            seen = succession.look()
            decision = Decision(
                passed=number == 0,
                reasons=[Reason(rule="r", passed=number == 0, message="worse" if number else "better")],
                challenger_digest=digest,
                champion_digest=seen.champion and seen.champion[0],
                exam_digest="exam",
            )
            candidate = register_version(succession.models, receipt, report_of(digest))
            succession.decide(gate_draft(seen, candidate, decision, Evidence(), automatic=True), seen)


def run_examples(name: str) -> int:
    """How many lines of a name's examples ran; AssertionError where one did not give what its docstring shows."""
    runner = doctest.DocTestRunner()
    for test in doctest.DocTestFinder().find(getattr(graspline, name), name, globs={}):
        runner.run(test)
    assert runner.failures == 0, name
    return runner.tries


def test_importing_it_brings_nothing_heavy() -> None:
    code = f"import sys, graspline; print([name for name in {HEAVY} if name in sys.modules])"
    output = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "[]"


def test_generating_from_a_folder_brings_neither_dagster_nor_mlflow_nor_dvc() -> None:
    code = "import sys; from graspline import Generator; print({'dagster', 'mlflow', 'dvc', 'hydra'} & {*sys.modules})"
    output = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "set()"


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        AttributeError, match="graspline has no generate; there are Generator, champion, history, score"
    ):
        graspline.generate  # noqa: B018


def test_every_example_runs(workplace: Path, artifact: Path, stage_two: TrainedStage) -> None:
    register(artifact, stage_two)
    ran = {name: run_examples(name) for name in ("Generator", "champion", "history")}
    assert ran == {"Generator": 10, "champion": 3, "history": 2}
    assert sorted(file.name for file in workplace.glob("*.mp4")) == ["out.mp4"]
    assert {file.name for file in (workplace / "videos").iterdir()} == {
        "waves.mp4",
        "waves.json",
        "waves_contact_sheet.png",
    }
    assert Path.cwd() == workplace, "asking the registry leaves the program where it was"


def test_the_champion_has_its_folder_and_since_when(workplace: Path, artifact: Path, stage_two: TrainedStage) -> None:
    register(artifact, stage_two)
    champion, entries = graspline.champion(), graspline.history()
    assert champion is not None
    assert (champion.version, champion.since, champion.digest) == ("1", entries[0].time, folder_digest(artifact))
    assert champion.folder.is_absolute()
    assert folder_digest(champion.folder) == champion.digest
    with pytest.raises(ValueError, match="the registry has no 7: versions 1, 2"):
        graspline.Generator.champion("7")


def test_before_the_first_promotion_there_is_no_champion(workplace: Path) -> None:
    assert graspline.champion() is None
    assert graspline.history() == []
    with pytest.raises(ValueError, match=r"tracking\.registered_modell"):
        graspline.history(["tracking.registered_modell=x"])


def test_generated_videos_are_scored_as_they_are(workplace: Path) -> None:
    generator = graspline.Generator("rgb_artifact")
    video = generator.generate("me.png", "speech.wav", "lifts the mug", "mug.png")
    scores = graspline.score([video.frames], truth=[video.frames[::-1].copy()])
    assert scores.per_video["psnr_db"] == [pytest.approx(scores.means["psnr_db"])]
    assert graspline.score.__doc__
