"""Read the columns of a recording, and check them against its metadata."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from stillage.errors import BadInput
from stillage.recording import schema
from stillage.recording.columns import TargetColumn
from stillage.recording.guard import damage, fingerprint_of
from stillage.recording.registration import Registration
from stillage.task import LabelState


@dataclass(frozen=True)
class Content:
    """A recording without its readings: metadata, columns by path, targets, fingerprint."""

    metadata: schema.Metadata
    columns: dict[str, NDArray[Any]]
    targets: dict[str, TargetColumn]
    fingerprint: str

    def verify_values(self, path: Path, file: h5py.File, modality: str) -> None:
        """Digest a modality's readings block by block, and compare with the stored digest."""
        where = f"modalities/{modality}/values"
        dataset = file[where]
        row = max(1, dataset.nbytes // max(1, dataset.shape[0]))
        step = max(1, 2**22 // row)
        found = hashlib.sha256()
        with damage(f"{path}:/{where}"):
            for start in range(0, dataset.shape[0], step):
                block = schema.canonical(dataset[start : start + step])
                if block.dtype.kind == "f" and not np.isfinite(block).all():
                    raise BadInput(f"{path}:{where}", "NaN or infinity", "finite readings")
                found.update(block.data.cast("B"))
        if found.hexdigest() != self.metadata.digests[where]:
            raise BadInput(f"{path}:{where}", "changed readings", "those that were written")


def load_content(path: Path, file: h5py.File) -> Content:
    """Read all but the readings from a guarded file, and check that its parts agree.

    Raises
    ------
    BadInput
        If metadata, columns, sizes or digests contradict each other.
    """
    metadata = _metadata(path, file)
    version = int(file.attrs["version"])
    if version != metadata.version:
        raise BadInput(path, f"recording version {version}", f"version {metadata.version}")
    columns = _columns(path, file, metadata)
    for name, meta in metadata.modalities.items():
        _check_modality(path, file, columns, f"modalities/{name}", meta)
    _codes(path, columns, "samples/groups", metadata.group_names, metadata.samples)
    if metadata.split_names is not None:
        _codes(path, columns, "samples/split", metadata.split_names, metadata.samples)
    targets = {
        name: _target(path, columns, name, meta, metadata.samples)
        for name, meta in metadata.targets.items()
    }
    for name, modality in metadata.modalities.items():
        _check_registration(path, name, modality.registration, metadata)
    fingerprint = metadata.fingerprint()
    if fingerprint != fingerprint_of(file):
        raise BadInput(path, "content that is not what was written", "its own fingerprint")
    return Content(metadata, columns, targets, fingerprint)


def _check_registration(
    path: Path, name: str, found: schema.RegistrationMeta | None, metadata: schema.Metadata
) -> None:
    if found is None:
        return
    if found.onto == name or found.onto not in metadata.modalities:
        raise BadInput(f"{path} registration of {name!r}", f"onto {found.onto!r}", "another one")
    try:
        Registration(found.onto, found.matrix, found.error_px)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None


def _metadata(path: Path, file: h5py.File) -> schema.Metadata:
    if "metadata" not in file:
        raise BadInput(path, "no /metadata", "a whole recording")
    dataset = file["metadata"]
    if dataset.dtype != np.uint8 or dataset.ndim != 1 or dataset.size > schema.MAX_METADATA_BYTES:
        raise BadInput(
            f"{path}:/metadata",
            f"{dataset.dtype} {dataset.shape}",
            f"uint8, at most {schema.MAX_METADATA_BYTES} bytes",
        )
    try:
        return schema.Metadata.model_validate_json(dataset[...].tobytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))[:120]
        raise BadInput(
            f"{path}:/metadata {place}".rstrip(), first["msg"][:200], "valid metadata"
        ) from None


def _columns(path: Path, file: h5py.File, metadata: schema.Metadata) -> dict[str, NDArray[Any]]:
    """Read all digested datasets but values; refuse a file that holds others than those."""
    present: set[str] = set()
    file.visititems(
        lambda name, item: present.add(name) if isinstance(item, h5py.Dataset) else None
    )
    present.discard("metadata")
    if present != set(metadata.digests):
        odd = sorted(present ^ set(metadata.digests))[0]
        raise BadInput(f"{path}:/{odd:.120}", "a mismatch with the metadata", "the same datasets")
    known = {"samples"} | {f"modalities/{name}" for name in metadata.modalities}
    known |= {f"targets/{name}" for name in metadata.targets}
    columns = {}
    for where in sorted(present):
        if where.rpartition("/")[0] not in known:
            raise BadInput(f"{path}:/{where}", "data that the metadata does not name", "named data")
        if where.startswith("modalities/") and where.endswith("/values"):
            continue
        with damage(f"{path}:/{where}"):
            column = file[where][...]
        if schema.digest(column) != metadata.digests[where]:
            raise BadInput(f"{path}:/{where}", "changed content", "what was written")
        column.flags.writeable = False  # columns are handed out without a copy
        columns[where] = column
    return columns


def _column(
    path: Path, columns: dict[str, NDArray[Any]], where: str, dtype: str, count: int
) -> NDArray[Any]:
    column = columns.get(where)
    if column is None:
        raise BadInput(f"{path}:/{where}", "nothing", f"{dtype} ({count},)")
    if column.dtype.name != dtype or column.shape != (count,):
        raise BadInput(f"{path}:/{where}", f"{column.dtype} {column.shape}", f"{dtype} ({count},)")
    return column


def _codes(
    path: Path, columns: dict[str, NDArray[Any]], where: str, names: tuple[str, ...], count: int
) -> None:
    codes = _column(path, columns, where, "int64", count)
    if len(set(names)) < len(names):
        seen: set[str] = set()
        twice = next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise BadInput(f"{path}:/metadata", f"the name {twice!r:.80} twice", "each name once")
    if not 0 <= codes.min() <= codes.max() < len(names):
        raise BadInput(
            f"{path}:/{where}", f"codes {codes.min()} to {codes.max()}", f"0 to {len(names) - 1}"
        )


def _check_modality(
    path: Path,
    file: h5py.File,
    columns: dict[str, NDArray[Any]],
    where: str,
    meta: schema.ModalityMeta,
) -> None:
    if f"{where}/values" not in file:
        raise BadInput(f"{path}:/{where}/values", "nothing", "readings")
    values, ragged = file[f"{where}/values"], None in meta.shape
    inner = meta.shape[1:] if ragged else meta.shape
    if values.shape[1:] != inner or values.dtype.name != meta.dtype or None in inner:
        raise BadInput(
            f"{path}:/{where}/values",
            f"{values.dtype} {values.shape}",
            f"{meta.dtype} {meta.shape}",
        )
    if len(meta.axes) != len(meta.shape):
        raise BadInput(f"{path}:/{where}", f"axes {meta.axes}", f"{len(meta.shape)} names")
    rows, row_bytes = values.shape[0], values.nbytes // max(1, values.shape[0])
    if ragged:
        offsets = _column(path, columns, f"{where}/offsets", "int64", meta.rows + 1)
        steps = np.diff(offsets)
        if offsets[0] != 0 or offsets[-1] != rows or (steps < 0).any():
            raise BadInput(
                f"{path}:/{where}/offsets", "offsets out of order", f"0 to {rows}, rising"
            )
        row_bytes *= int(steps.max(initial=0))
    elif rows != meta.rows:
        raise BadInput(f"{path}:/{where}/values", f"{rows} rows", f"{meta.rows}")
    if row_bytes > schema.MAX_ROW_BYTES:
        raise BadInput(
            f"{path}:/{where}/values",
            f"a reading of {row_bytes} bytes",
            f"<= {schema.MAX_ROW_BYTES}",
        )
    samples = columns["samples/groups"].shape[0] if "samples/groups" in columns else -1
    index = _column(path, columns, f"{where}/index", "int64", samples)
    if not -1 <= index.min(initial=0) <= index.max(initial=-1) < meta.rows:
        raise BadInput(
            f"{path}:/{where}/index", f"rows to {index.max(initial=-1)}", f"-1 to {meta.rows - 1}"
        )
    stamps = f"{where}/timestamps"
    if (
        stamps in columns
        and not np.isfinite(_column(path, columns, stamps, "float64", meta.rows)).all()
    ):
        raise BadInput(f"{path}:/{stamps}", "NaN or infinity", "seconds")


def _target(
    path: Path, columns: dict[str, NDArray[Any]], name: str, meta: schema.TargetMeta, count: int
) -> TargetColumn:
    dtype = "float64" if meta.kind == "regression" else "int64"
    values = _column(path, columns, f"targets/{name}/values", dtype, count)
    states = _column(path, columns, f"targets/{name}/states", "int8", count)
    if not np.isin(states, list(LabelState)).all():
        raise BadInput(f"{path}:/targets/{name}/states", "unknown states", "-1, 0 or 1")
    try:
        return TargetColumn(name, meta.kind, values, states, meta.classes, meta.unit)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None
