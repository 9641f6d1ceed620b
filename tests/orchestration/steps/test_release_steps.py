"""From a report to the champion, with a really exported artifact: what passes reigns, what does not is written down."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
import torch
from pydantic import BaseModel
from safetensors.torch import save_file

from evaluation.contracts import Amount, Decision, EvaluationReport
from foundation.digests import file_sha256, folder_digest
from model.conditioning.latent_codecs.linear import fit_linear_codec
from model.contracts import Encoders, RgbArtifact, TrackingConfig, TrainedStage, TrainingSet
from model.network.dual_stream_transformer import DualStreamTransformer
from orchestration.configuration.load_config import PipelineConfig, load_config
from orchestration.registry.contracts import Champion, RegisteredCandidate
from orchestration.registry.succession import Succession
from orchestration.steps import model_steps, release_steps
from orchestration.steps.run_step import run_of
from orchestration.steps.step import StepContext
from tests.receipts import stage_two_receipt
from tests.sealed_exam import leave_sealed

SMALL = ["network.dim=48", "network.ffn_dim=64", "network.layers=2", "network.heads=2", "network.frequency_dim=16"]
SHAPES = [*SMALL, "network.audio_injection_layers=[0]", "network.expert_dim=8"]
GATE = [
    "gate.rules=[{metric: psnr_db, floor: 10, margin: {size: 1, kind: units}}]",
    "gate.improvements=[{metric: psnr_db, useful: {size: 0.1, kind: units}, sought: {size: 1, kind: units}}]",
]
TRAINING_SET = TrainingSet(
    train=(), held_out=(), train_digest="t", held_out_digest="h", digest="d", overlap_allowed=False
)
Receipt = TypeVar("Receipt", bound=BaseModel)
Variant = Callable[[int, float], tuple[RgbArtifact, EvaluationReport]]


@pytest.fixture(scope="module")
def config() -> PipelineConfig:
    return load_config([*SHAPES, *GATE])


def left(receipt: Receipt) -> Receipt:
    """The receipt, as the last thing that its run left."""
    run = run_of(receipt)
    assert run is not None
    run.finish(receipt.model_dump(mode="json"))
    return receipt


def stage_two(folder: Path, config: PipelineConfig) -> TrainedStage:
    """Random weights of both streams, as if a run had trained them."""
    torch.manual_seed(0)
    dual = DualStreamTransformer(config.network, config.recipe, streams="dual")
    file = folder / "stage_two.safetensors"
    save_file({name: 0.1 * torch.randn_like(value) + value for name, value in dual.state_dict().items()}, file)
    Path("runs/x").mkdir(parents=True)
    return left(stage_two_receipt(file))


def fitted_encoders(folder: Path, config: PipelineConfig) -> Encoders:
    """A codec fitted on noise."""
    folder.mkdir()
    video = torch.rand(1, 3, 9, 96, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    channels = config.encoding.latent_codec.channels
    fit_linear_codec(lambda: [("rgb", video)], channels).codec.save(folder / "latent_codec.safetensors")
    (folder / "encoders.json").write_text(json.dumps({"weights_sha256": {}}))
    text = config.encoding.text_encoder
    save_file({"text_LD": torch.zeros(text.tokens, text.dim)}, folder / "empty_text.safetensors")
    return Encoders(folder=str(folder), digest=folder_digest(folder), captions={})


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, config: PipelineConfig) -> RgbArtifact:
    """One artifact through the step that makes it; a second order finds it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder := tmp_path_factory.mktemp("exported"))
        patch.setenv("OMP_NUM_THREADS", "1")
        work = StepContext(config, log=lambda _line: None)
        parents = stage_two(folder, config), fitted_encoders(folder / "encoders", config), TRAINING_SET
        made, again = (model_steps.rgb_artifact(work, *parents) for _ in range(2))
        assert (made.reused, again.reused) == (False, True)
        assert made.receipt == again.receipt
        assert isinstance(made.receipt, RgbArtifact)
        return made.receipt.model_copy(update={"folder": str(folder / made.receipt.folder)})


@pytest.fixture
def variant(project: Path, exported: RgbArtifact, make_report: Callable[..., EvaluationReport]) -> Variant:
    """Another model: the artifact with another number of sampling steps, whole in itself, and its report."""

    def make(steps: int, psnr_db: float) -> tuple[RgbArtifact, EvaluationReport]:
        folder = Path(f"runs/export-{steps}/rgb_artifact")
        shutil.copytree(exported.folder, folder)
        set_steps(folder, steps)
        artifact = left(exported.model_copy(update={"folder": str(folder), "digest": folder_digest(folder)}))
        return artifact, make_report(artifact, psnr_db=psnr_db)

    return make


