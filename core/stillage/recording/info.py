"""Describe a recording's content, as JSON and as lines for people."""

from __future__ import annotations

from textwrap import shorten
from typing import Any

import numpy as np

from stillage.recording.reader import Recording
from stillage.recording.registration import Registration
from stillage.recording.shortcut import shortcut_check
from stillage.task import LabelState


def describe(recording: Recording) -> dict[str, Any]:
    """Give the dictionary that ``stillage record info --json`` prints.

    ``groups`` is the number of groups, ``split`` the samples of each part of the set's own
    split (null if it has none), a modality's ``count`` its readings and ``present`` the
    samples that have one.
    """
    split = recording.split
    parts = None
    if split is not None:
        names, counts = np.unique(split, return_counts=True)
        parts = {str(n): int(c) for n, c in zip(names, counts, strict=True)}
    return {
        "samples": recording.samples,
        "groups": len(recording.group_names),
        "split": parts,
        "modalities": {
            name: {
                "shape": list(info.shape),
                "dtype": info.dtype,
                "unit": info.unit,
                "count": info.count,
                "present": int(recording.presence(name).sum()),
                "ragged": info.ragged,
                "axes": list(info.axes),
                "rate_hz": info.rate_hz,
                "timestamps": recording.timestamps(name) is not None,
                "registration": _registration(info.registration),
            }
            for name, info in recording.modalities.items()
        },
        "targets": {name: _target(recording, name) for name in recording.targets},
        "defaults": recording.defaults,
        "reader": recording.reader,
        "provenance": recording.provenance,
        "notes": list(recording.notes),
        "shortcuts": [
            {
                "target": name,
                "kind": w.kind,
                "score": w.score,
                "chance": w.chance,
                "message": w.message,
            }
            for name in recording.targets
            for w in shortcut_check(recording, name)
        ],
        "fingerprint": recording.fingerprint,
    }


def _registration(found: Registration | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"onto": found.onto, "matrix": found.array.tolist(), "error_px": found.error_px}


def _target(recording: Recording, name: str) -> dict[str, Any]:
    column = recording.targets[name]
    labelled = column.states == LabelState.LABELLED
    out: dict[str, Any] = {
        "kind": column.kind,
        "classes": list(column.classes),
        "unit": column.unit,
        "labelled": int(labelled.sum()),
        "unlabelled": int((column.states == LabelState.UNLABELLED).sum()),
        "out_of_set": int((column.states == LabelState.OUT_OF_SET).sum()),
    }
    groups, values = recording.group_index[labelled], column.values[labelled]
    if column.kind != "regression":
        out["groups_per_class"] = {
            label: len(np.unique(groups[values == k])) for k, label in enumerate(column.classes)
        }
    elif labelled.any():
        out["range"] = [float(values.min()), float(values.max())]
    return out


def _mapping(found: dict[str, Any]) -> str:
    rows = "; ".join(" ".join(f"{value:.6g}" for value in row) for row in found["matrix"])
    error = found["error_px"]
    left = "" if error is None else f", {error:.3g} px off in the mean"
    return f"onto {found['onto']} by [{rows}]{left}"


def lines(info: dict[str, Any]) -> list[str]:
    """Write the description for people, one fact a line."""
    source = f", from {info['reader']}" if info["reader"] else ""
    out = [f"samples    {info['samples']} in {info['groups']} groups{source}"]
    for name, m in info["modalities"].items():
        shape = " x ".join("ragged" if s is None else str(s) for s in m["shape"]) or "scalar"
        rate = f", {m['rate_hz']:g} Hz" if m["rate_hz"] else ""
        out.append(
            f"modality   {name}: {m['dtype']} {shape} [{m['unit']}]{rate}, {m['count']} readings, "
            f"present in {m['present']} samples"
        )
        if m["registration"]:
            out.append(f"registered {name} {_mapping(m['registration'])}")
    for name, t in info["targets"].items():
        if t["kind"] == "regression":
            low, high = t.get("range", (float("nan"), float("nan")))
            what = f"{low:g} to {high:g} [{t['unit']}]"
        else:
            counts = ", ".join(f"{label} {n}" for label, n in t["groups_per_class"].items())
            what = f"groups with {counts}"
        out.append(
            f"target     {name} ({t['kind']}): {what}; {t['labelled']} samples labelled, "
            f"{t['unlabelled']} unlabelled, {t['out_of_set']} out of set"
        )
    if info["split"]:
        out.append("split      " + ", ".join(f"{k} {v}" for k, v in info["split"].items()))
    defaults = info["defaults"]
    if defaults["task"]:
        teacher, student = ("+".join(defaults[k]) or "none" for k in ("teacher", "student"))
        out.append(f"defaults   teacher {teacher}, student {student}, task {defaults['task']}")
    out += [f"source     {key}: {shorten(value, 100)}" for key, value in info["provenance"].items()]
    out += [f"note       {note}" for note in info["notes"]]
    out += [f"shortcut   {w['message']}" for w in info["shortcuts"]]
    return [*out, f"content    {info['fingerprint']}"]
