"""A backup is whole though decisions go on, and works under another path; a damaged one is refused whole."""

import shutil
import threading
import zipfile
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest

from evaluation.contracts import Decision, EvaluationReport
from foundation.tracking_store import SQLITE
from model.contracts import RgbArtifact, TrackingConfig
from orchestration.registry.backup import back_up, restore
from orchestration.registry.entries import Evidence
from orchestration.registry.registration import register
from orchestration.registry.succession import Succession, gate_draft


def here() -> TrackingConfig:
    """The working folder's registry."""
    uri = f"{SQLITE}{Path.cwd()}/registry/mlflow.db"
    return TrackingConfig(uri=uri, experiment="graspline", registered_model="graspline-rgb")


@pytest.fixture
def succession(
    tracking: TrackingConfig,
    make_artifact: Callable[[str], RgbArtifact],
    make_report: Callable[..., EvaluationReport],
) -> Succession:
    """Two versions, both promoted, in the working folder's registry."""
    succession = Succession(here())
    for weights in "ab":
        artifact = make_artifact(weights)
        candidate = register(succession.models, artifact, make_report(artifact))
        decide(succession, candidate.artifact.digest, candidate)
    return succession


def decide(succession: Succession, digest: str, candidate: object) -> None:
    seen = succession.look()
    decision = Decision(
        passed=True, reasons=[], challenger_digest=digest, champion_digest=None, exam_digest="exam of march"
    )
    succession.decide(gate_draft(seen, candidate, decision, Evidence(), automatic=True), seen)  # type: ignore[arg-type]


def test_a_restored_registry_works_under_another_path(succession: Succession, project: Path) -> None:
    entries = succession.look().entries
    back_up(here(), project / "b.zip")
    elsewhere = project / "elsewhere"
    elsewhere.mkdir()
    shutil.move("registry", "gone")  # whoever looked for it where it was would find nothing
    with chdir(elsewhere):
        restore(here(), project / "b.zip")
        restored = Succession(here())
        assert restored.look().entries == entries
        assert restored.misled(restored.look()) == []
        folder = restored.verified_folder("champion")
        assert (elsewhere / folder).is_dir()
        assert restored.models.release("1")[1].metrics["psnr_db"].value == 20.0
        with pytest.raises(ValueError, match=r"registry/mlflow\.db is there already"):
            restore(here(), project / "b.zip")


def test_no_address_in_the_database_is_of_this_machine(succession: Succession, project: Path) -> None:
    for file in ("registry/mlflow.db", "registry/ledger.db"):
        assert str(project).encode() not in Path(file).read_bytes()


def test_a_backup_in_the_middle_of_decisions_is_whole(succession: Succession, project: Path) -> None:
    """Whatever moment it caught: the ledger in it holds all that the registry in it remembers."""
    stop = threading.Event()

    def go_on() -> None:
        mine = Succession(here())
        while not stop.is_set():
            seen = mine.look()
            mine.decide(_again(seen.entries[-1 - len(seen.entries) % 2]), seen)

    busy = threading.Thread(target=go_on)
    busy.start()
    try:
        for number in range(3):
            back_up(here(), project / f"{number}.zip")
    finally:
        stop.set()
        busy.join()
    for number in range(3):
        folder = project / f"restored-{number}"
        folder.mkdir()
        with chdir(folder):
            restore(here(), project / f"{number}.zip")
            restored = Succession(here())
            assert len(restored.look().entries) >= 2
            restored.follow()
            assert restored.misled(restored.look()) == []


def _again(entry: object) -> object:
    from orchestration.registry.entries import Draft, Entry

    assert isinstance(entry, Entry)
    return Draft.model_validate(entry.model_dump(include=set(Draft.model_fields)))


@pytest.mark.parametrize("damage", ["flipped", "cut", "out of the registry", "no zip"])
def test_a_damaged_backup_leaves_nothing(succession: Succession, project: Path, damage: str) -> None:
    file = project / "b.zip"
    back_up(here(), file)
    if damage == "no zip":
        file.write_text("no zip")
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:-400])
    else:
        with zipfile.ZipFile(file) as packed:
            held = {name: packed.read(name) for name in packed.namelist()}
        if damage == "flipped":
            held["ledger.db"] = held["ledger.db"][:-1] + b"!"
        else:
            held["contents.json"] = b'{"../out": "x"}'
        with zipfile.ZipFile(file, "w") as packed:
            for name, content in held.items():
                packed.writestr(name, content)
    fresh = project / "fresh"
    fresh.mkdir()
    with chdir(fresh), pytest.raises(ValueError, match=r"b\.zip"):
        restore(here(), file)
    assert [path for path in fresh.rglob("*") if path.is_file()] == []
