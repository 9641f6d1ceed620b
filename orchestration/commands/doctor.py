"""`graspline doctor`: what this machine has, what this checkout is, and the fix for whatever is missing."""

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from foundation.child_process import follow
from orchestration.configuration.load_config import load_config
from orchestration.registry.succession import Succession

Finding = tuple[bool, str]


def check_machine(console: Console) -> bool:
    """Print one line a check; True where nothing is wrong."""
    checks: dict[str, Callable[[], Finding]] = {
        "python": _python,
        "packages": _packages,
        "memory and disk": _room,
        "accelerator": _accelerator,
        "git and dvc": _version_control,
        "configuration": _configuration,
        "ledger": _ledger,
    }
    all_passed = True
    for name, check in checks.items():
        passed, message = check()
        all_passed &= passed
        mark = "[green]✓[/]" if passed else "[red]✗[/]"
        console.print(f"{mark} {name:<16} {escape(message)}", highlight=False, soft_wrap=True)
    return all_passed


def _python() -> Finding:
    version = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    return sys.version_info[:2] == (3, 11), f"{version} (3.11 is what the lock file was made for)"


def _packages() -> Finding:
    wanted = [
        line.strip() for line in Path("requirements.txt").read_text(encoding="utf-8").splitlines() if "==" in line
    ]
    wrong: list[str] = []
    for line in wanted:
        name, version = line.split("==")
        try:
            installed = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            installed = "missing"
        if installed.split("+")[0] != version:
            wrong.append(f"{name} {installed} (locked: {version})")
    message = f"{len(wanted)} locked" if not wrong else f"{', '.join(wrong[:5])}: run `make setup`"
    return not wrong, message


def _room() -> Finding:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    disk = shutil.disk_usage(".").free / 2**30
    return memory >= 7.5 and disk >= 5, f"{memory:.0f} GiB memory (8 needed), {disk:.0f} GiB free (5 needed)"


def _accelerator() -> Finding:
    script = "import torch as t; print(', '.join(t.cuda.get_device_name(i) for i in range(t.cuda.device_count())))"
    lines: list[str] = []
    code, _ = follow(["-c", script], lines.append)
    devices = lines[-1] if code == 0 and lines else ""
    return True, devices or f"none: training runs on {os.cpu_count()} CPU cores"


def _version_control() -> Finding:
    missing = [tool for tool in ("git",) if shutil.which(tool) is None]
    folders = [folder for folder in (".git", ".dvc") if not Path(folder).exists()]
    if missing or folders:
        return False, f"missing: {', '.join(missing + folders)}: clone the repository, do not copy it"
    return True, "a git checkout with DVC inside"


def _configuration() -> Finding:
    try:
        config = load_config()
    except ValueError as error:
        return False, str(error)
    return True, f"conf/pipeline.yaml composes: {config.deepspeed.processes} processes, {config.tracking.uri}"


def _ledger() -> Finding:
    try:
        entries = Succession(load_config().tracking).look().entries
    except ValueError as error:
        return False, str(error)
    return True, f"{len(entries)} entries, chain whole" if entries else "empty: no model was judged yet"
