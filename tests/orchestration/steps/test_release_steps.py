"""From a report to the champion, with a really exported artifact: what passes reigns, what does not is written down."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evaluation.contracts import Amount, Decision, EvaluationReport
from foundation.digests import folder_digest
from model.contracts import RgbArtifact, TrainingSet
from orchestration.registry.contracts import Champion, RegisteredCandidate
from orchestration.registry.registration import register
from orchestration.registry.succession import Succession
from orchestration.steps import release_steps
from orchestration.steps.step import StepContext
from tests.receipts import left, set_steps
from tests.sealed_exam import leave_sealed

TRAINING_SET = TrainingSet(
    train=(), held_out=(), train_digest="t", held_out_digest="h", digest="d", overlap_allowed=False
)
Variant = Callable[[int, float], tuple[RgbArtifact, EvaluationReport]]


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
    made = variant(4, 20.0)
    decision, champion, _ = release(with_gate(work, automatic=False), made)
    assert (decision.passed, champion.changed, champion.version) == (True, False, None)
    assert champion.message == "version 1 passed and waits: `graspline approve 1 --reason WHY`"
    seen = Succession(work.config.tracking).look()
    assert [(entry.action, entry.version, entry.champion) for entry in seen.waiting()] == [("pass", "1", None)]
    release(with_gate(work, automatic=False), made)
    assert len(Succession(work.config.tracking).look().entries) == 1, "it waits, and is written down once"


def test_swapped_bytes_are_never_promoted(work: StepContext, variant: Variant) -> None:
    """Even where the artifact's own manifest was rewritten with them."""
    made = variant(4, 20.0)
    succession = Succession(work.config.tracking)
    candidate = register(succession.models, *made)
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
    assert Succession(work.config.tracking).look().entries == ()


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
    champions = min(Path().rglob("artifacts/receipts/*.json"), key=lambda file: file.stat().st_mtime)
    champions.write_text(champions.read_text().replace('"value": 20.0', '"value": 2.0'))
    with pytest.raises(
        ValueError, match=r"receipts/\w+\.json of version 1 was changed after it was written: run again"
    ):
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


def test_a_model_below_a_floor_is_refused_beside_a_champion(work: StepContext, variant: Variant) -> None:
    """The sealed exam is not held for it, so its decision knows of no champion."""
    release(work, variant(4, 20.0))
    decision, champion, _ = release(work, variant(5, 5.0))
    assert (decision.passed, decision.champion_digest, champion.changed, champion.version) == (False, None, False, "1")
    entries = Succession(work.config.tracking).look().entries
    assert [(entry.action, entry.version, entry.verdict) for entry in entries] == [
        ("promote", "1", True),
        ("refuse", "2", False),
    ]
    assert None not in entries[0].evidence.model_dump().values(), "what it rests on is on record"
