"""The run directory holds a run's configuration, the parts of its stages and its results."""

from __future__ import annotations

import fcntl
import json
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Self

from stillage.errors import BadInput
from stillage.rundir.config import RunConfig
from stillage.rundir.environment import environment
from stillage.rundir.stage import Stage
from stillage.storage.atomic import write_json, write_text

State = Literal["created", "running", "interrupted", "failed", "incomplete", "finished"]


class RunDir:
    """A run directory; :meth:`create` makes one and :meth:`open` finds one.

    ``config.toml`` (complete), ``environment.json``, ``status.json``, ``stages/``, and once
    finished ``kpis.json`` (figures only), ``replicas.h5`` and ``report.html``.
    """

    def __init__(self, path: Path, config: RunConfig) -> None:
        self.path = path
        self.config = config

    @classmethod
    def create(cls, path: Path | str | None, config: RunConfig) -> Self:
        """Make a run directory; with no path, the next free ``runs/<scenario>-<n>``.

        Raises
        ------
        BadInput
            If the path holds a run already (finished or not), other files, or cannot be
            written to.
        """
        try:
            folder = _numbered(config.scenario) if path is None else _explicit(Path(path))
            write_json(folder / "environment.json", environment())
            write_text(folder / "config.toml", config.to_toml())
        except OSError as error:
            where = path if path is not None else "runs"
            raise BadInput(where, error.strerror or error, "a folder to write to") from error
        run = cls(folder, config)
        run.set_status("created")
        return run

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open an existing run directory.

        Raises
        ------
        BadInput
            If there is none or its configuration is damaged.
        """
        folder = Path(path)
        if not (folder / "config.toml").is_file():
            found = "no config.toml" if folder.is_dir() else "no such folder"
            found = "a file" if folder.is_file() else found
            raise BadInput(folder, found, "a run directory")
        return cls(folder, RunConfig.load(folder / "config.toml"))

    @property
    def report(self) -> Path:
        """Path of the report."""
        return self.path / "report.html"

    @property
    def resume_command(self) -> str:
        """The shell command that resumes the run."""
        return f"stillage resume {shlex.quote(str(self.path))}"

    @property
    def status(self) -> dict[str, Any]:
        """The contents of ``status.json``: ``state``, ``stage``, ``resume``."""
        return self.read_json("status.json")

    @property
    def finished(self) -> bool:
        """Whether the run came to its end and its figures were written."""
        return self.status.get("state") == "finished" and (self.path / "kpis.json").is_file()

    def set_status(self, state: State, stage: str = "", message: str = "") -> None:
        """Write ``status.json``."""
        status = {"state": state, "stage": stage, "message": message}
        write_json(self.path / "status.json", {**status, "resume": self.resume_command})

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a JSON object of the folder; ``{}`` if there is no such file.

        Raises
        ------
        BadInput
            If the file is there and no JSON object.
        """
        try:
            value = json.loads((self.path / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (ValueError, RecursionError) as error:
            raise BadInput(self.path / name, "no JSON", "a JSON object") from error
        if not isinstance(value, dict):
            raise BadInput(self.path / name, type(value).__name__, "a JSON object")
        return value

    def kpis(self) -> dict[str, Any]:
        """Read the figures of a finished run.

        Raises
        ------
        BadInput
            If the run has none yet.
        """
        if not (self.path / "kpis.json").is_file():
            raise BadInput(self.path, "no kpis.json", f"a finished run ({self.resume_command})")
        return self.read_json("kpis.json")

    def stage_folder(self, name: str) -> Path:
        """Give the folder in which a stage keeps its parts."""
        return self.path / "stages" / name

    def stage(self, name: str, inputs: Mapping[str, Any]) -> Stage:
        """Make the stage ``name`` for these inputs."""
        return Stage(self.stage_folder(name), inputs)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the folder against a second driver; a killed driver's lock is released.

        Raises
        ------
        BadInput
            If another process works on it.
        """
        with (self.path / ".lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise BadInput(self.path, "another run at work on it", "one at a time") from None
            yield


def _explicit(path: Path) -> Path:
    if (path / "config.toml").exists():
        state = "a finished run" if RunDir.open(path).finished else "an unfinished run"
        command = RunDir(path, RunConfig(scenario="")).resume_command
        raise BadInput(path, state, f"a new folder, or `{command}`")
    if path.exists() and not path.is_dir():
        raise BadInput(path, "a file", "a folder to write to")
    if path.is_dir() and any(path.iterdir()):
        raise BadInput(path, "a folder with other files in it", "a new or empty folder")
    path.mkdir(parents=True, exist_ok=True)
    return path


def _numbered(scenario: str) -> Path:
    number = 1
    while True:
        path = Path("runs") / f"{scenario}-{number}"
        try:
            # making it claims the number, also against a run that starts at the same moment
            path.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return path