def set_steps(folder: Path, steps: int) -> None:
    """Change an artifact so that its own manifest still fits."""
    sampling, manifest = (json.loads((folder / f"{name}.json").read_text()) for name in ("sampling", "manifest"))
    (folder / "sampling.json").write_text(json.dumps({**sampling, "steps": steps}))
    manifest["files"]["sampling.json"] = file_sha256(folder / "sampling.json")
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture
def work(config: PipelineConfig, tracking: TrackingConfig) -> StepContext:
    return StepContext(config.model_copy(update={"tracking": tracking}), log=lambda _line: None)


def release(
    work: StepContext,
    made: tuple[RgbArtifact, EvaluationReport],
    champion: tuple[RgbArtifact, EvaluationReport] | None = None,
    on_sealed: tuple[float, float] = (20.0, 20.0),
) -> tuple[Decision, Champion, bool]:
    """The last three assets of the line; whether all three found nothing to do.

    Args:
        work: the configuration.
        made: the candidate.
        champion: who reigns.
        on_sealed: what the candidate and the champion get on the sealed exam.
    """
    for evaluated, psnr_db in zip((made, champion), on_sealed, strict=True):
        if evaluated is not None:
            leave_sealed(work.config, TRAINING_SET, made[0], evaluated, psnr_db)
    registered = release_steps.registered_candidate(work, *made)
    assert isinstance(registered.receipt, RegisteredCandidate)
    decided = release_steps.promotion_decision(work, registered.receipt, TRAINING_SET)
    assert isinstance(decided.receipt, Decision)
    reigns = release_steps.champion(work, decided.receipt, registered.receipt)
    assert isinstance(reigns.receipt, Champion)
    return decided.receipt, reigns.receipt, registered.reused and decided.reused and reigns.reused


def with_gate(work: StepContext, **values: object) -> StepContext:
    """The same work under other rules."""
    gate = work.config.gate.model_copy(update=values)
    return replace(work, config=work.config.model_copy(update={"gate": gate}))


def test_the_line_promotes_once_and_refuses_what_is_worse(work: StepContext, variant: Variant) -> None:
    good, worse = variant(4, 20.0), variant(5, 15.0)
    decision, champion, reused = release(work, good)
    assert (decision.passed, champion.changed, champion.version, reused) == (True, True, "1", False)
    decision, champion, reused = release(work, good)
    assert (decision.passed, champion.changed, champion.version, reused) == (True, False, "1", True)
    assert [reason.message for reason in decision.reasons] == ["version 1 is champion already"]
    decision, champion, _ = release(work, worse, good, (15.0, 20.0))
    assert (decision.passed, champion.changed, champion.version) == (False, False, "1")
    assert "psnr_db is 15, the champion's 20 on the same clips: 5 dB worse" in champion.message
    assert "that it is worse by 1 dB is not excluded" in champion.message
    succession = Succession(work.config.tracking)
    assert [line.action for line in succession.ledger.entries()] == ["promote", "refuse"]
    release(work, worse, good, (15.0, 20.0))
    assert len(succession.ledger.entries()) == 2, "one refusal is written down once"
    rules = [rule.model_copy(update={"margin": Amount(size=10.0, kind="units")}) for rule in work.config.gate.rules]
    lenient = with_gate(work, rules=rules, improvements=[])
    decision, champion, _ = release(lenient, worse, good, (15.0, 20.0))
    assert (decision.passed, champion.changed, champion.version) == (True, True, "2"), "the rules changed"


def test_a_passing_model_waits_where_a_person_approves(work: StepContext, variant: Variant) -> None:
    decision, champion, _ = release(with_gate(work, automatic=False), variant(4, 20.0))
    assert (decision.passed, champion.changed, champion.version) == (True, False, None)
    assert champion.message == "version 1 passed and waits: `graspline promote 1`"
    assert Succession(work.config.tracking).ledger.entries() == []


def test_swapped_bytes_are_never_promoted(work: StepContext, variant: Variant) -> None:
    """Even where the artifact's own manifest was rewritten with them."""
    made = variant(4, 20.0)
    succession = Succession(work.config.tracking)
    candidate = succession.models.register(*made)
    set_steps(succession.models.folder(candidate.version), 1)
    with pytest.raises(ValueError, match=r"version 1 is not what was exported: .* changed since it was registered"):
        release(work, made)
    assert succession.ledger.entries() == []
    assert "champion" not in succession.models.aliases()


def test_an_artifact_that_was_trained_in_another_way_than_its_receipt_says_is_refused(variant: Variant) -> None:
    artifact, _ = variant(4, 20.0)
    release_steps.assert_trained_as_its_receipt_says(artifact)
    one, two = artifact.training
    other = artifact.model_copy(update={"training": (one, two.model_copy(update={"seed": 9}))})
    with pytest.raises(ValueError, match="was trained in another way than its receipt says: export it again"):
        release_steps.assert_trained_as_its_receipt_says(other)


