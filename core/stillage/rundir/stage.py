"""A stage of a run is a folder whose parts are whole or absent, keyed by its inputs."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stillage.storage.atomic import write_json


def content_key(value: Any) -> str:
    """Compute the sha256 of a JSON value, independent of the order of its keys.

    >>> content_key({"a": 1, "b": 2}) == content_key({"b": 2, "a": 1}) != content_key({})
    True
    """
    text = json.dumps(value, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class Stage:
    """A stage of a run, kept in a folder.

    ``stage.json`` holds the key of the inputs that its parts were made from, and
    ``done.json`` appears when all are written. A folder made from other inputs is emptied
    first, and ``stale`` is then true. Parts are written with :mod:`stillage.storage.atomic`, so
    those that a killed run leaves are whole, and only missing ones are made again.

    Parameters
    ----------
    folder : Path
        Where the parts lie; its name is the stage's.
    inputs : mapping
        JSON values that decide the parts, the keys of earlier stages among them.
    """

    def __init__(self, folder: Path, inputs: Mapping[str, Any]) -> None:
        self.folder = folder
        self.inputs = dict(inputs)
        self.key = content_key(self.inputs)
        self.stale = False

    @property
    def name(self) -> str:
        """The stage's name."""
        return self.folder.name

    @property
    def finished(self) -> bool:
        """Whether all parts were made, from these very inputs."""
        return self._stored("done.json") == self.key == self._stored("stage.json")

    def _stored(self, name: str) -> str | None:
        try:
            value = json.loads((self.folder / name).read_text(encoding="utf-8"))
            return str(value["key"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def begin(self) -> None:
        """Prepare the folder: empty it if made from other inputs, and drop unfinished parts."""
        before = self._stored("stage.json")
        if self.folder.exists() and before != self.key:
            self.stale = before is not None
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "done.json").unlink(missing_ok=True)
        for part in self.folder.rglob(".*.part"):
            shutil.rmtree(part) if part.is_dir() else part.unlink()
        write_json(self.folder / "stage.json", {"inputs": self.inputs, "key": self.key})

    def finish(self) -> None:
        """Mark the stage as finished: all its parts are written."""
        write_json(self.folder / "done.json", {"key": self.key})
