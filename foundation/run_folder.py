"""runs/<run id>/: the folder through which a launcher and one child process speak.

In: `config.yaml` (the sections of the configuration that the step may read, composed once by the launcher) and
`inputs.json` (the parents' receipts).
Out: `log.txt` (written by the launcher), whatever the step makes, and last of all `result.json`. Success is exit code 0
*and* a `result.json` of this run.

`result.json` holds the step's receipt and the sha256 of every file that the step was given and left, under one seal
(foundation.sealed_file says what that protects against, and what not). Both are compared whenever the result is used
again: by the step that finds it finished, and by every step that takes it as an input.
"""

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, TypeVar

import yaml
from pydantic import BaseModel

from foundation.digests import digests_of, file_names, text_sha256
from foundation.sealed_file import read_sealed, write_sealed
from foundation.state_file import read_state
from foundation.whole_file import write_whole

Model = TypeVar("Model", bound=BaseModel)
Inputs = TypeVar("Inputs")
WRITTEN_BY_THE_LAUNCHER = "start the step with `graspline run`, which writes it before it starts this process"
RESULT = "result.json"
WORKINGS = {RESULT, "log.txt", "lock", "checkpoints", "mlflow_run_id.txt"}
"""What a run keeps for itself and nobody reads as a result: not sealed, as little as hidden files."""


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
            ValueError: the folder holds no request, or a value in it is wrong.
            KeyError: the step was not given this section, so it does not count in the step's identity.
        """
        file = self.path / "config.yaml"
        try:
            sections = yaml.safe_load(file.read_bytes())
        except FileNotFoundError as error:
            raise ValueError(f"{file} is missing: {WRITTEN_BY_THE_LAUNCHER}") from error
        except yaml.YAMLError as error:
            raise ValueError(f"{file} is damaged, it is no YAML: {WRITTEN_BY_THE_LAUNCHER}") from error
        if not isinstance(sections, dict):
            raise ValueError(f"{file} is damaged, it holds no sections: {WRITTEN_BY_THE_LAUNCHER}")
        return model.model_validate(sections[name])

    def input(self, name: str, model: type[Model]) -> Model:
        """One parent's receipt out of inputs.json."""
        return model.model_validate(self.inputs(dict[str, Any])[name])

    def inputs(self, kind: type[Inputs]) -> Inputs:
        """All of inputs.json. ValueError: it is missing or damaged."""
        return read_state(self.path / "inputs.json", kind, WRITTEN_BY_THE_LAUNCHER)

    def finish(self, receipt: dict[str, Any]) -> None:
        """Child, rank 0, last act: seal the receipt with this run's id and the sha256 of every file of the run."""
        files = digests_of(self.path, self._names())
        write_sealed(self.path / RESULT, {"run_id": self.run_id, "receipt": receipt, "files": files})

    def result(self) -> dict[str, Any] | None:
        """The receipt that the child left, or None where it did not get to its end.

        Raises:
            ValueError: the receipt or a file is not what the run left, or the result is another run's. A file that is
                gone is no error here, see `missing`.
        """
        content = self._content()
        if content is None:
            return None
        changed = self._changed(content)
        if changed and (now := self._content()) is not None and now != content:  # `rewrite`, this moment
            content, changed = now, self._changed(now)
        if changed:
            more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
            names = ", ".join(str(self.path / name) for name in changed[:3])
            raise ValueError(f"{names}{more} changed after the run was finished: {self._fix}")
        receipt: dict[str, Any] = content["receipt"]
        return receipt

    def missing(self) -> list[str]:
        """Files of the finished run that are not there any more, relative to its folder."""
        content = self._content()
        return sorted(content["files"].keys() - set(self._names())) if content else []

    def assert_left(self, receipt: dict[str, Any]) -> None:
        """To be called by whoever takes a receipt of this run as an input.

        Raises:
            ValueError: the run left another receipt or none, or one of its files changed or is gone.
        """
        if _plain(self.result()) != _plain(receipt):
            raise ValueError(f"{self.path} is not finished, or left another result than is used here: run again")
        if missing := self.missing():
            raise ValueError(f"{self.path / missing[0]} is gone: run again, which makes it anew")

    def rewrite(self, name: str, text: str) -> None:
        """Launcher: put another text into one of the finished run's files, and seal it with the rest.

        The new text is sealed before it is written, beside the old one: stopped in between, either is right.

        Raises:
            ValueError: the run is not what it was; nothing is written.
        """
        content = self._content()
        if content is None or self.result() is None:
            raise ValueError(f"{self.path} is not finished: run again")
        now = digests_of(self.path, self._names()).get(name, "")
        content["files"][name] = " ".join(dict.fromkeys([now, text_sha256(text)])).strip()
        write_sealed(self.path / RESULT, content)
        write_whole(self.path / name, text)

    def _changed(self, content: dict[str, Any]) -> list[str]:
        """Files that are not what the run left."""
        sealed, there = content["files"], digests_of(self.path, self._names())
        return [name for name, digest in there.items() if digest not in sealed.get(name, "").split()]

    @property
    def _fix(self) -> str:
        return f"remove {self.path} and run again"

    def _content(self) -> dict[str, Any] | None:
        file = self.path / RESULT
        if not file.exists():
            return None
        content = read_sealed(file, self._fix)
        if content.get("run_id") != self.run_id:
            raise ValueError(f"{file} belongs to another run: {self._fix}")
        return content

    def _names(self) -> list[str]:
        """Every file that counts, relative to the folder."""
        return [
            name
            for name in file_names(self.path)
            if not name.startswith(".") and name.partition("/")[0] not in WORKINGS
        ]

    def worker(self) -> str | None:
        """The process that works in this folder now; None: nobody does."""
        file = self.path / "lock"
        if not file.exists():
            return None
        with file.open("a+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return _owner(lock)
        return None

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
                raise ValueError(
                    f"run folder {self.path} is in use by process {_owner(lock)}: wait for it to end, or stop it"
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield


def _owner(lock: TextIO) -> str:
    lock.seek(0)
    return lock.read().strip() or "unknown"


def _plain(receipt: dict[str, Any] | None) -> str:
    """A receipt as text, to be compared: NaN in it is equal to NaN."""
    return json.dumps(json.loads(json.dumps(receipt)), sort_keys=True)
