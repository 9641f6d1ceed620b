"""The registry on a real MLflow database: registering twice is once, the aliases follow the ledger."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluation.contracts import Decision, EvaluationReport, Reason
from foundation.digests import folder_digest
from model.contracts import RgbArtifact, TrackingConfig
from orchestration.registry.contracts import RegisteredCandidate
from orchestration.registry.ledger import Ledger
from orchestration.registry.succession import LEDGERS, Succession

Register = Callable[[str], RegisteredCandidate]


@pytest.fixture
def succession(tracking: TrackingConfig) -> Succession:
    return Succession(tracking)


@pytest.fixture
def register(
    succession: Succession,
    make_artifact: Callable[[str], RgbArtifact],
    make_report: Callable[..., EvaluationReport],
) -> Register:
    """Register new weights; versions are 1, 2, 3 ..."""

    def new(weights: str) -> RegisteredCandidate:
        artifact = make_artifact(weights)
        return succession.models.register(artifact, make_report(artifact))

    return new


def decision(succession: Succession, candidate: RegisteredCandidate, passed: bool) -> Decision:
    """What a gate says that compared with the champion of now."""
    now = succession.ledger.champion()
    return Decision(
        passed=passed,
        reasons=[Reason(rule="psnr_db floor", passed=passed, message="20 dB")],
        challenger_digest=candidate.artifact.digest,
        champion_digest=now.champion if now else None,
        exam_digest=candidate.report.exam_digest,
    )


def settle(succession: Succession, candidate: RegisteredCandidate, passed: bool) -> None:
    succession.record(candidate, decision(succession, candidate, passed), "because")


def test_the_same_artifact_twice_is_one_version(
    succession: Succession, register: Register, tracking: TrackingConfig
) -> None:
    first = register("a")
    assert succession.models.is_registered(first.artifact)
    again = Succession(tracking).models.register(first.artifact, first.report)
    assert again == first
    assert len(succession.models._versions()) == 1
    assert (
        len(
            succession.models.client.search_runs(
                [succession.models.client.get_experiment_by_name("graspline").experiment_id]
            )
        )
        == 1
    )
    assert succession.models.aliases() == {"challenger": "1"}


def test_a_version_keeps_its_bytes_numbers_and_digest(succession: Succession, register: Register) -> None:
    candidate = register("a")
    assert folder_digest(succession.models.folder(candidate.version)) == candidate.artifact.digest
    assert succession.models.client.get_run(candidate.mlflow_run_id).data.metrics == {"psnr_db": 20.0}
    tags = succession.models.client.get_model_version("graspline-rgb", "1").tags
    assert tags == {"artifact_digest": candidate.artifact.digest, "exam_digest": "exam of march"}


def test_other_weights_are_another_version_and_the_challenger(succession: Succession, register: Register) -> None:
    assert [register("a").version, register("b").version] == ["1", "2"]
    assert succession.models.aliases() == {"challenger": "2"}


def test_a_promotion_moves_the_aliases(succession: Succession, register: Register) -> None:
    a, b = register("a"), register("b")
    settle(succession, a, passed=True)
    assert succession.models.aliases() == {"champion": "1", "challenger": "2"}
    settle(succession, b, passed=True)
    assert succession.models.aliases() == {"champion": "2", "previous_champion": "1", "challenger": "2"}
    reigning = succession.champion(changed=True, message="better")
    assert (reigning.version, reigning.artifact_digest) == ("2", b.artifact.digest)
    assert Path(str(reigning.folder)).name == "rgb_artifact"


def test_a_refusal_is_written_down_and_leaves_the_champion(succession: Succession, register: Register) -> None:
    a, b = register("a"), register("b")
    settle(succession, a, passed=True)
    settle(succession, b, passed=False)
    newest = succession.ledger.entries()[-1]
    assert (newest.action, newest.version, newest.champion_version, newest.reason) == ("refuse", "2", "1", "because")
    assert succession.models.aliases() == {"champion": "1", "challenger": "2"}


def test_a_refused_first_model_makes_nobody_champion(succession: Succession, register: Register) -> None:
    settle(succession, register("a"), passed=False)
    assert succession.champion(changed=False, message="too weak").version is None
    assert succession.champion_release() is None
    assert succession.models.aliases() == {"challenger": "1"}


def test_what_is_settled_needs_no_second_line(succession: Succession, register: Register) -> None:
    a, b = register("a"), register("b")
    passed, refused = decision(succession, a, passed=True), decision(succession, b, passed=False)
    assert not succession.is_recorded(a, passed)
    settle(succession, a, passed=True)
    assert succession.is_recorded(a, passed)
    assert not succession.is_recorded(b, refused)
    settle(succession, b, passed=False)
    assert succession.is_recorded(a, passed), "still champion"
    assert succession.is_recorded(b, refused), "refused already, under this champion"
    assert not succession.is_recorded(b, decision(succession, b, passed=True)), "the rules changed and let it pass"


def test_a_decision_against_an_old_champion_is_sent_back(succession: Succession, register: Register) -> None:
    a, b, c = register("a"), register("b"), register("c")
    settle(succession, a, passed=True)
    against_a = decision(succession, c, passed=True)
    settle(succession, b, passed=True)
    with pytest.raises(ValueError, match="champion changed meanwhile"):
        succession.record(c, against_a, "late")
    assert succession.models.aliases()["champion"] == "2"
    assert len(succession.ledger.entries()) == 2


def test_a_rollback_restores_and_remembers(succession: Succession, register: Register) -> None:
    for name in "abc":
        settle(succession, register(name), passed=True)
    assert succession.version_to_restore() == "2"
    succession.rollback("the hands shake")
    assert succession.models.aliases() == {"champion": "2", "previous_champion": "1", "challenger": "3"}
    succession.rollback("these too")
    assert succession.models.aliases() == {"champion": "1", "challenger": "3"}
    with pytest.raises(ValueError, match="nothing to go back to: version 1 is the first champion"):
        succession.rollback("once more")
    assert [line.reason for line in succession.ledger.entries()[-2:]] == ["the hands shake", "these too"]


def test_nothing_to_go_back_to_before_the_first_promotion(succession: Succession) -> None:
    with pytest.raises(ValueError, match="nothing to go back to: nobody was promoted yet"):
        succession.version_to_restore()


def test_promoting_by_hand(succession: Succession, register: Register) -> None:
    a, b = register("a"), register("b")
    settle(succession, a, passed=True)
    settle(succession, b, passed=False)
    written = succession.promote("2", "the approver likes it")
    assert (written.action, written.candidate, written.reason) == (
        "promote",
        b.artifact.digest,
        "the approver likes it",
    )
    assert succession.models.aliases()["champion"] == "2"
    with pytest.raises(ValueError, match="version 2 is champion already"):
        succession.promote("2", "again")


def test_the_aliases_follow_the_ledger_however_they_were_left(succession: Succession, register: Register) -> None:
    """A process died between the two writes, or somebody clicked in the MLflow page."""
    settle(succession, register("a"), passed=True)
    settle(succession, register("b"), passed=True)
    right = succession.models.aliases()
    succession.models.client.set_registered_model_alias("graspline-rgb", "champion", "1")
    succession.models.client.delete_registered_model_alias("graspline-rgb", "previous_champion")
    succession.follow_ledger()
    assert succession.models.aliases() == right
    succession.follow_ledger()
    assert succession.models.aliases() == right
    succession.rollback("back to the first")
    succession.models.client.set_registered_model_alias("graspline-rgb", "previous_champion", "2")
    succession.follow_ledger()
    assert succession.models.aliases() == {"champion": "1", "challenger": "2"}


def test_a_champion_that_nobody_promoted_is_none(succession: Succession, register: Register) -> None:
    succession.follow_ledger()  # an empty succession is fine
    register("a")
    succession.models.client.set_registered_model_alias("graspline-rgb", "champion", "1")
    succession.follow_ledger()
    assert succession.models.aliases() == {"challenger": "1"}


def test_the_champions_receipts_come_back(succession: Succession, register: Register, tracking: TrackingConfig) -> None:
    candidate = register("a")
    settle(succession, candidate, passed=True)
    release = Succession(tracking).champion_release()
    assert release is not None
    artifact, report = release
    assert report == candidate.report
    assert artifact.digest == candidate.artifact.digest
    assert Path(artifact.folder) == succession.models.folder("1"), (
        "the registered copy, though its run folder may be gone"
    )


def test_names_of_versions(succession: Succession, register: Register) -> None:
    with pytest.raises(ValueError, match="the registry has no champion: no version yet: `graspline run`"):
        succession.models.version_named("champion")
    a = register("a")
    register("b")
    settle(succession, a, passed=True)
    names = {name: succession.models.version_named(name) for name in ("champion", "challenger", "1", "2")}
    assert names == {"champion": "1", "challenger": "2", "1": "1", "2": "2"}
    for name in ("3", "previous_champion", "best"):
        with pytest.raises(ValueError, match=f"the registry has no {name}: versions 1, 2"):
            succession.models.version_named(name)


def test_a_damaged_ledger_stops_every_change(succession: Succession, register: Register) -> None:
    candidate = register("a")
    settle(succession, candidate, passed=True)
    file = next(LEDGERS.glob("*.jsonl"))
    line = json.loads(file.read_text())
    file.write_text(json.dumps({**line, "actor": "eve"}) + "\n")
    with pytest.raises(ValueError, match=r"\.jsonl, line 1: the chain is broken"):
        succession.promote("1", "quickly")
    assert len(file.read_text().splitlines()) == 1
    assert Ledger(file).file.exists()
