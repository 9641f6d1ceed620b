"""The folder through which a launcher and a child speak: one at a time, whole files, this run's result only."""

import json
import math
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.contracts import RawBatch
from foundation.run_folder import RunFolder
from foundation.whole_file import write_whole

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from foundation.run_folder import RunFolder
with RunFolder(Path(sys.argv[1])).held():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "stage_one-0123456789")
    folder.write_request(
        {"data": {"batch": "a", "folder": "f", "source": "studio", "clips": 2, "digest": "d"}}, {"stage": "x"}
    )
    return folder


def holder(run: RunFolder) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run.path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_second_process_is_told_who_works_there(run: RunFolder) -> None:
    first = holder(run)
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"
    second = holder(run)
    says = second.communicate(timeout=60)[1].splitlines()[-1]
    assert second.returncode == 1
    assert says == f"ValueError: run folder {run.path} is in use by process {first.pid}: wait for it to end, or stop it"
    first.communicate(timeout=60)
    assert first.returncode == 0


def test_a_killed_process_leaves_no_lock(run: RunFolder) -> None:
    first = holder(run)
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"
    first.kill()
    first.communicate(timeout=60)
    with run.held():
        pass


def test_what_was_ordered_reads_back(run: RunFolder) -> None:
    assert run.section("data", RawBatch).clips == 2
    assert json.loads((run.path / "inputs.json").read_text()) == {"stage": "x"}


def test_a_result_is_its_own_runs(run: RunFolder) -> None:
    assert run.result() is None
    run.finish({"weights": "w"})
    assert run.result() == {"weights": "w"}
    moved = RunFolder(run.path.rename(run.path.with_name("stage_one-9876543210")))
    with pytest.raises(ValueError, match="belongs to another run"):
        moved.result()


def test_a_file_is_replaced_whole_and_nothing_is_left_over(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    write_whole(file, "old")
    write_whole(file, "new")
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]


def finished(run: RunFolder) -> RunFolder:
    (run.path / "samples").mkdir()
    (run.path / "samples/true.safetensors").write_bytes(b"frames")
    (run.path / "report.html").write_text("numbers")
    (run.path / "log.txt").write_text("progress 1/1")
    run.finish({"psnr": 20.5, "none": math.nan, "by_step": {10: "a", 9: "b"}})
    return run


@settings(derandomize=True, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), name=st.sampled_from(["result.json", "samples/true.safetensors", "report.html", "inputs.json"]))
def test_no_changed_byte_is_taken_for_the_result(tmp_path: Path, data: st.DataObject, name: str) -> None:
    """A flip anywhere; in result.json the layout alone may differ, its content not."""
    run = RunFolder(Path(mkdtemp(dir=tmp_path)) / "evaluation-0123456789")
    run.write_request({"a": {}}, {"b": "c"})
    file = finished(run).path / name
    before, text = run.result(), file.read_bytes()
    at, mask = data.draw(st.integers(0, len(text) - 1)), data.draw(st.integers(1, 255))
    file.write_bytes(text[:at] + bytes([text[at] ^ mask]) + text[at + 1 :])
    after, error = result_or_error(run)
    assert error is None or ("run again" in error and str(run.path) in error)
    assert error or (name == "result.json" and repr(after) == repr(before))


def result_or_error(run: RunFolder) -> tuple[object, str | None]:
    try:
        return run.result(), None
    except ValueError as error:
        return None, str(error)


def test_what_the_run_keeps_for_itself_may_change(run: RunFolder) -> None:
    finished(run)
    (run.path / "log.txt").write_text("more")
    (run.path / "checkpoints").mkdir()
    (run.path / "checkpoints/step_4").write_text("moments")
    (run.path / ".report.html.77").write_text("half a page")
    run.assert_left({"psnr": 20.5, "none": math.nan, "by_step": {"9": "b", "10": "a"}})
    (run.path / "samples/other.safetensors").write_text("added")
    with pytest.raises(ValueError, match=r"samples/other\.safetensors changed after the run was finished"):
        run.result()


def test_a_file_that_is_gone_is_named(run: RunFolder) -> None:
    assert run.missing() == []
    finished(run)
    (run.path / "samples/true.safetensors").unlink()
    assert run.result() is not None
    assert run.missing() == ["samples/true.safetensors"]
    with pytest.raises(ValueError, match=r"true\.safetensors is gone: run again, which makes it anew"):
        run.assert_left(run.result() or {})


def test_a_page_is_drawn_again_and_stays_sealed(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="is not finished: run again"):
        run.rewrite("report.html", "verdict")
    finished(run).rewrite("report.html", "verdict")
    assert (run.path / "report.html").read_text() == "verdict"
    assert run.result() is not None
    with monkeypatch.context() as patch:
        patch.setattr("foundation.run_folder.write_whole", killed)
        with pytest.raises(KeyboardInterrupt):
            run.rewrite("report.html", "another verdict")
    assert run.result() is not None, "killed before the page was written"
    run.rewrite("report.html", "another verdict")
    (run.path / "report.html").write_text("passed, says Eve")
    with pytest.raises(ValueError, match=r"report\.html changed after the run was finished"):
        run.rewrite("report.html", "verdict")


def killed(_file: Path, _text: str) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"content": 3, "seal": "x"}', "\xff"])
def test_a_result_that_nobody_sealed_is_refused(run: RunFolder, text: str) -> None:
    (run.path / "result.json").write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=r"result\.json (is damaged|has no seal).*: remove .* and run again"):
        run.result()
