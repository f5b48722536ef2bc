"""Save and load learned policies: a validated description and arrays, no pickled object.

A saved policy is a folder with ``policy.json`` (what it sees, what it reads and chooses) and
``arrays.npz``. Nothing in it is executed, and every size is checked before it is used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from stillage.errors import BadInput
from stillage.recording.readings import load_arrays, save_arrays
from stillage.storage.atomic import atomic_folder
from stillage.storage.description import read_description
from stillage_sim.policy.learned import LearnedPolicy
from stillage_sim.policy.protocol import ARRAYS, FILE
from stillage_sim.policy.scoring import MOST, Scorer

MAX_BYTES, MAX_ARRAY_BYTES = 1 << 20, 256 << 20

Size = Annotated[int, Field(ge=1, le=MOST)]


class StoredPolicy(BaseModel):
    """The content of ``policy.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format_version: Literal[1] = 1
    sees: Annotated[str, Field(min_length=1, max_length=200)]
    fields: Annotated[tuple[tuple[str, tuple[Size, ...]], ...], Field(min_length=1, max_length=100)]
    choices: Annotated[tuple[Size, ...], Field(min_length=1, max_length=100_000)]
    summary: str = ""


def save_policy(policy: LearnedPolicy, folder: Path | str) -> None:
    """Write a policy's folder, atomically."""
    stored = StoredPolicy(
        sees=policy.sees, fields=policy.fields, choices=policy.choices, summary=policy.summary
    )
    arrays = policy.scorer._asdict()
    with atomic_folder(folder) as part:
        (part / FILE).write_text(stored.model_dump_json(indent=1), encoding="utf-8")
        save_arrays(part / ARRAYS, {k: v for k, v in arrays.items() if k != "choices"})


def load_policy(folder: Path | str) -> LearnedPolicy:
    """Read what :func:`save_policy` wrote.

    Raises
    ------
    BadInput
        One line for a folder that is damaged, hostile or of another kind.
    """
    folder = Path(folder)
    stored = read_description(folder / FILE, StoredPolicy, MAX_BYTES, "a saved policy")
    file = folder / ARRAYS
    arrays = load_arrays(file, MAX_ARRAY_BYTES)
    wanted = set(Scorer._fields) - {"choices"}
    if set(arrays) != wanted:
        raise BadInput(file, f"arrays {sorted(arrays)}", f"those of {sorted(wanted)}")
    scorer = Scorer(choices=np.array(stored.choices, np.int64), **arrays)
    try:
        return LearnedPolicy(stored.sees, stored.fields, stored.choices, scorer, stored.summary)
    except BadInput as error:
        raise BadInput(f"{folder}: {error}") from None
