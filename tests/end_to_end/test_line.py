"""The whole line at its smallest, in a copy of the repository: what a newcomer types, and what goes wrong for them.

One chain is run once for the module; each test then changes one thing and looks at what runs again.
"""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from foundation.sound import read_audio
from foundation.video_reading import read_video

pytestmark = pytest.mark.end_to_end
ROOT = Path(__file__).resolve().parents[2]
SMOKE = "experiment=smoke"


class Clone:
    """A copy of the repository's files in a git checkout of its own, and the command line in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file() and not name.startswith(("tests/", "dvc.lock", "datasets/raw/")):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)
        person = ["-c", "user.name=ada", "-c", "user.email=ada@example.org"]
        for arguments in (["init", "-q"], ["add", "-A"], [*person, "commit", "-q", "-m", "as it is"]):
            subprocess.run(["git", *arguments], cwd=folder, check=True)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "orchestration.commands.main", *arguments],
            cwd=self.folder,
            env={**os.environ, "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def graspline(self, *arguments: str, fails: bool = False) -> str:
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=1200)
        assert (process.returncode != 0) == fails, said
        return said

    def run_folders(self, step: str) -> list[Path]:
        return sorted((self.folder / "runs").glob(f"{step}-*"))


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    made = Clone(tmp_path_factory.mktemp("clone"))
    made.graspline("run", SMOKE)
    yield made
    shutil.rmtree(made.folder)


def test_a_newcomer_gets_a_champion_and_a_video_with_sound(clone: Clone) -> None:
    status = clone.graspline("status", SMOKE)
    assert "champion" in status
    assert "version 1" in status
    clone.graspline("generate", SMOKE, "--like", "smoke_held_out/s1000_0001", "--out", "videos/mine.mp4")
    frames, rate = read_video(clone.folder / "videos/mine.mp4")
    sound, _ = read_audio(clone.folder / "videos/mine.mp4")
    assert frames.shape == (32, 96, 64, 3)  # 33, of which the first is the reference
    assert rate == 25
    assert abs(sound).max() > 0.01
    assert "nothing to go back to" in clone.graspline("rollback", SMOKE, "--reason", "try", fails=True)


def test_a_second_run_finds_nothing_to_do(clone: Clone) -> None:
    said = clone.graspline("run", SMOKE)
    assert "Nothing to do" in said
    assert len(_ledger(clone)) == 1


def test_a_video_is_traced_to_its_clips_and_its_model_reproduced(clone: Clone) -> None:
    clone.graspline("generate", SMOKE, "--like", "smoke_held_out/s1000_0001", "--out", "videos/traced.mp4")
    told = clone.graspline("trace", "videos/traced.mp4", SMOKE, "--picture", "videos/trace.svg")
    assert "graspline-rgb-smoke version 1" in told
    assert "overrides experiment=smoke" in told
    assert told.count("smoke_train/s0_000") == 6
    assert "consent" in told
    assert (clone.folder / "videos/trace.svg").read_text().startswith("<svg")
    learnt = json.loads(clone.graspline("trace", "smoke_train/s0_0002", SMOKE, "--json"))
    assert [(model["version"], model["videos"][-1]) for model in learnt["models"]] == [("1", "videos/traced.mp4")]
    said = clone.graspline("reproduce", "1", SMOKE)
    assert "stage_one: the same bytes" in said
    assert "stage_two: the same bytes" in said


def test_a_touched_held_out_prompt_runs_only_what_depends_on_it(clone: Clone) -> None:
    manifest = clone.folder / "datasets/raw/smoke_held_out/manifest.jsonl"
    clips = [json.loads(line) for line in manifest.read_text().splitlines()]
    clips[0]["prompt"] = clips[1]["prompt"]
    manifest.write_text("".join(json.dumps(clip) + "\n" for clip in clips))
    steps = _timed_steps(clone.graspline("run", SMOKE))
    assert steps["prepared batch (smoke_train)"] == steps["encoded batch (smoke_train)"] == "unchanged"
    assert steps["stage one"] == steps["stage two"] == steps["rgb artifact"] == "unchanged"
    for step in ("prepared batch (smoke_held_out)", "encoded batch (smoke_held_out)", "generated samples"):
        assert steps[step] != "unchanged"


def test_a_champion_sits_the_exam_of_other_encoders_with_its_own(clone: Clone) -> None:
    """The codec is fitted anew on fewer clips: the champion is told the same clips by its own codec, and is as good."""
    champion = json.loads(_ledger(clone)[-1])["champion"]
    sat = _sittings(clone, champion)
    clone.graspline("run", SMOKE, "encoding.latent_codec.fit_clips=2")
    before, again = sat[-1], _sittings(clone, champion)[-1]
    assert again["exam_digest"] not in {report["exam_digest"] for report in sat}
    for name in ("psnr_db", "x0_error_rgb_ratio_to_repeat", "routing_accuracy"):
        first, second = (report["metrics"][name]["value"] for report in (before, again))
        assert second == pytest.approx(first, rel=0.1), name  # from other noise


def test_a_killed_training_continues_and_is_never_taken_for_done(clone: Clone) -> None:
    change = [SMOKE, "training.stage_two.seed=77", "training.stage_two.steps=8"]
    change += ["training.checkpoint_every_steps=1", "training.log_every_steps=1"]
    before = clone.run_folders("stage_two")
    process = clone.start("run", *change)
    folder = _wait_for_checkpoint(clone, before)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    _end_strays(clone.folder)
    assert not (folder / "result.json").exists()
    clone.graspline("run", *change)
    assert (folder / "result.json").exists()
    assert (folder / "log.txt").read_text().count("progress 1/8 ") == 1  # no step was trained twice from the start


def test_a_clip_without_hoi_video_stops_the_line_and_promotes_nothing(clone: Clone) -> None:
    video = clone.folder / "datasets/raw/smoke_train/clips/s0_0002/hoi.mp4"
    kept, ledger = video.read_bytes(), _ledger(clone)
    video.unlink()
    said = clone.graspline("run", SMOKE, "data.validation.quarantine.policy=strict", fails=True)
    video.write_bytes(kept)
    assert "s0_0002" in said
    assert "hoi" in said
    assert _ledger(clone) == ledger


def test_a_typo_is_answered_before_anything_runs(clone: Clone) -> None:
    said = clone.graspline("run", "training.stage_one.stepz=5", fails=True)
    assert "training.stage_one.steps" in said


def _sittings(clone: Clone, artifact_digest: str) -> list[dict[str, Any]]:
    """An artifact's reports, the oldest first."""
    files = [folder / "result.json" for folder in clone.run_folders("evaluation")]
    reports = [
        json.loads(file.read_text())["content"]["receipt"]
        for file in sorted(files, key=lambda file: file.stat().st_mtime)
    ]
    return [report for report in reports if report["artifact_digest"] == artifact_digest]


def _ledger(clone: Clone) -> Sequence[str]:
    with contextlib.closing(sqlite3.connect(clone.folder / "registry/ledger.db")) as database:
        return [body for (body,) in database.execute("select body from graspline_ledger order by sequence")]


def _timed_steps(said: str) -> dict[str, str]:
    """{step: what stands behind it} of the plain lines a run prints while it works."""
    lines = [line for line in said.splitlines() if line.endswith(("unchanged", " s")) and not line.startswith(" ")]
    return {line[:34].strip(): line[34:].strip() for line in lines}


def _wait_for_checkpoint(clone: Clone, before: Sequence[Path]) -> Path:
    for _ in range(1200):
        new = [folder for folder in clone.run_folders("stage_two") if folder not in before]
        if new and any(new[0].glob("checkpoints/step*")):
            return new[0]
        time.sleep(0.5)
    raise AssertionError("no checkpoint was written")


def _end_strays(folder: Path) -> None:
    """The launcher was killed, not its ranks: end them, as a power cut would. They work in the clone's folder."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if Path(process.cwd()) == folder and process.pid != os.getpid():
                process.kill()
