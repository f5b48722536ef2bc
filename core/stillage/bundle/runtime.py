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
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from stillage.bundle.manifest import (
    FILES,
    FORMAT_VERSION,
    MAX_MODEL_BYTES,
    BundleModality,
    BundleTask,
    modality_entry,
    read_file,
    read_manifest,
    task_entry,
    want,
)
from stillage.bundle.onnxscan import check_onnx
from stillage.bundle.readout import readout
from stillage.errors import BadInput

_MAX_ARENA_BYTES = 1 << 30
"""Memory that all models opened in one process may take together."""

_ONNX_TYPES = {"bool": "bool", "float32": "float", "float64": "double"}
_arena: list[bool] = []


def _session(content: bytes, where: Path, threads: int) -> Any:
    """Load a model in an onnxruntime session of bounded memory; its errors become one line."""
    if not _arena:  # one arena for the process, so that its limit holds for all sessions together
        memory = onnxruntime.OrtMemoryInfo(
            "Cpu",
            onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR,
            0,
            onnxruntime.OrtMemType.DEFAULT,
        )
        limit = onnxruntime.OrtArenaCfg({"max_mem": _MAX_ARENA_BYTES, "arena_extend_strategy": 1})
        onnxruntime.create_and_register_allocator(memory, limit)
        _arena.append(True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # fatal ones alone: all others are raised
    options.add_session_config_entry("session.use_env_allocators", "1")
    # never onnxruntime's own format, which check_onnx cannot read
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no narrower class
        raise BadInput(where, str(error)[:160], "a model that onnxruntime can load") from None


__all__ = ["FILES", "FORMAT_VERSION", "Bundle", "BundleModality", "BundleTask"]


class Bundle:
    """A bundle: an exported student, read from its folder.

    Open one with :meth:`open`. ``manifest`` holds what was measured at export (latency,
    parity, size); nothing in it is trusted to bound memory or to find files.
    For an example, see docs/export.md.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any], threads: int = 1) -> None:
        where = str(folder / "manifest.json")
        self.folder = folder
        self.manifest = manifest
        entries = [modality_entry(entry, where) for entry in manifest["modalities"]]
        self.modalities = {entry.name: entry for entry in entries}
        tasks = [task_entry(entry, where) for entry in manifest["tasks"]]
        self.tasks = {task.target: task for task in tasks}
        want(len(self.modalities) == len(entries), where, list(self.modalities), "unique names")
        want(len(self.tasks) == len(tasks), where, list(self.tasks), "unique targets")
        want("features" not in self.tasks, where, "a target 'features'", "another name")
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
        bundle = cls(folder, read_manifest(folder), threads)
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
            want(fits, f"{self.folder}: macs and moved_bytes", number, "positive numbers")
        return float(numbers[0] or 0), float(numbers[1] or 0)

    def session(self, precision: str) -> Any:
        """Give the onnxruntime session of a precision, loaded and checked on first use."""
        if precision not in self.precisions:
            raise BadInput(
                self.folder, f"no precision {precision!r}", f"one of {', '.join(self.precisions)}"
            )
        if precision not in self._sessions:
            path = self.folder / FILES[precision]
            content = read_file(self.folder, FILES[precision], MAX_MODEL_BYTES)
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
        """Refuse a graph without the inputs and outputs of the manifest, for one reading."""
        wanted = {
            f"reading.{m.name}": (_ONNX_TYPES.get(m.dtype, m.dtype), [1, *m.shape])
            for m in self.modalities.values()
        }
        if len(self.modalities) > 1:
            wanted |= {f"presence.{name}": ("bool", [1]) for name in self.modalities}
        # [7:-1] leaves "float" of "tensor(float)"
        have = {i.name: (i.type[7:-1], list(i.shape)) for i in session.get_inputs()}
        want(have == wanted, str(path), have, f"the inputs {wanted} of the manifest")
        outputs = [f"head.{target}" for target in self.tasks] + ["features"]
        names = [o.name for o in session.get_outputs()]
        want(names == outputs, str(path), names, f"the outputs {outputs} of the manifest")

    def feeds(
        self,
        readings: Mapping[str, NDArray[Any]],
        presence: Mapping[str, NDArray[np.bool_]] | None = None,
    ) -> dict[str, NDArray[Any]]:
        """Turn raw readings into checked graph inputs, batch axis first; see :meth:`predict`.

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
                want(len(self.modalities) > 1, where, "no reading", f"shape {wanted}")
                feeds[f"reading.{modality.name}"] = np.zeros(wanted, modality.dtype)
                there[f"presence.{modality.name}"] = np.zeros(count, bool)
                continue
            raw = np.asarray(readings[modality.name])
            if raw.shape != wanted or raw.dtype != modality.dtype:
                raise BadInput(where, f"{raw.dtype} {raw.shape}", f"{modality.dtype} {wanted}")
            mask = np.asarray(presence.get(modality.name, np.ones(count, bool)), bool)
            want(mask.shape == (count,), where, f"presence of shape {mask.shape}", f"({count},)")
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
        want(alone, "readings", "an absent reading", "every reading present")
        return feeds

    def run(
        self,
        readings: Mapping[str, NDArray[Any]],
        presence: Mapping[str, NDArray[np.bool_]] | None = None,
        precision: str = "fp32",
    ) -> dict[str, NDArray[np.float32]]:
        """Compute raw head outputs ``head.<target>`` (B, width), ``features`` (B, D), float32."""
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
            want(fits, str(self.folder), shape, f"head outputs of width {task.width}")
        return outputs

    def predict(
        self,
        readings: Mapping[str, NDArray[Any]],
        presence: Mapping[str, NDArray[np.bool_]] | None = None,
        precision: str = "fp32",
    ) -> dict[str, NDArray[Any]]:
        """Predict every target from raw readings.

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
