"""Who is champion, on a real MLflow database: reading changes nothing, aliases follow the ledger, damage is found."""

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluation.contracts import Decision, EvaluationReport, Reason
from foundation.tracking_store import SQLITE
from model.contracts import RgbArtifact, TrackingConfig
from orchestration.registry.contracts import RegisteredCandidate
from orchestration.registry.entries import Entry, Evidence
from orchestration.registry.registration import register
from orchestration.registry.reigns import reigns_of
from orchestration.registry.succession import Succession, gate_draft

New = Callable[[str], RegisteredCandidate]


@pytest.fixture
def succession(tracking: TrackingConfig) -> Succession:
    return Succession(tracking)


@pytest.fixture
def new(
    succession: Succession,
    make_artifact: Callable[[str], RgbArtifact],
    make_report: Callable[..., EvaluationReport],
) -> New:
    """Register new weights; versions are 1, 2, 3 ..."""

    def make(weights: str) -> RegisteredCandidate:
        artifact = make_artifact(weights)
        return register(succession.models, artifact, make_report(artifact))

    return make


def decided(
    succession: Succession, candidate: RegisteredCandidate, passed: bool = True, automatic: bool = True
) -> Entry:
    """What a gate says that compared with the champion of now, written down."""
    seen = succession.look()
    decision = Decision(
        passed=passed,
        reasons=[Reason(rule="psnr_db floor", passed=passed, message="20 dB")],
        challenger_digest=candidate.artifact.digest,
        champion_digest=seen.champion and seen.champion[0],
        exam_digest=candidate.report.exam_digest,
    )
    return succession.decide(gate_draft(seen, candidate, decision, Evidence(report="r"), automatic), seen)


def clicked(succession: Succession, alias: str, version: str | None) -> None:
    """Somebody moved an alias on MLflow's page."""
    client = succession.models.client
    if version is None:
        client.delete_registered_model_alias("graspline-rgb", alias)
    else:
        client.set_registered_model_alias("graspline-rgb", alias, version)


def test_a_promotion_moves_the_aliases(succession: Succession, new: New) -> None:
    a, b = new("a"), new("b")
    decided(succession, a)
    assert succession.models.aliases() == {"champion": "1", "challenger": "2"}
    entry = decided(succession, b)
    assert (entry.by, entry.champion_version_before, entry.verdict) == ("gate", "1", True)
    assert succession.models.aliases() == {"champion": "2", "previous_champion": "1", "challenger": "2"}
    reigning = succession.champion(changed=True, message="better")
    assert (reigning.version, reigning.artifact_digest) == ("2", b.artifact.digest)
    assert Path(str(reigning.folder)).name == "rgb_artifact"
    assert not Path(str(reigning.folder)).is_absolute(), "a moved project finds it"


def test_a_refusal_is_written_down_and_leaves_the_champion(succession: Succession, new: New) -> None:
    a, b = new("a"), new("b")
    decided(succession, a)
    entry = decided(succession, b, passed=False)
    assert (entry.action, entry.version, entry.champion_version, entry.reason) == ("refuse", "2", "1", "20 dB")
    assert succession.models.aliases() == {"champion": "1", "challenger": "2"}


def test_a_refused_first_model_makes_nobody_champion(succession: Succession, new: New) -> None:
    decided(succession, new("a"), passed=False)
    assert succession.champion(changed=False, message="too weak").version is None
    assert succession.champion_release() is None
    assert succession.models.aliases() == {"challenger": "1"}


def test_what_passes_waits_where_a_person_approves(succession: Succession, new: New) -> None:
    decided(succession, new("a"), automatic=False)
    seen = succession.look()
    assert seen.champion is None
    assert [entry.version for entry in seen.waiting()] == ["1"]


def test_reading_a_fresh_checkout_changes_nothing(tracking: TrackingConfig, succession: Succession, new: New) -> None:
    """The team's registry, read from where the ledger is another one: an alarm, and the alias stays."""
    decided(succession, new("a"))
    elsewhere = Succession(tracking.model_copy(update={"ledger": f"{SQLITE}{Path.cwd()}/checkout/ledger.db"}))
    for ask in (elsewhere.look, elsewhere.follow, elsewhere.champion_release, lambda: elsewhere.verified_folder("1")):
        with pytest.raises(ValueError, match=r"is empty, but the registry knows its entry 1.*tracking\.ledger"):
            ask()
    assert succession.models.aliases()["champion"] == "1"
    assert not Path("checkout/ledger.db").exists()


def test_a_champion_without_any_ledger_is_an_alarm(succession: Succession, new: New) -> None:
    new("a")
    clicked(succession, "champion", "1")
    with pytest.raises(ValueError, match=r"is empty, but the registry knows a champion of graspline-rgb"):
        succession.look()
    assert succession.models.aliases() == {"challenger": "1", "champion": "1"}


def test_a_registry_that_is_not_there_is_not_made_by_looking(project: Path) -> None:
    config = TrackingConfig(uri="sqlite:///registry/mlflow.db", experiment="e", registered_model="rgb")
    succession = Succession(config)
    assert succession.look().entries == ()
    assert succession.models.versions() == []
    with pytest.raises(ValueError, match="the registry has no champion: no version yet: `graspline run`"):
        succession.version_named("champion")
    assert list(project.iterdir()) == []


