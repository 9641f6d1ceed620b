"""What a person decides, with really exported artifacts: only with proof and a reason, and it stands."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evaluation.contracts import Decision, EvaluationReport, Reason
from model.contracts import RgbArtifact
from orchestration.configuration.approval import ApprovalConfig
from orchestration.registry.entries import Entry, Evidence
from orchestration.registry.registration import register
from orchestration.registry.succession import Succession, gate_draft
from orchestration.steps.decisions import Decider
from orchestration.steps.step import StepContext

Variant = Callable[[int, float], tuple[RgbArtifact, EvaluationReport]]


def judged(work: StepContext, made: tuple[RgbArtifact, EvaluationReport], passed: bool, automatic: bool) -> Entry:
    """A registered model on which the gate has spoken, compared with the champion of now."""
    succession = Succession(work.config.tracking)
    candidate, seen = register(succession.models, *made), succession.look()
    reason = Reason(rule="psnr_db", passed=passed, message="20 dB" if passed else "psnr_db is 9 dB, 10 is required")
    decision = Decision(
        passed=passed,
        reasons=[reason],
        challenger_digest=made[0].digest,
        champion_digest=seen.champion and seen.champion[0],
        exam_digest="exam of march",
    )
    return succession.decide(gate_draft(seen, candidate, decision, Evidence(exam="e"), automatic), seen)


def as_person(work: StepContext, **approval: str) -> Decider:
    config = work.config.model_copy(update={"approval": ApprovalConfig(**approval)})
    return Decider(replace(work, config=config).config, lambda _line: None)


def test_what_waits_is_approved_and_what_was_refused_only_despite_the_gate(work: StepContext, variant: Variant) -> None:
    judged(work, variant(4, 20.0), passed=True, automatic=False)
    judged(work, variant(5, 9.0), passed=False, automatic=False)
    ada = as_person(work, actor="ada")
    with pytest.raises(ValueError, match=r"the gate refused version 2 .*psnr_db is 9 dB.*--despite-gate --reason WHY"):
        ada.promote("2", "I like it", despite_gate=False)
    with pytest.raises(ValueError, match="a decision needs a reason"):
        ada.approve("1", " ")
    entry = ada.approve("1", "looked at the page")
    assert (entry.actor, entry.known_by, entry.by, entry.verdict, entry.against_gate) == (
        "ada",
        "approval.actor",
        "person",
        True,
        False,
    )
    assert entry.evidence.exam == "e"
    assert entry.evidence.report
    assert ada.approve("1", "looked at the page") == entry, "a finished command is repeated without another line"
    over = ada.promote("2", "the exam is wrong", despite_gate=True)
    assert (over.action, over.verdict, over.against_gate, over.champion_version) == ("promote", False, True, "2")
    assert Succession(work.config.tracking).models.aliases()["champion"] == "2"


def test_a_pass_against_another_champion_is_none(work: StepContext, variant: Variant) -> None:
    judged(work, variant(4, 20.0), passed=True, automatic=False)
    judged(work, variant(5, 20.0), passed=True, automatic=True)
    with pytest.raises(ValueError, match="version 1 passed against no champion, and now version 2 is champion"):
        as_person(work).approve("1", "late")


def test_nobody_is_promoted_unseen_unproven_or_by_whom_it_is_not_allowed(work: StepContext, variant: Variant) -> None:
    judged(work, variant(4, 20.0), passed=True, automatic=False)
    roles = Path("roles.yaml")
    roles.write_text("approve: [ada]\npromote: [ada]\n")
    with pytest.raises(ValueError, match=r"eve may not approve: roles\.yaml lets ada; ask one of them"):
        as_person(work, actor="eve", roles="roles.yaml").approve("1", "mine")
    with pytest.raises(ValueError, match=r"ada may not rollback: roles\.yaml lets nobody|nothing to go back to"):
        as_person(work, actor="ada", roles="roles.yaml").rollback("back")
    with pytest.raises(ValueError, match="the registry has no 7: versions 1"):
        as_person(work).approve("7", "typo")
    succession = Succession(work.config.tracking)
    weights = succession.models.folder("1") / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    with pytest.raises(ValueError, match=r"version 1 is not what was exported: .*model\.safetensors changed"):
        as_person(work, actor="ada", roles="roles.yaml").approve("1", "looked")
    assert succession.look().champion is None


def test_a_refusal_by_hand_stands(work: StepContext, variant: Variant) -> None:
    judged(work, variant(4, 20.0), passed=True, automatic=False)
    entry = as_person(work, actor="ben").refuse("1", "the hands shake")
    assert as_person(work, actor="ben").refuse("1", "the hands shake") == entry
    ruling = Succession(work.config.tracking).look().ruled_out(entry.candidate)
    assert ruling == entry
    assert Succession(work.config.tracking).look().waiting() == []


def test_rolling_back_goes_back_as_far_as_is_said(
    work: StepContext, variant: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for steps in (4, 5, 6, 7):
        judged(work, variant(steps, 20.0), passed=True, automatic=True)
    ada, succession = as_person(work, actor="ada"), Succession(work.config.tracking)
    seen = succession.look()
    assert ada.rollback("worse at night").champion_version == "3"
    with pytest.raises(ValueError, match="champion changed meanwhile"):  # whoever looked before
        succession.ledger.append(ada._draft("rollback", seen, *2 * (seen.to_restore(),), "too"), seen)
    with monkeypatch.context() as patch:
        patch.setattr(Succession, "follow", lambda self: self.look())  # killed after the entry
        assert ada.rollback("and by day").champion_version == "2"
    assert ada.rollback("and by day").champion_version == "2", "it was finished, not taken again"
    assert succession.models.aliases()["champion"] == "2"
    assert ada.rollback("further", to="1").champion_version == "1"
    assert ada.rollback("further", to="1").sequence == 7
    with pytest.raises(ValueError, match="nothing to go back to: version 1 is the first champion"):
        ada.rollback("once more")
    assert {entry.version for entry in map(succession.look().ruled_out, digests(succession)) if entry} == {
        "3",
        "2",
        "1",
    }


def digests(succession: Succession) -> list[str]:
    return [succession.models.digest(version) for version in ("2", "3", "4")]


def test_a_rollback_verifies_the_former_champions_bytes_first(work: StepContext, variant: Variant) -> None:
    for steps in (4, 5):
        judged(work, variant(steps, 20.0), passed=True, automatic=True)
    succession = Succession(work.config.tracking)
    weights = succession.models.folder("1") / "model.safetensors"
    weights.write_bytes(b"!" + weights.read_bytes()[1:])
    with pytest.raises(ValueError, match=r"version 1 is not what was exported: .*model\.safetensors changed"):
        as_person(work).rollback("back")
    assert succession.look().champion == (succession.models.digest("2"), "2")
