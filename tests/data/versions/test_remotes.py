"""Another machine gets the same bytes: from a folder by default, from S3 where told so; and what changed is said."""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from data.clips.manifest import read_manifest, write_manifest
from data.versions.batch_entry import BatchEntry
from data.versions.dataset_version import deliver_raw, order_batch, record_raw, reproduce
from foundation.digests import folder_digest
from orchestration.commands.diff_data import diff_and_print

pytestmark = pytest.mark.end_to_end
ROOT = Path(__file__).parents[3]
FOLDERS = ("datasets/raw/tiny", "datasets/prepared/tiny")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deliver: Callable[..., Path], clip_format: Any) -> Path:
    """A checkout with one prepared batch of two clips, committed; the user's home is the test's own."""
    home, root = tmp_path / "home", tmp_path / "project"
    home.mkdir()
    for name, value in {"HOME": str(home), "GIT_CONFIG_GLOBAL": str(home / "gitconfig"), "LC_ALL": "C"}.items():
        monkeypatch.setenv(name, value)
    (home / "gitconfig").write_text("[user]\n name = Ada\n email = ada@example.org\n[init]\n defaultBranch = main\n")
    code = [file.relative_to(ROOT).as_posix() for room in ("foundation", "data") for file in (ROOT / room).rglob("*.*")]
    code = [name for name in code if "__pycache__" not in name]
    kept = [".gitignore", "dvc.yaml", ".dvcignore", ".dvc/config", ".dvc/.gitignore", "datasets/.gitignore"]
    kept += [f"datasets/{name}/.gitignore" for name in ("raw", "prepared", "encoders", "encoded")]
    for name in [*code, *kept]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, root / name)
    (root / "datasets/withdrawals.jsonl").touch()
    deliver(2).rename(root / "datasets/raw/tiny")
    monkeypatch.chdir(root)
    git("init", "-q")
    code = {"prepare": "", "encoders": "", "encode": ""}
    entry = BatchEntry(batch={"source": "arrived"}, clip=clip_format, encoders="tiny", encoding={}, code=code)
    order_batch("tiny", entry)
    deliver_raw("tiny", print)
    reproduce("prepare", "tiny", print)
    commit("first")
    return root


def git(*words: str) -> None:
    subprocess.run(["git", *words], check=True, capture_output=True)


def commit(message: str) -> None:
    git("add", "-A")
    git("commit", "-qm", message)


def dvc(*words: str, **environment: str) -> str:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["dvc", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "true", **environment},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pulled_into_a_clone(project: Path, monkeypatch: pytest.MonkeyPatch, *setting: str) -> list[str]:
    """Digests of the batch in a fresh clone after `dvc pull`."""
    clone = project.parent / "clone"
    git("clone", "-q", str(project), str(clone))
    monkeypatch.chdir(clone)
    if setting:
        dvc(*setting)
    dvc("pull", "datasets/raw/tiny.dvc", "prepare@tiny")  # this project goes no further than prepared
    return [folder_digest(Path(folder)) for folder in FOLDERS]


def test_a_fresh_clone_pulls_the_same_digests_from_a_folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = [folder_digest(Path(folder)) for folder in FOLDERS]
    dvc("push", "--quiet")
    assert (project.parent / "home/.local/share/graspline/dvc").is_dir(), "the default remote is a folder of the user"
    assert pulled_into_a_clone(project, monkeypatch) == before
    assert "didn't change, skipping" in dvc("repro", "--single-item", "prepare@tiny")


def test_a_fresh_clone_pulls_the_same_digests_from_s3(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3
    from moto.server import ThreadedMotoServer

    before = [folder_digest(Path(folder)) for folder in FOLDERS]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        boto3.client("s3", endpoint_url=f"http://{host}:{port}").create_bucket(Bucket="clips")
        url = ("remote", "modify", "--local", "local", "url", "s3://clips/graspline")
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        dvc(*url)
        dvc("push", "--quiet")
        assert pulled_into_a_clone(project, monkeypatch, *url) == before
    finally:
        server.stop()


def test_two_revisions_are_compared_by_field(project: Path) -> None:
    manifest = Path("datasets/raw/tiny")
    records = read_manifest(manifest)
    write_manifest(manifest, [records[0].model_copy(update={"prompt": "Somebody waves."})])
    (manifest / records[0].audio).write_bytes((manifest / records[1].audio).read_bytes() + b"\0\0")
    record_raw("tiny", print)
    commit("a prompt and a sound corrected, a clip dropped")
    for old, new in (("tiny@HEAD~1", "tiny"), ("tiny@HEAD~1", "tiny@HEAD")):
        heard = io.StringIO()
        diff_and_print(Console(file=heard, width=200), old, new, "raw")
        told = heard.getvalue()
        assert f"{old} (2 clips) -> {new} (1 clips)" in told
        assert "added 0\nremoved 1: c1\nchanged 1: prompt in 1, audio in 1\n  c0: prompt, audio\nunchanged 0" in told
    with pytest.raises(ValueError, match="listing tiny@nowhere failed"):
        diff_and_print(Console(), "tiny@nowhere", "tiny", "raw")


def test_a_dvc_command_by_hand_is_waited_for(project: Path) -> None:
    manifest = Path("datasets/raw/tiny")
    records = read_manifest(manifest)
    write_manifest(manifest, records[:1])
    holder = "import time, zc.lockfile; lock = zc.lockfile.LockFile('.dvc/tmp/lock'); print('held', flush=True); "
    holding = subprocess.Popen([sys.executable, "-c", f"{holder}time.sleep(20)"], stdout=subprocess.PIPE, text=True)
    assert holding.stdout is not None
    assert holding.stdout.readline() == "held\n"
    heard: list[str] = []

    def hear(line: str) -> None:
        heard.append(line)
        if line.startswith("waiting for another dvc command"):
            holding.terminate()

    record_raw("tiny", hear)
    holding.wait()
    assert heard == ["waiting for another dvc command to end, then dvc add of tiny goes on"]
