"""runs/<run id>/: the folder through which a launcher and one child process speak.

In: `config.yaml` (the sections of the configuration that the step may read, composed once by the launcher) and
`inputs.json` (the parents' receipts).
Out: `log.txt` (written by the launcher), whatever the step makes, and last of all `result.json`. Success is exit code 0
*and* a `result.json` of this run.
"""

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel

Model = TypeVar("Model", bound=BaseModel)


class RunFolder:
    """One run's folder. The name of the folder is the run id."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def run_id(self) -> str:
        return self.path.name

    def write_request(self, config: dict[str, Any], inputs: dict[str, Any]) -> None:
        """Launcher: write what the child process is to do."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_whole(self.path / "config.yaml", yaml.safe_dump(config, sort_keys=False))
        write_whole(self.path / "inputs.json", json.dumps(inputs, indent=1))

    def section(self, name: str, model: type[Model]) -> Model:
        """One section of config.yaml, checked against its pydantic model.

        Raises:
            ValueError: the folder holds no request.
            KeyError: the step was not given this section, so it does not count in the step's identity.
        """
        return model.model_validate(yaml.safe_load(self._read("config.yaml"))[name])

    def input(self, name: str, model: type[Model]) -> Model:
        """One parent's receipt out of inputs.json."""
        return model.model_validate(json.loads(self._read("inputs.json"))[name])

    def finish(self, result: dict[str, Any]) -> None:
        """Child, rank 0, last act: write result.json with this run's id in it."""
        write_whole(self.path / "result.json", json.dumps({"run_id": self.run_id, **result}, indent=1))

    def result(self) -> dict[str, Any] | None:
        """What the child left, or None where it did not get to its end."""
        file = self.path / "result.json"
        if not file.exists():
            return None
        result: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if result.pop("run_id", None) != self.run_id:
            raise ValueError(f"{file} belongs to another run: remove {self.path} and start again")
        return result

    @contextmanager
    def held(self) -> Generator[None]:
        """Hold the folder while working in it. The lock goes with the process, however it ends.

        Raises:
            ValueError: another process works in this folder.
        """
        with (self.path / "lock").open("a+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                owner = lock.read().strip() or "unknown"
                raise ValueError(
                    f"run folder {self.path} is in use by process {owner}: wait for it to end, or stop it"
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def _read(self, name: str) -> str:
        file = self.path / name
        if not file.exists():
            raise ValueError(f"{file} is missing: the launcher writes it before it starts this process")
        return file.read_text(encoding="utf-8")


def write_whole(file: Path, text: str) -> None:
    """Write a text file so that a reader sees all of it or none: temporary name, fsync, rename."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    with temporary.open("w", encoding="utf-8", newline="") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(file)
