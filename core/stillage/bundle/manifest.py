"""Read a bundle's manifest and files, which may come from anywhere."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillage.bundle.readout import head_width
from stillage.errors import BadInput

FORMAT_VERSION = 1
FILES = {"fp32": "model.onnx", "int8": "model.int8.onnx"}
"""File of each precision; a manifest cannot name others."""

MAX_MANIFEST_BYTES = 4 << 20
MAX_MODEL_BYTES = 1 << 30
_MAX_READING_ELEMENTS = 1 << 28
_NAME = re.compile(r"[A-Za-z0-9][\w.+ -]{0,127}")
_DTYPES = ("bool", "uint8", "int8", "uint16", "int16", "int32", "int64", "float32", "float64")


@dataclass(frozen=True)
class BundleModality:
    """A modality that the bundle reads: raw shape without the batch axis, dtype and unit.

    ``energy_j`` and ``time_s`` are what its sensor spends on a reading.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    unit: str
    energy_j: float = 0.0
    time_s: float = 0.0


@dataclass(frozen=True)
class BundleTask:
    """A target that the bundle predicts."""

    target: str
    kind: str
    classes: tuple[str, ...]
    unit: str

    @property
    def width(self) -> int:
        """Raw outputs of the head."""
        return head_width(self.kind, len(self.classes))


def want(condition: bool, where: str, found: object, expected: str) -> None:
    """Raise BadInput with what was found, shortened, unless the condition holds."""
    if not condition:
        raise BadInput(where, repr(found)[:80], expected)


def read_file(folder: Path, name: str, limit: int) -> bytes:
    """Read one plain file of the folder, whole; never through a link, never above ``limit``."""
    path = folder / name
    try:
        if path.is_symlink() or not path.is_file():
            raise BadInput(path, "no such plain file", "a file of the bundle")
        if path.stat().st_size > limit:
            raise BadInput(path, f"{path.stat().st_size} bytes", f"at most {limit}")
        return path.read_bytes()
    except OSError as error:
        raise BadInput(path, error.strerror or error, "a readable file") from None


def modality_entry(entry: Any, where: str) -> BundleModality:
    """Read a modality from its entry in a manifest."""
    want(isinstance(entry, dict), where, entry, "a modality")
    name, shape, dtype = entry.get("name"), entry.get("shape"), entry.get("dtype")
    want(isinstance(name, str) and bool(_NAME.fullmatch(name)), where, name, "a modality's name")
    want(dtype in _DTYPES, f"{where}: {name}", dtype, f"a dtype of {', '.join(_DTYPES)}")
    fits = isinstance(shape, list) and len(shape) <= 8
    # type(), since True is an int to isinstance, and no size
    fits = fits and all(type(size) is int and 0 < size <= _MAX_READING_ELEMENTS for size in shape)
    want(fits and math.prod(shape) <= _MAX_READING_ELEMENTS, f"{where}: {name}", shape, "a shape")
    where, cost = f"{where}: {name}", entry.get("cost")
    want(isinstance(cost, dict), where, cost, "a cost")
    spent = [_spent(cost.get(key), f"{where}: {key}") for key in ("energy_j", "time_s")]
    return BundleModality(name, tuple(shape), dtype, str(entry.get("unit", ""))[:64], *spent)


def _spent(value: Any, where: str) -> float:
    want(type(value) in (int, float) and 0 <= value < 1e9, where, value, "a number of J or s")
    return float(value)


def task_entry(entry: Any, where: str) -> BundleTask:
    """Read a task from its entry in a manifest."""
    want(isinstance(entry, dict), where, entry, "a task")
    target, kind, classes = entry.get("target"), entry.get("kind"), entry.get("classes", [])
    want(isinstance(target, str) and 0 < len(target) <= 128, where, target, "a target's name")
    where = f"{where}: {target}"
    want(kind in ("classification", "ordinal", "regression"), where, kind, "a kind of task")
    fits = isinstance(classes, list) and all(isinstance(name, str) for name in classes)
    want(fits and len(classes) <= 65536, where, classes, "a list of class names")
    want(kind == "regression" or len(classes) >= 2, where, classes, "at least two classes")
    return BundleTask(target, kind, tuple(classes), str(entry.get("unit", ""))[:64])


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read a bundle folder's manifest; entries of its lists are checked one by one later."""
    where = folder / "manifest.json"
    content = read_file(folder, "manifest.json", MAX_MANIFEST_BYTES)
    try:
        manifest = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadInput(where, f"no JSON ({error})", "a bundle's manifest") from None
    want(isinstance(manifest, dict), str(where), manifest, "a bundle's manifest")
    version = manifest.get("format_version")
    want(version == FORMAT_VERSION, str(where), f"format {version!r}", f"format {FORMAT_VERSION}")
    for key in ("modalities", "tasks"):
        value = manifest.get(key)
        fits = isinstance(value, list) and 0 < len(value) <= 256
        want(fits, f"{where}: {key}", value, "a list of 1 to 256 entries")
    content_of: dict[str, Any] = manifest
    files = content_of.get("files")
    fits = isinstance(files, dict) and "fp32" in files and set(files) <= set(FILES)
    want(fits, f"{where}: files", files, f"entries of {', '.join(FILES)}")
    return content_of