def test_an_alias_moved_by_hand_is_found_and_nobody_is_misled(succession: Succession, new: New) -> None:
    a = new("a")
    decided(succession, a)
    decided(succession, new("b"))
    right = succession.models.aliases()
    assert succession.misled(succession.look()) == []
    clicked(succession, "champion", "1")
    clicked(succession, "previous_champion", None)
    told = succession.misled(succession.look())
    assert told == [
        "alias champion stands on version 1, the ledger says version 2",
        "alias previous_champion stands on none, the ledger says version 1",
    ]
    assert succession.version_named("champion") == "2", "who serves is what the ledger says"
    assert succession.version_named("previous_champion") == "1"
    succession.follow()
    assert succession.models.aliases() == right


def test_a_decision_that_broke_off_serves_at_once_and_is_finished(
    succession: Succession, new: New, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed just after the entry: nobody serves the deposed model, and repeating heals the registry."""
    decided(succession, new("a"))
    with monkeypatch.context() as patch:
        patch.setattr(Succession, "follow", lambda self: self.look())
        decided(succession, new("b"))
    seen = succession.look()
    assert succession.models.aliases()["champion"] == "1"
    assert succession.is_unfinished(seen)
    assert "the promote of version 2 by" in succession.misled(seen)[-1]
    assert succession.version_named("champion") == "2"
    assert succession.verified_folder("champion") == succession.models.folder("2")
    succession.follow()
    assert succession.misled(succession.look()) == []
    assert succession.models.aliases() == {"champion": "2", "previous_champion": "1", "challenger": "2"}


@pytest.mark.parametrize("left", [0, 1])
def test_a_tail_that_was_cut_off_is_noticed(succession: Succession, new: New, left: int) -> None:
    decided(succession, new("a"))
    decided(succession, new("b"))
    with sqlite3.connect("registry/ledger.db") as connection:
        connection.execute(f"delete from graspline_ledger where sequence > {left}")
    connection.close()
    says = "its tail was cut off, or it is an older copy" if left else "is empty, but the registry knows its entry 2"
    for ask in (succession.look, succession.follow):
        with pytest.raises(ValueError, match=says):
            ask()
    assert succession.models.aliases()["champion"] == "2"


def test_a_ledger_that_was_written_anew_is_noticed(succession: Succession, new: New) -> None:
    """Every hash in it is right; the registry remembers another entry."""
    a, b = new("a"), new("b")
    decided(succession, a)
    Path("registry/ledger.db").unlink()
    seen = reigns_of([])
    forged = gate_draft(seen, b, decision_on(b), Evidence(), automatic=True)
    succession.ledger.append(forged, seen)
    with pytest.raises(ValueError, match="entry 1 is not the one that the registry remembers"):
        succession.look()


def decision_on(candidate: RegisteredCandidate) -> Decision:
    exam = candidate.report.exam_digest
    return Decision(
        passed=True, reasons=[], challenger_digest=candidate.artifact.digest, champion_digest=None, exam_digest=exam
    )


def test_a_decision_against_an_old_champion_is_sent_back(succession: Succession, new: New) -> None:
    a, b, c = new("a"), new("b"), new("c")
    decided(succession, a)
    seen = succession.look()
    decided(succession, b)
    with pytest.raises(ValueError, match="champion changed meanwhile"):
        succession.decide(gate_draft(seen, c, decision_on(c), Evidence(), automatic=True), seen)
    assert succession.models.aliases()["champion"] == "2"
    assert len(succession.look().entries) == 2


def test_the_champions_receipts_come_back(succession: Succession, new: New, tracking: TrackingConfig) -> None:
    candidate = new("a")
    decided(succession, candidate)
    release = Succession(tracking).champion_release()
    assert release is not None
    artifact, report = release
    assert report == candidate.report
    assert artifact.digest == candidate.artifact.digest
    assert Path(artifact.folder) == succession.models.folder("1"), (
        "the registered copy, though its run folder may be gone"
    )


@pytest.mark.parametrize("file", ["model.safetensors", "manifest.json"])
def test_a_flipped_byte_names_its_file_before_anybody_uses_it(succession: Succession, new: New, file: str) -> None:
    decided(succession, new("a"))
    damaged = succession.models.folder("1") / file
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"!")
    for use in (lambda: succession.verified_folder("champion"), succession.champion_release):
        with pytest.raises(ValueError, match=f"version 1 is not what was exported: .*{re.escape(file)}"):
            use()


def test_a_version_whose_digest_was_retagged_is_not_the_one_decided_on(succession: Succession, new: New) -> None:
    decided(succession, new("a"))
    other = new("b")
    succession.models.client.set_model_version_tag("graspline-rgb", "1", "artifact_digest", other.artifact.digest)
    with pytest.raises(ValueError, match="version 1 is not the model that was decided on"):
        succession.verified_folder("champion")


def test_names_of_versions(succession: Succession, new: New) -> None:
    with pytest.raises(ValueError, match="the registry has no champion: no version yet: `graspline run`"):
        succession.version_named("champion")
    a = new("a")
    new("b")
    decided(succession, a)
    names = {name: succession.version_named(name) for name in ("champion", "challenger", "1", "2")}
    assert names == {"champion": "1", "challenger": "2", "1": "1", "2": "2"}
    for name in ("3", "previous_champion", "best"):
        with pytest.raises(ValueError, match=f"the registry has no {name}: versions 1, 2"):
            succession.version_named(name)
