"""Training records: the groups that a model has learnt from, kept in a file beside the model.

With them a model is never tested on what it has seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stillage.errors import BadInput
from stillage.storage.atomic import write_json

FILE = "training.json"
"""Name of the record in a saved model's folder and in a bundle."""

MAX_BYTES = 256 << 20


@dataclass(frozen=True)
class Training:
    """A record of the groups of a recording that a model has seen, with or without labels.

    ``recording`` is the recording's fingerprint.
    """

    recording: str
    groups: frozenset[str]

    def save(self, folder: Path) -> None:
        """Write the record into the model's folder."""
        write_json(folder / FILE, {"recording": self.recording, "groups": sorted(self.groups)})

    @classmethod
    def load(cls, folder: Path) -> Training | None:
        """Read the record from a model's folder; None where there is none.

        Raises
        ------
        BadInput
            If the file is there and is no training record.
        """
        path = folder / FILE
        if not path.is_file():
            return None
        if path.is_symlink() or path.stat().st_size > MAX_BYTES:
            raise BadInput(path, "a link, or too large a file", f"at most {MAX_BYTES} bytes")
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            recording, groups = value["recording"], value["groups"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BadInput(path, f"no training record ({error})", "recording and groups") from None
        if not isinstance(recording, str) or not isinstance(groups, list):
            raise BadInput(path, "other types", "a fingerprint and a list of groups")
        return cls(recording, frozenset(map(str, groups)))


def training(recording: str, groups: Iterable[object]) -> Training:
    """Make the record of a training on these groups.

    >>> sorted(training("abc", ["b", "a", "b"]).groups)
    ['a', 'b']
    """
    return Training(recording, frozenset(map(str, groups)))
