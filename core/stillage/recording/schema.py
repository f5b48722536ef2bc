"""The layout of a recording file (``docs/recording.md`` describes it for other programs).

One HDF5 file: fixed numeric datasets, and one JSON text, stored as bytes, for everything that
is not numbers. Nothing else is allowed, which is what makes a foreign file easy to refuse.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from stillage.errors import BadInput
from stillage.task import TaskKind

FORMAT = "stillage-recording"
VERSION = 1
_REGISTERED_VERSION = 2
"""Version of a recording whose streams are registered onto each other; else it is 1."""

VERSIONS = (VERSION, _REGISTERED_VERSION)

DTYPES = (
    "float16", "float32", "float64",
    "int8", "int16", "int32", "int64",
    "uint8", "uint16", "uint32", "uint64",
)  # fmt: skip
"""dtypes of a reading; stored little-endian."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)*")
MAX_NAME = 64
_MAX_TEXT = 1024
MAX_MODALITIES = 64
MAX_TARGETS = 256
MAX_METADATA_BYTES = 32 * 2**20
MAX_ROW_BYTES = 256 * 2**20

Text = Annotated[str, Field(max_length=_MAX_TEXT, pattern=r"^[^\x00-\x1f\x7f]*$")]
_NonEmpty = Annotated[Text, Field(min_length=1)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=1, le=2**40)]
Key = Annotated[str, Field(max_length=MAX_NAME, pattern=f"^{NAME.pattern}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class RegistrationMeta(_Strict):
    """The registration of a stream: a 3 x 3 matrix, row by row, onto pixels of ``onto``."""

    onto: Key
    matrix: tuple[float, ...] = Field(min_length=9, max_length=9)
    error_px: Annotated[float, Field(ge=0)] | None


class ModalityMeta(_Strict):
    """A modality's metadata: a reading's shape (``None``: ragged), dtype, unit, axes and rate.

    ``registration`` is left out of the file where there is none.
    """

    shape: tuple[Size | None, ...] = Field(max_length=8)
    dtype: str
    unit: Text
    axes: tuple[Text, ...] = Field(max_length=8)
    rate_hz: Annotated[float, Field(gt=0)] | None
    rows: Annotated[int, Field(ge=0, le=2**40)]
    registration: RegistrationMeta | None = None


class TargetMeta(_Strict):
    """A target's metadata: its kind, class names in order, unit."""

    kind: TaskKind
    classes: tuple[_NonEmpty, ...] = Field(max_length=65536)
    unit: Text


class Defaults(_Strict):
    """The modalities of teacher and student, and the task, that commands take by default."""

    teacher: tuple[Key, ...] = ()
    student: tuple[Key, ...] = ()
    task: Annotated[str, Field(max_length=MAX_NAME)] = ""


class Metadata(_Strict):
    """The metadata: everything in a recording that is not numbers; the dataset ``/metadata``."""

    samples: Size
    reader: Text
    modalities: dict[Key, ModalityMeta] = Field(max_length=MAX_MODALITIES)
    targets: dict[Key, TargetMeta] = Field(max_length=MAX_TARGETS)
    group_names: tuple[_NonEmpty, ...]
    split_names: tuple[_NonEmpty, ...] | None
    provenance: dict[_NonEmpty, Annotated[str, Field(max_length=65536)]]
    notes: tuple[Annotated[str, Field(max_length=65536)], ...]
    defaults: Defaults
    digests: dict[str, Digest]

    @property
    def version(self) -> int:
        """Version of the layout that these metadata need."""
        registered = any(meta.registration for meta in self.modalities.values())
        return _REGISTERED_VERSION if registered else VERSION

    def plain(self, **options: Any) -> dict[str, Any]:
        """Give the metadata as JSON values, without the key ``registration`` where it is None."""
        content = self.model_dump(mode="json", **options)
        for meta in content["modalities"].values():
            if meta["registration"] is None:
                del meta["registration"]
        return content

    def fingerprint(self) -> str:
        """Compute the SHA-256 (hex) of the content: numbers, names, units; no provenance or notes.

        ``digests`` stand for the numbers, so this costs nothing however large the file is.
        """
        content = self.plain(exclude={"reader", "provenance", "notes", "defaults"})
        text = json.dumps([FORMAT, self.version, content], sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


def check_name(kind: str, name: str) -> None:
    """Refuse a name of a modality or target that cannot name a dataset, a file and an option.

    >>> check_name("modality", "../led")
    Traceback (most recent call last):
        ...
    stillage.errors.BadInput: modality: found name '../led', expected letters, digits, single - or _
    """
    if not isinstance(name, str) or len(name) > MAX_NAME or not NAME.fullmatch(name):
        raise BadInput(kind, f"name {name!r:.80}", "letters, digits, single - or _")


def canonical(array: NDArray[Any]) -> NDArray[Any]:
    """Give the array as it is stored and digested: C order, little-endian."""
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))


def digest(array: NDArray[Any]) -> str:
    """Compute the SHA-256 (hex) of an array's canonical bytes."""
    return hashlib.sha256(canonical(array).data.cast("B") if array.size else b"").hexdigest()


def chunk_shape(
    shape: tuple[int, ...], itemsize: int, budget: int = 2**16, most: int = 2**20
) -> tuple[int, ...]:
    """Choose chunks of about ``budget`` bytes of whole rows; parts of a row beyond ``most``.

    >>> chunk_shape((8,), 4), chunk_shape((300, 300), 1), chunk_shape((480, 640, 9), 1)
    ((2048, 8), (1, 300, 300), (1, 182, 640, 9))
    """
    chunk = list(shape)
    for axis in range(len(shape)):
        if math.prod(chunk) * itemsize <= most:
            break
        chunk[axis] = max(1, most // (math.prod(chunk[axis + 1 :]) * itemsize))
    return (max(1, budget // (math.prod(shape) * itemsize)), *chunk)