def test_an_artifact_that_does_not_load_is_never_promoted(work: StepContext, variant: Variant) -> None:
    """Its digest is the registered one: it was broken before it was registered."""
    artifact, report = variant(4, 20.0)
    (Path(artifact.folder) / "model.safetensors").write_bytes(b"")
    broken = left(artifact.model_copy(update={"digest": folder_digest(Path(artifact.folder))}))
    about_it = left(report.model_copy(update={"artifact_digest": broken.digest}))
    with pytest.raises(
        ValueError, match=r"version 1 is not what was exported, it is not promoted: .*model\.safetensors"
    ):
        release(work, (broken, about_it))
    assert Succession(work.config.tracking).ledger.entries() == []


def test_who_was_rolled_back_returns_by_hand_only(
    work: StepContext, variant: Variant, tracking: TrackingConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_steps, "load_sections", lambda _overrides: work.config)  # the test's own registry
    succession = Succession(tracking)
    first, second = variant(4, 20.0), variant(5, 25.0)
    succession.promote(succession.models.register(*first).version, "first")
    succession.promote(succession.models.register(*second).version, "second")
    assert release_steps.roll_back("the hands shake").champion_version == "1"
    decision, champion, _ = release(work, second)
    assert (decision.passed, champion.changed, champion.version) == (False, False, "1")
    assert "was rolled back by a person: promote it by hand" in champion.message
    assert release_steps.promote_by_hand("2", "fixed the exam").champion_version == "2"
    assert succession.models.aliases() == {"champion": "2", "previous_champion": "1", "challenger": "2"}
    decision, champion, reused = release(work, second)
    assert (decision.passed, champion.version, reused) == (True, "2", True)


@pytest.mark.parametrize("name", ["result.json", "report.html", "videos/a.mp4"])
def test_an_edited_evaluation_is_never_registered(work: StepContext, variant: Variant, name: str) -> None:
    artifact, report = variant(4, 9.0)
    (Path(report.folder) / "videos/a.mp4").write_text("as measured")
    left(report)
    file = Path(report.folder) / name
    file.write_text(file.read_text().replace("9.0", "99.0") + " ")
    better = report.metrics["psnr_db"].model_copy(update={"value": 99.0})
    edited = report.model_copy(update={"metrics": {"psnr_db": better}})
    for claimed in (edited, report) if name != "result.json" else (edited,):
        with pytest.raises(ValueError, match=r"runs/evaluation-\w+"):
            release_steps.registered_candidate(work, artifact, claimed)
    assert Succession(work.config.tracking).models.versions() == []


def test_an_edited_artifact_is_never_registered(work: StepContext, variant: Variant) -> None:
    artifact, report = variant(4, 20.0)
    set_steps(Path(artifact.folder), 1)
    with pytest.raises(ValueError, match=r"manifest\.json.* changed after the run was finished: remove runs/export-4"):
        release_steps.registered_candidate(work, artifact, report)


def test_a_report_is_registered_with_its_own_artifact_only(work: StepContext, variant: Variant) -> None:
    (artifact, _), (_, better) = variant(4, 9.0), variant(5, 25.0)
    with pytest.raises(ValueError, match=r"report\.html is about artifact \w+, not about runs/export-4/rgb_artifact"):
        release_steps.registered_candidate(work, artifact, better)


def test_the_gate_reads_no_edited_report_of_either_side(work: StepContext, variant: Variant) -> None:
    release(work, variant(4, 20.0))
    registered = release_steps.registered_candidate(work, *variant(5, 15.0)).receipt
    assert isinstance(registered, RegisteredCandidate)
    page = Path(registered.report.report_html)
    numbers = page.read_text()
    page.write_text("25 dB")
    with pytest.raises(ValueError, match=r"report\.html changed after the run was finished"):
        release_steps.promotion_decision(work, registered, TRAINING_SET)
    page.write_text(numbers)
    champions = min(Path().rglob("artifacts/receipts.json"), key=lambda file: file.stat().st_mtime)
    champions.write_text(champions.read_text().replace('"value": 20.0', '"value": 2.0'))
    with pytest.raises(ValueError, match=r"receipts\.json was changed after it was written: of version 1: run again"):
        release_steps.promotion_decision(work, registered, TRAINING_SET)


def test_a_decision_promotes_nobody_else(work: StepContext, variant: Variant) -> None:
    """As where only `champion` is materialised after another candidate was registered."""
    _, worse = variant(4, 20.0), variant(5, 5.0)
    release(work, worse)
    decided = Decision(
        passed=True, reasons=[], challenger_digest="4", champion_digest=None, exam_digest="exam of march"
    )
    registered = release_steps.registered_candidate(work, *worse).receipt
    assert isinstance(registered, RegisteredCandidate)
    with pytest.raises(ValueError, match="the newest promotion decision is not about version 1 on its exam"):
        release_steps.champion(work, decided, registered)


def test_the_page_gets_its_verdict_and_stays_sealed(work: StepContext, variant: Variant) -> None:
    artifact, report = variant(4, 20.0)
    before = Path(report.report_html).read_text()
    release(work, (artifact, report))
    assert Path(report.report_html).read_text() != before
    assert release(work, (artifact, report))[2], "nothing to do, and nothing is found changed"
