"""The registry on a real MLflow database: registering twice is once, the ledger says who reigns, the aliases follow."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluation.contracts import Decision, EvaluationReport, Reason
from foundation.digests import folder_digest
from model.contracts import RgbArtifact, TrackingConfig
from orchestration.registry.ledger import Ledger
from orchestration.registry.release import LEDGERS, RegisteredCandidate, Registry

Register = Callable[[str], RegisteredCandidate]


@pytest.fixture
def registry(tracking: TrackingConfig) -> Registry:
    return Registry(tracking)


@pytest.fixture
def register(
    registry: Registry,
    make_artifact: Callable[[str], RgbArtifact],
    make_report: Callable[..., EvaluationReport],
) -> Register:
    """Register new weights; versions are 1, 2, 3 ..."""

    def new(weights: str) -> RegisteredCandidate:
        artifact = make_artifact(weights)
        return registry.register(artifact, make_report(artifact))

    return new


def decision(registry: Registry, candidate: RegisteredCandidate, passed: bool) -> Decision:
    """What a gate says that compared with the champion of now."""
    now = registry.ledger.champion()
    return Decision(
        passed=passed,
        reasons=[Reason(rule="psnr_db floor", passed=passed, message="20 dB")],
        challenger_digest=candidate.artifact.digest,
        champion_digest=now.champion if now else None,
        exam_digest=candidate.report.exam_digest,
    )


def settle(registry: Registry, candidate: RegisteredCandidate, passed: bool) -> None:
    registry.settle(candidate, decision(registry, candidate, passed), "because")


def test_the_same_artifact_twice_is_one_version(
    registry: Registry, register: Register, tracking: TrackingConfig
) -> None:
    first = register("a")
    assert registry.knows(first.artifact)
    again = Registry(tracking).register(first.artifact, first.report)
    assert again == first
    assert len(registry._versions()) == 1
    assert len(registry.client.search_runs([registry.client.get_experiment_by_name("graspline").experiment_id])) == 1
    assert registry.aliases() == {"challenger": "1"}


def test_a_version_keeps_its_bytes_numbers_and_digest(registry: Registry, register: Register) -> None:
    candidate = register("a")
    assert folder_digest(registry.folder(candidate.version)) == candidate.artifact.digest
    assert registry.client.get_run(candidate.mlflow_run_id).data.metrics == {"psnr_db": 20.0}
    tags = registry.client.get_model_version("graspline-rgb", "1").tags
    assert tags == {"artifact_digest": candidate.artifact.digest, "exam_digest": "exam of march"}


def test_other_weights_are_another_version_and_the_challenger(registry: Registry, register: Register) -> None:
    assert [register("a").version, register("b").version] == ["1", "2"]
    assert registry.aliases() == {"challenger": "2"}


def test_a_promotion_moves_the_aliases(registry: Registry, register: Register) -> None:
    a, b = register("a"), register("b")
    settle(registry, a, passed=True)
    assert registry.aliases() == {"champion": "1", "challenger": "2"}
    settle(registry, b, passed=True)
    assert registry.aliases() == {"champion": "2", "previous_champion": "1", "challenger": "2"}
    reigning = registry.reigning(changed=True, says="better")
    assert (reigning.version, reigning.artifact_digest) == ("2", b.artifact.digest)
    assert Path(str(reigning.folder)).name == "rgb_artifact"


def test_a_refusal_is_written_down_and_leaves_the_champion(registry: Registry, register: Register) -> None:
    a, b = register("a"), register("b")
    settle(registry, a, passed=True)
    settle(registry, b, passed=False)
    newest = registry.ledger.entries()[-1]
    assert (newest.action, newest.version, newest.champion_version, newest.reason) == ("refuse", "2", "1", "because")
    assert registry.aliases() == {"champion": "1", "challenger": "2"}


def test_a_refused_first_model_makes_nobody_champion(registry: Registry, register: Register) -> None:
    settle(registry, register("a"), passed=False)
    assert registry.reigning(changed=False, says="too weak").version is None
    assert registry.champion_release() is None
    assert registry.aliases() == {"challenger": "1"}


def test_what_is_settled_needs_no_second_line(registry: Registry, register: Register) -> None:
    a, b = register("a"), register("b")
    passed, refused = decision(registry, a, passed=True), decision(registry, b, passed=False)
    assert not registry.is_settled(a, passed)
    settle(registry, a, passed=True)
    assert registry.is_settled(a, passed)
    assert not registry.is_settled(b, refused)
    settle(registry, b, passed=False)
    assert registry.is_settled(a, passed), "still champion"
    assert registry.is_settled(b, refused), "refused already, under this champion"
    assert not registry.is_settled(b, decision(registry, b, passed=True)), "the rules changed and let it pass"


def test_a_decision_against_an_old_champion_is_sent_back(registry: Registry, register: Register) -> None:
    a, b, c = register("a"), register("b"), register("c")
    settle(registry, a, passed=True)
    against_a = decision(registry, c, passed=True)
    settle(registry, b, passed=True)
    with pytest.raises(ValueError, match="champion changed meanwhile"):
        registry.settle(c, against_a, "late")
    assert registry.aliases()["champion"] == "2"
    assert len(registry.ledger.entries()) == 2


def test_a_rollback_restores_and_remembers(registry: Registry, register: Register) -> None:
    for name in "abc":
        settle(registry, register(name), passed=True)
    assert registry.version_to_restore() == "2"
    registry.rollback("the hands shake")
    assert registry.aliases() == {"champion": "2", "previous_champion": "1", "challenger": "3"}
    registry.rollback("these too")
    assert registry.aliases() == {"champion": "1", "challenger": "3"}
    with pytest.raises(ValueError, match="nothing to go back to: version 1 is the first champion"):
        registry.rollback("once more")
    assert [line.reason for line in registry.ledger.entries()[-2:]] == ["the hands shake", "these too"]


def test_nothing_to_go_back_to_before_the_first_promotion(registry: Registry) -> None:
    with pytest.raises(ValueError, match="nothing to go back to: nobody was promoted yet"):
        registry.version_to_restore()


def test_promoting_by_hand(registry: Registry, register: Register) -> None:
    a, b = register("a"), register("b")
    settle(registry, a, passed=True)
    settle(registry, b, passed=False)
    written = registry.promote("2", "the approver likes it")
    assert (written.action, written.candidate, written.reason) == (
        "promote",
        b.artifact.digest,
        "the approver likes it",
    )
    assert registry.aliases()["champion"] == "2"
    with pytest.raises(ValueError, match="version 2 is champion already"):
        registry.promote("2", "again")


def test_the_aliases_follow_the_ledger_however_they_were_left(registry: Registry, register: Register) -> None:
    """A process died between the two writes, or somebody clicked in the MLflow page."""
    settle(registry, register("a"), passed=True)
    settle(registry, register("b"), passed=True)
    right = registry.aliases()
    registry.client.set_registered_model_alias("graspline-rgb", "champion", "1")
    registry.client.delete_registered_model_alias("graspline-rgb", "previous_champion")
    registry.follow_ledger()
    assert registry.aliases() == right
    registry.follow_ledger()
    assert registry.aliases() == right
    registry.rollback("back to the first")
    registry.client.set_registered_model_alias("graspline-rgb", "previous_champion", "2")
    registry.follow_ledger()
    assert registry.aliases() == {"champion": "1", "challenger": "2"}


def test_a_champion_that_nobody_promoted_is_none(registry: Registry, register: Register) -> None:
    registry.follow_ledger()  # an empty registry is fine
    register("a")
    registry.client.set_registered_model_alias("graspline-rgb", "champion", "1")
    registry.follow_ledger()
    assert registry.aliases() == {"challenger": "1"}


def test_the_champions_receipts_come_back(registry: Registry, register: Register, tracking: TrackingConfig) -> None:
    candidate = register("a")
    settle(registry, candidate, passed=True)
    release = Registry(tracking).champion_release()
    assert release is not None
    artifact, report = release
    assert report == candidate.report
    assert artifact.digest == candidate.artifact.digest
    assert Path(artifact.folder) == registry.folder("1"), "the registered copy, though its run folder may be gone"


def test_names_of_versions(registry: Registry, register: Register) -> None:
    with pytest.raises(ValueError, match="the registry has no champion: no version yet: `graspline run`"):
        registry.version_named("champion")
    a = register("a")
    register("b")
    settle(registry, a, passed=True)
    names = {name: registry.version_named(name) for name in ("champion", "challenger", "1", "2")}
    assert names == {"champion": "1", "challenger": "2", "1": "1", "2": "2"}
    for name in ("3", "previous_champion", "best"):
        with pytest.raises(ValueError, match=f"the registry has no {name}: versions 1, 2"):
            registry.version_named(name)


def test_a_damaged_ledger_stops_every_change(registry: Registry, register: Register) -> None:
    candidate = register("a")
    settle(registry, candidate, passed=True)
    file = next(LEDGERS.glob("*.jsonl"))
    line = json.loads(file.read_text())
    file.write_text(json.dumps({**line, "actor": "eve"}) + "\n")
    with pytest.raises(ValueError, match=r"\.jsonl, line 1: the chain is broken"):
        registry.promote("1", "quickly")
    assert len(file.read_text().splitlines()) == 1
    assert Ledger(file).file.exists()
