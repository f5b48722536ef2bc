"""Run an exported student where nothing but onnxruntime and NumPy is installed.

A bundle is a folder with ``manifest.json``, ``model.onnx`` and, if it was quantised,
``model.int8.onnx``. Raw readings go in; preprocessing is part of the graph. The graph takes
one reading at a time, as a device does, so what a reading gives never depends on its
neighbours in a batch.

Bundles may come from anywhere: files have fixed names, are checked against the manifest's
sizes and hashes, may not refer to other files, and run in bounded memory.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.onnxscan import check_onnx
from stillage.readout import head_width, readout

FORMAT_VERSION = 1
FILES = {"fp32": "model.onnx", "int8": "model.int8.onnx"}
"""File of each precision; a manifest cannot name others."""

MAX_MANIFEST_BYTES = 4 << 20
MAX_MODEL_BYTES = 1 << 30
MAX_READING_ELEMENTS = 1 << 28
MAX_ARENA_BYTES = 1 << 30
"""Memory that all models opened in one process may take together."""

_NAME = re.compile(r"[A-Za-z0-9][\w.+ -]{0,127}")
_DTYPES = ("bool", "uint8", "int8", "uint16", "int16", "int32", "int64", "float32", "float64")
_ONNX_TYPES = {"bool": "bool", "float32": "float", "float64": "double"}
_arena: list[bool] = []


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


def _want(condition: bool, where: str, found: object, expected: str) -> None:
    if not condition:
        raise BadInput(where, repr(found)[:80], expected)


def _file(folder: Path, name: str, limit: int) -> bytes:
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


def _modality(entry: Any, where: str) -> BundleModality:
    _want(isinstance(entry, dict), where, entry, "a modality")
    name, shape, dtype = entry.get("name"), entry.get("shape"), entry.get("dtype")
    _want(isinstance(name, str) and bool(_NAME.fullmatch(name)), where, name, "a modality's name")
    _want(dtype in _DTYPES, f"{where}: {name}", dtype, f"a dtype of {', '.join(_DTYPES)}")
    fits = isinstance(shape, list) and len(shape) <= 8
    fits = fits and all(type(size) is int and 0 < size <= MAX_READING_ELEMENTS for size in shape)
    _want(fits and math.prod(shape) <= MAX_READING_ELEMENTS, f"{where}: {name}", shape, "a shape")
    cost = entry.get("cost")
    spent = [cost.get(key) if isinstance(cost, dict) else None for key in ("energy_j", "time_s")]
    fits = all(type(value) in (int, float) and 0 <= value < 1e9 for value in spent)
    _want(fits, f"{where}: {name}", cost, "a cost with energy_j and time_s")
    energy, seconds = map(float, spent)
    return BundleModality(
        name, tuple(shape), dtype, str(entry.get("unit", ""))[:64], energy, seconds
    )


def _task(entry: Any, where: str) -> BundleTask:
    _want(isinstance(entry, dict), where, entry, "a task")
    target, kind, classes = entry.get("target"), entry.get("kind"), entry.get("classes", [])
    _want(isinstance(target, str) and 0 < len(target) <= 128, where, target, "a target's name")
    where = f"{where}: {target}"
    _want(kind in ("classification", "ordinal", "regression"), where, kind, "a kind of task")
    fits = isinstance(classes, list) and all(isinstance(name, str) for name in classes)
    _want(fits and len(classes) <= 65536, where, classes, "a list of class names")
    _want(kind == "regression" or len(classes) >= 2, where, classes, "at least two classes")
    return BundleTask(target, kind, tuple(classes), str(entry.get("unit", ""))[:64])


def _read_manifest(folder: Path) -> dict[str, Any]:
    where = folder / "manifest.json"
    content = _file(folder, "manifest.json", MAX_MANIFEST_BYTES)
    try:
        manifest = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadInput(where, f"no JSON ({error})", "a bundle's manifest") from None
    _want(isinstance(manifest, dict), str(where), manifest, "a bundle's manifest")
    version = manifest.get("format_version")
    _want(version == FORMAT_VERSION, str(where), f"format {version!r}", f"format {FORMAT_VERSION}")
    for key in ("modalities", "tasks"):
        value = manifest.get(key)
        fits = isinstance(value, list) and 0 < len(value) <= 256
        _want(fits, f"{where}: {key}", value, "a list of 1 to 256 entries")
    content_of: dict[str, Any] = manifest
    files = content_of.get("files")
    fits = isinstance(files, dict) and "fp32" in files and set(files) <= set(FILES)
    _want(fits, f"{where}: files", files, f"entries of {', '.join(FILES)}")
    return content_of


def _session(content: bytes, where: Path, threads: int) -> Any:
    """An onnxruntime session in bounded memory; its errors become one line."""
    if not _arena:
        memory = onnxruntime.OrtMemoryInfo(
            "Cpu",
            onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR,
            0,
            onnxruntime.OrtMemType.DEFAULT,
        )
        limit = onnxruntime.OrtArenaCfg({"max_mem": MAX_ARENA_BYTES, "arena_extend_strategy": 1})
        onnxruntime.create_and_register_allocator(memory, limit)
        _arena.append(True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no narrower class
        raise BadInput(where, str(error)[:160], "a model that onnxruntime can load") from None


class Bundle:
    """An exported student.

    Open one with :meth:`open`. ``manifest`` holds what was measured at export (latency,
    parity, size); nothing in it is trusted to bound memory or to find files.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any], threads: int = 1) -> None:
        where = str(folder / "manifest.json")
        self.folder = folder
        self.manifest = manifest
        entries = [_modality(entry, where) for entry in manifest["modalities"]]
        self.modalities = {entry.name: entry for entry in entries}
        tasks = [_task(entry, where) for entry in manifest["tasks"]]
        self.tasks = {task.target: task for task in tasks}
        _want(len(self.modalities) == len(entries), where, list(self.modalities), "unique names")
        _want(len(self.tasks) == len(tasks), where, list(self.tasks), "unique targets")
        _want("features" not in self.tasks, where, "a target 'features'", "another name")
        self.precisions = tuple(name for name in FILES if name in manifest["files"])
        self._threads = threads
        self._sessions: dict[str, Any] = {}

    @classmethod
    def open(cls, folder: Path | str, threads: int = 1) -> Bundle:
        """Open a bundle folder and check its manifest and its FP32 model.

        Raises
        ------
        BadInput
            If the folder is no bundle, or a damaged or hostile one; one line.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise BadInput(folder, "no folder", "a bundle made by `stillage export`")
        bundle = cls(folder, _read_manifest(folder), threads)
        bundle.session("fp32")
        return bundle

    @property
    def fingerprint(self) -> str:
        """sha256 of the FP32 model, hexadecimal; checked when the model is loaded."""
        return str(self.manifest["files"]["fp32"].get("sha256"))

    def work(self, precision: str) -> tuple[float, float]:
        """MACs and bytes moved of one inference, as counted at export.

        Raises
        ------
        BadInput
            If the manifest lacks them.
        """
        moved = self.manifest.get("moved_bytes")
        numbers = (
            self.manifest.get("macs"),
            moved.get(precision) if isinstance(moved, dict) else 0,
        )
        for number in numbers:
            fits = isinstance(number, int | float) and 0 < number < 1e18
            _want(fits, f"{self.folder}: macs and moved_bytes", number, "positive numbers")
        return float(numbers[0] or 0), float(numbers[1] or 0)

    def session(self, precision: str) -> Any:
        """The onnxruntime session of a precision, loaded and checked on first use."""
        if precision not in self.precisions:
            raise BadInput(
                self.folder, f"no precision {precision!r}", f"one of {', '.join(self.precisions)}"
            )
        if precision not in self._sessions:
            path = self.folder / FILES[precision]
            content = _file(self.folder, FILES[precision], MAX_MODEL_BYTES)
            entry = self.manifest["files"][precision]
            stated = entry.get("sha256") if isinstance(entry, dict) else None
            if hashlib.sha256(content).hexdigest() != stated:
                raise BadInput(path, "content of another hash", "the file that was exported")
            check_onnx(content, str(path))
            session = _session(content, path, self._threads)
            self._check_graph(session, path)
            self._sessions[precision] = session
        return self._sessions[precision]

    def _check_graph(self, session: Any, path: Path) -> None:
        """Inputs and outputs must be those of the manifest, for one reading."""
        wanted = {
            f"reading.{m.name}": (_ONNX_TYPES.get(m.dtype, m.dtype), [1, *m.shape])
            for m in self.modalities.values()
        }
        if len(self.modalities) > 1:
            wanted |= {f"presence.{name}": ("bool", [1]) for name in self.modalities}
        have = {i.name: (i.type[7:-1], list(i.shape)) for i in session.get_inputs()}
        _want(have == wanted, str(path), have, f"the inputs {wanted} of the manifest")
        outputs = [f"head.{target}" for target in self.tasks] + ["features"]
        names = [o.name for o in session.get_outputs()]
        _want(names == outputs, str(path), names, f"the outputs {outputs} of the manifest")

    def feeds(
        self,
        readings: Mapping[str, NDArray[Any]],
        presence: Mapping[str, NDArray[np.bool_]] | None = None,
    ) -> dict[str, NDArray[Any]]:
        """Checked graph inputs, batch axis first, of raw readings; see :meth:`predict`.

        Absent readings are zeroed, so that what stands in their rows cannot matter.
        """
        presence = presence or {}
        for name in (*readings, *presence):
            if name not in self.modalities:
                raise BadInput("readings", f"modality {name!r}", f"of {', '.join(self.modalities)}")
        if not readings:
            raise BadInput("readings", "none", f"some of {', '.join(self.modalities)}")
        count = len(next(iter(readings.values())))
        feeds: dict[str, NDArray[Any]] = {}
        there: dict[str, NDArray[Any]] = {}
        for modality in self.modalities.values():
            wanted, where = (count, *modality.shape), f"modality {modality.name!r}"
            if modality.name not in readings:
                _want(len(self.modalities) > 1, where, "no reading", f"shape {wanted}")
                feeds[f"reading.{modality.name}"] = np.zeros(wanted, modality.dtype)
                there[f"presence.{modality.name}"] = np.zeros(count, bool)
                continue
            raw = np.asarray(readings[modality.name])
            if raw.shape != wanted or raw.dtype != modality.dtype:
                raise BadInput(where, f"{raw.dtype} {raw.shape}", f"{modality.dtype} {wanted}")
            mask = np.asarray(presence.get(modality.name, np.ones(count, bool)), bool)
            _want(mask.shape == (count,), where, f"presence of shape {mask.shape}", f"({count},)")
            if not mask.all():
                raw = raw.copy()
                raw[~mask] = 0
            if np.issubdtype(raw.dtype, np.floating) and not np.isfinite(raw).all():
                bad = tuple(map(int, np.argwhere(~np.isfinite(raw))[0]))
                raise BadInput(where, f"NaN or infinity at {bad}", "finite readings")
            there[f"presence.{modality.name}"] = mask
            feeds[f"reading.{modality.name}"] = raw
        if len(self.modalities) > 1:
            return feeds | there
        alone = all(mask.all() for mask in there.values())
        _want(alone, "readings", "an absent reading", "every reading present")
        return feeds

    def run(
        self,
        readings: Mapping[str, NDArray[Any]],
        presence: Mapping[str, NDArray[np.bool_]] | None = None,
        precision: str = "fp32",
    ) -> dict[str, NDArray[np.float32]]:
        """Raw head outputs ``head.<target>`` (B, width) and ``features`` (B, D), float32."""
        session = self.session(precision)
        feeds = self.feeds(readings, presence)
        names = [output.name for output in session.get_outputs()]
        rows: list[list[NDArray[np.float32]]] = []
        try:
            for row in range(len(next(iter(feeds.values())))):
                one = {name: values[row : row + 1] for name, values in feeds.items()}
                rows.append(session.run(names, one))
        except Exception as error:  # onnxruntime's errors share no narrower class
            where = self.folder / FILES[precision]
            raise BadInput(where, str(error)[:160], "a model that runs") from None
        outputs = {
            name: np.concatenate([row[k] for row in rows]) if rows else np.zeros((0, 1), np.float32)
            for k, name in enumerate(names)
        }
        for target, task in self.tasks.items():
            shape = outputs[f"head.{target}"].shape
            fits = shape == (len(rows), task.width) or not rows
            _want(fits, str(self.folder), shape, f"head outputs of width {task.width}")
        return outputs

    def predict(
        self,
        readings: Mapping[str, NDArray[Any]],
        presence: Mapping[str, NDArray[np.bool_]] | None = None,
        precision: str = "fp32",
    ) -> dict[str, NDArray[Any]]:
        """What the student says of raw readings.

        Parameters
        ----------
        readings : mapping of modality to array (B, *shape)
            Raw, in the manifest's dtype and unit. A modality left out is absent.
        presence : mapping of modality to bool array (B,), optional
            False where a reading is absent; only for bundles of several modalities.
        precision : str
            ``"fp32"`` or ``"int8"``.

        Returns
        -------
        dict
            For every target, probabilities (B, K) float64, or values (B,) in the target's
            unit; and ``"features"`` (B, D) float32.

        Raises
        ------
        BadInput
            One line on an unknown modality, another shape or dtype, or NaN.
        """
        outputs = self.run(readings, presence, precision)
        said: dict[str, NDArray[Any]] = {
            target: readout(task.kind, outputs[f"head.{target}"])
            for target, task in self.tasks.items()
        }
        return {**said, "features": outputs["features"]}
