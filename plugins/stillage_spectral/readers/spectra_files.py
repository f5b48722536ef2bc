"""Reader ``spectra``: CSV tables, JCAMP-DX files and ENVI cubes as one recording of ``nir``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording import Recording, Stream, TargetColumn, files_under, write_recording
from stillage.recording.manifest.files import locate
from stillage.task import LabelState
from stillage_spectral.readers.continuum import without_continuum
from stillage_spectral.readers.cubes import LABELS, Pick, read_envi
from stillage_spectral.readers.jcamp import read_jcamp
from stillage_spectral.readers.options import Quantity, SpectraOptions, Unit
from stillage_spectral.readers.resampling import Resampler
from stillage_spectral.readers.spectra import (
    MAX_VALUES,
    Array,
    Spectra,
    grid_of,
    grid_text,
)
from stillage_spectral.readers.tables import read_table

_TABLES, JCAMP, ENVI = (".csv", ".tsv"), (".dx", ".jdx", ".jcm"), (".hdr",)
_MAX_GRID_TEXT = 65536


@dataclass(frozen=True)
class Asked:
    """How the files are to be read; see :func:`read`."""

    unit: Unit
    quantity: Quantity
    pick: Pick


def _files(path: Path, references: tuple[Path | None, ...]) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise BadInput(path, "no such file or folder", "spectra, or a folder that holds them")
    known = _TABLES + JCAMP + ENVI
    left_out = {p.resolve() for p in references if p is not None}
    found = [
        file
        for file in files_under(path, known)
        if not file.name.lower().endswith(LABELS) and file.resolve() not in left_out
    ]
    if not found:
        raise BadInput(path, "no files of spectra", ", ".join(known))
    return found


def _load(file: Path, asked: Asked) -> list[Spectra]:
    suffix = file.suffix.lower()
    if suffix in JCAMP:
        return list(read_jcamp(file))
    if suffix in ENVI:
        return [read_envi(file, asked.pick)]
    if suffix in _TABLES:
        return read_table(file, asked.unit, asked.quantity)
    raise BadInput(file, f"file type {suffix!r}", ", ".join(_TABLES + JCAMP + ENVI))


def wanted_grid(grid: str, like: str) -> Array | None:
    """Find the wavelengths, nm, that ``-o grid=START:STOP:STEP`` or ``-o like=FILE.h5`` asks for.

    Raises
    ------
    BadInput
        If both are given, or either cannot be read.

    >>> wanted_grid("1000:1012:4", "").tolist()
    [1000.0, 1004.0, 1008.0, 1012.0]
    """
    if grid and like:
        raise BadInput("-o grid, like", "both", "one of them")
    if like:
        with Recording.open(like) as other:
            return grid_of(other.provenance, "nir", like)
    if not grid:
        return None
    try:
        start, stop, step = (float(part) for part in grid.split(":"))
    except ValueError:
        raise BadInput("-o grid", repr(grid), "START:STOP:STEP in nm") from None
    if not 0 < start < stop < 1e6 or not (stop - start) / 2**16 < step <= stop - start:
        raise BadInput("-o grid", grid, "0 < START < STOP, and 2 to 65536 bands")
    return start + step * np.arange(0.0, int(np.floor((stop - start) / step + 1e-9)) + 1)


def _joined(loaded: list[tuple[str, Spectra]], grid: Array | None) -> tuple[
    NDArray[np.float32], Array, list[str]
]:  # fmt: skip
    """Bring all values to one grid; return them, the grid, and notes of what resampling lost."""
    first = loaded[0][1].wavelength if grid is None else grid
    values, notes = [], []
    losses: dict[str, list[str]] = {}
    for name, part in loaded:
        same = part.wavelength.shape == first.shape and np.allclose(
            part.wavelength, first, rtol=0, atol=1e-3
        )
        if same:
            values.append(part.values)
        elif grid is None:
            found = f"{len(part.wavelength)} bands from {part.wavelength[0]:g} nm"
            told = f"{len(first)} from {first[0]:g} nm, as in {loaded[0][0]}; or -o grid=, like="
            raise BadInput(name, found, told)
        else:
            found_values, loss = Resampler(part.wavelength, first)(part.values)
            values.append(found_values)
            losses.setdefault(loss.describe(), []).append(name)
    for told, names in losses.items():
        notes.append(f"nir: {told} ({names[0]}{f' and {len(names) - 1} more' * (len(names) > 1)})")
    return np.concatenate(values), first, notes[:64]


def _kept(values: NDArray[np.float32], groups: list[str]) -> tuple[NDArray[np.bool_], list[str]]:
    """Mark readings that are neither dead nor the same reading of the same group again."""
    dead = (np.ptp(values, axis=1) == 0) | (values <= 0).all(1)
    seen: set[tuple[str, bytes]] = set()
    again = np.zeros(len(values), np.bool_)
    for row, group in enumerate(groups):
        key = (group, values[row].tobytes())
        again[row] = key in seen and not dead[row]
        seen.add(key)
    notes = []
    if dead.any():
        notes.append(f"left out: {int(dead.sum())} dead readings (flat, or nowhere above zero)")
    if again.any():
        notes.append(f"left out: {int(again.sum())} readings stored twice in a group")
    return ~dead & ~again, notes


def _target(name: str, texts: list[str], unit: str) -> TargetColumn:
    known = np.array([bool(text) for text in texts])
    states = np.where(known, int(LabelState.LABELLED), int(LabelState.UNLABELLED)).astype(np.int8)
    if unit:
        try:
            numbers = np.array([float(text) if text else np.nan for text in texts])
        except ValueError as error:
            raise BadInput(f"target {name!r}", str(error), f"numbers in {unit}") from None
        return TargetColumn(name, "regression", numbers, states, unit=unit)
    classes = sorted({text for text in texts if text})
    code = {label: k for k, label in enumerate(classes)}
    values = np.array([code.get(text, -1) for text in texts], np.int64)
    return TargetColumn(name, "classification", values, states, classes)


def _column(about: list[Mapping[str, str]], key: str, option: str) -> list[str]:
    if not any(key in told for told in about):
        keys = sorted({k for told in about[:1000] for k in told})
        raise BadInput(f"-o {option}", repr(key), f"one of {', '.join(keys)}")
    return [told.get(key, "") for told in about]


def read(path: str | Path, out: str | Path, options: SpectraOptions = SpectraOptions()) -> Path:
    """Import a file of spectra, or all in a folder and its folders, into the recording ``out``.

    Raises
    ------
    BadInput
        One line for any file or option that does not fit.
    """
    source = Path(path)
    folder = source if source.is_dir() else source.parent
    references = tuple(
        locate(folder, name, f"-o {key}") if name else None
        for key, name in (("dark", options.dark), ("white", options.white))
    )
    asked = Asked(options.unit, options.quantity, Pick(options.every, options.tile, *references))
    wanted = wanted_grid(options.grid, options.like)
    loaded: list[tuple[str, Spectra]] = []
    about: list[Mapping[str, str]] = []
    held = 0
    for file in _files(source, references):
        place = {"file": file.name, "folder": file.parent.name}
        for part in _load(file, asked):
            held += part.values.size
            if held > MAX_VALUES:
                raise BadInput(source, f"over {MAX_VALUES} values", "fewer files, or -o every=K")
            loaded.append((str(file), part))
            about += [{**told, **place} for told in part.about]
    values, wavelength, notes = _joined(loaded, wanted)
    tiled = any("tile" in told for told in about)
    group = options.group or ("tile" if tiled else "name")
    groups = [text or told["file"] for text, told in
              zip(_column(about, group, "group"), about, strict=True)]  # fmt: skip
    keep, cleaned = _kept(values, groups)
    if not keep.any():
        raise BadInput(source, "no reading that is alive", "one or more spectra with a shape")
    chosen = np.flatnonzero(keep)
    values = values[chosen]
    if options.continuum:
        values = without_continuum(values, wavelength)
        notes.append("nir: each spectrum is divided by its continuum, the upper convex hull")
    targets = []
    if options.target:
        texts = [_column(about, options.target, "target")[k] for k in chosen]
        targets = [_target(_named(options.target), texts, options.target_unit)]
    return _written(
        out, values, wavelength, [groups[k] for k in chosen], targets,
        [f"groups are what {group!r} names", *notes, *cleaned], source,
    )  # fmt: skip


def _named(target: str) -> str:
    """Turn a column's title into the name of a target."""
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in target).split()
    name = "_".join(words)[:64].strip("_") or "target"
    return name if name[0].isalpha() else f"t{name}"[:64]


def _written(
    out: str | Path,
    values: NDArray[np.float32],
    wavelength: Array,
    groups: list[str],
    targets: list[TargetColumn],
    notes: list[str],
    source: Path,
) -> Path:
    steps = np.diff(wavelength)
    if steps.max() > 1.05 * steps.min():
        notes.append(
            f"nir: bands are {steps.min():.3g} to {steps.max():.3g} nm apart; the derivative is "
            "taken per band: -o grid=START:STOP:STEP makes it even"
        )
    told = grid_text(wavelength)
    if len(told) > _MAX_GRID_TEXT:
        raise BadInput(source, f"{len(wavelength)} bands", "fewer: -o grid=START:STOP:STEP")
    defaults: dict[str, Any] = {"teacher": ["nir"], "student": ["nir"]}
    if targets:
        defaults["task"] = targets[0].name
    return write_recording(
        out,
        [Stream("nir", values, "1", axes=("wavelength",))],
        targets,
        groups,
        provenance={"source": source.name, "nir_wavelength_nm": told},
        notes=notes,
        reader="spectra",
        defaults=defaults,
    )
