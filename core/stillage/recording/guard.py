"""Refuse a damaged, foreign or hostile HDF5 file before its datasets are read.

HDF5 can fetch bytes from other files (external storage, external links, virtual datasets),
promise more elements than any machine holds, and nest itself. A recording needs none of that:
hard links to plain numeric datasets in a known layout. Everything else is refused, and every
declared size is held against the bytes that the file really has, before any allocation.
What this cannot cover is a fault inside the HDF5 library itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording import schema

_MAX_LOGICAL_BYTES = 2**40
"""Most bytes that one recording may unfold to (1 TiB)."""

_MAX_CHUNK_BYTES = 2**24
"""Most bytes that reading a single element may unfold to (16 MiB)."""

_MAX_RATIO = {h5py.h5z.FILTER_DEFLATE: 1032, h5py.h5z.FILTER_LZF: 128}
"""Compression filters allowed, with the most that one stored byte can unfold to: DEFLATE
1032:1 (zlib technical details), LZF at most 264 bytes from 3."""

_PLAIN_FILTERS = (h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32)

_SIGNATURE = b"\x89HDF\r\n\x1a\n"

_MODALITY = {"values", "index", "offsets", "timestamps"}
_TARGET = {"values", "states"}
_SAMPLES = {"groups", "split"}


def open_guarded(path: Path) -> h5py.File:
    """Open ``path`` read-only after checking that it is a harmless recording of our version.

    Raises
    ------
    BadInput
        One line: missing, empty, truncated, not HDF5, another HDF5, another version, or
        holding something that a recording never holds.
    """
    size = _check_bytes(path)
    try:
        file = h5py.File(path, "r", locking=False, rdcc_nbytes=2**20)
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise BadInput(path, *_opening(str(error), size)) from None
    try:
        with damage(path):
            _check_version(path, file)
            _check_tree(path, file, size)
    except BaseException:
        file.close()
        raise
    return file


@contextmanager
def damage(where: object) -> Iterator[None]:
    """Turn HDF5's errors about broken bytes into one line."""
    try:
        yield
    except BadInput:
        raise
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError) as error:
        reason = " ".join(str(error).split())[:120]
        raise BadInput(where, f"a damaged file ({reason})", "an intact recording") from None


def _check_bytes(path: Path) -> int:
    if not path.exists():
        raise BadInput(path, "no such file", "a recording (HDF5)")
    if not path.is_file():
        raise BadInput(path, "not a regular file", "a recording (HDF5)")
    try:
        with path.open("rb") as handle:
            head = handle.read(len(_SIGNATURE))
            size = handle.seek(0, 2)
    except OSError as error:
        raise BadInput(path, (error.strerror or "").lower(), "a readable file") from None
    if not size:
        raise BadInput(path, "an empty file", "a recording (HDF5)")
    if head != _SIGNATURE:
        raise BadInput(path, f"a file that begins {head!r}", "a recording (HDF5)")
    return size


def _opening(message: str, size: int) -> tuple[str, str]:
    stored = re.search(r"stored_eof = (\d+)", message)
    if "truncated" in message and stored:
        return f"a truncated file of {size} bytes", f"{stored[1]} bytes"
    reason = " ".join(message.split())[:120]
    return f"a damaged HDF5 file ({reason})", "an intact recording"


def _check_version(path: Path, file: h5py.File) -> None:
    if _attribute(file, "format") != schema.FORMAT:
        raise BadInput(path, "another kind of HDF5 file", f"a {schema.FORMAT}")
    version = _attribute(file, "version")
    if version not in schema.VERSIONS:
        raise BadInput(
            path,
            f"recording version {version}",
            f"version {' or '.join(map(str, schema.VERSIONS))}, which this Stillage reads",
        )


def _attribute(file: h5py.File, name: str) -> str | int | None:
    """Read a root attribute that is one short fixed-length string or integer, else None."""
    if not h5py.h5a.exists(file.id, name.encode()):
        return None
    # by the low-level API: ``file.attrs`` would read a value of any size
    attribute = h5py.h5a.open(file.id, name.encode())
    kind = attribute.get_type()
    if attribute.get_space().get_simple_extent_npoints() != 1 or kind.get_size() > 64:
        return None
    if isinstance(kind, h5py.h5t.TypeStringID) and not kind.is_variable_str():
        held: NDArray[Any] = np.zeros((), f"S{kind.get_size()}")
    elif isinstance(kind, h5py.h5t.TypeIntegerID):
        held = np.zeros((), kind.dtype)
    else:
        return None
    attribute.read(held)
    value: Any = held.item()
    return value.decode(errors="replace") if isinstance(value, bytes) else int(value)


def fingerprint_of(file: h5py.File) -> str:
    """Read the fingerprint that the file states ("" if none)."""
    return str(_attribute(file, "fingerprint") or "")


def _check_tree(path: Path, file: h5py.File, size: int) -> None:
    stored = logical = 0
    for where, dataset in _datasets(path, file):
        held, unfolded = _check_dataset(f"{path}:{where}", dataset, where.endswith("/values"))
        stored, logical = stored + held, logical + unfolded
        if stored > size:
            raise BadInput(f"{path}:{where}", f"{stored} bytes claimed", f"<= {size}, the file's")
        if logical > _MAX_LOGICAL_BYTES:
            raise BadInput(f"{path}:{where}", f"{logical} bytes", f"<= {_MAX_LOGICAL_BYTES}")


def _datasets(path: Path, file: h5py.File) -> Iterator[tuple[str, h5py.h5d.DatasetID]]:
    """Yield every dataset of the known layout; refuse anything else on the way."""
    root = h5py.h5g.open(file.id, b"/")
    for name, item in _children(path, "", root, {"metadata", "samples", "modalities", "targets"}):
        if name == "metadata":
            yield f"/{name}", _dataset(path, f"/{name}", item)
            continue
        group = _group(path, f"/{name}", item)
        if name == "samples":
            for column, leaf in _children(path, f"/{name}", group, _SAMPLES):
                yield f"/{name}/{column}", _dataset(path, f"/{name}/{column}", leaf)
            continue
        allowed = _MODALITY if name == "modalities" else _TARGET
        most = schema.MAX_MODALITIES if name == "modalities" else schema.MAX_TARGETS
        for member, branch in _children(path, f"/{name}", group, None, most):
            where = f"/{name}/{member}"
            for column, leaf in _children(path, where, _group(path, where, branch), allowed):
                yield f"{where}/{column}", _dataset(path, f"{where}/{column}", leaf)


def _children(
    path: Path, where: str, group: h5py.h5g.GroupID, allowed: set[str] | None, most: int = 8
) -> Iterator[tuple[str, Any]]:
    count = group.get_num_objs()
    if count > most:
        raise BadInput(f"{path}:{where or '/'}", f"{count} members", f"<= {most}")
    for number in range(count):
        raw = group.get_objname_by_idx(number)
        name = raw.decode(errors="replace")
        place = f"{path}:{where}/{name:.64}"
        # the link itself, before anything follows it
        kind = group.links.get_info(raw).type
        if kind != h5py.h5l.TYPE_HARD:
            word = {h5py.h5l.TYPE_SOFT: "a soft link", h5py.h5l.TYPE_EXTERNAL: "an external link"}
            raise BadInput(place, word.get(kind, "a user-defined link"), "data in this file")
        fits = name in allowed if allowed else schema.NAME.fullmatch(name) and len(name) <= 64
        if not fits:
            names = f"one of {', '.join(sorted(allowed))}" if allowed else "a plain name"
            raise BadInput(place, "a member that no recording has", names)
        yield name, h5py.h5o.open(group, raw)


def _group(path: Path, where: str, item: Any) -> h5py.h5g.GroupID:
    if not isinstance(item, h5py.h5g.GroupID):
        raise BadInput(f"{path}:{where}", _word(item), "a group")
    return item


def _dataset(path: Path, where: str, item: Any) -> h5py.h5d.DatasetID:
    if not isinstance(item, h5py.h5d.DatasetID):
        raise BadInput(f"{path}:{where}", _word(item), "a dataset")
    return item


def _word(item: Any) -> str:
    if isinstance(item, h5py.h5t.TypeID):
        return "a named datatype"
    return "a group" if isinstance(item, h5py.h5g.GroupID) else "a dataset"


def _check_dataset(where: str, dataset: h5py.h5d.DatasetID, foldable: bool) -> tuple[int, int]:
    """Count bytes stored and bytes unfolded of a plain numeric dataset; refuse any other."""
    kind = dataset.get_type()
    if kind.committed():
        raise BadInput(where, "a named datatype", "a plain number type")
    if not isinstance(kind, h5py.h5t.TypeIntegerID | h5py.h5t.TypeFloatID):
        raise BadInput(where, _type_word(kind), "integers or floats")
    dtype = kind.dtype
    if (
        dtype.name not in schema.DTYPES
        or dtype.byteorder == ">"
        or kind.get_size() != dtype.itemsize
    ):
        raise BadInput(where, f"dtype {dtype}", f"little-endian {', '.join(schema.DTYPES)}")
    plist = dataset.get_create_plist()
    layout = plist.get_layout()
    if layout == h5py.h5d.VIRTUAL:
        raise BadInput(where, "a virtual dataset", "data in this file")
    if layout not in {h5py.h5d.CONTIGUOUS, h5py.h5d.CHUNKED, h5py.h5d.COMPACT}:
        raise BadInput(where, f"storage layout {layout}", "contiguous or chunked")
    if plist.get_external_count():
        raise BadInput(where, "external storage", "data in this file")
    ratio = _check_filters(where, plist, foldable)
    space = dataset.get_space()
    if space.get_simple_extent_type() != h5py.h5s.SIMPLE or not 1 <= len(space.shape) <= 9:
        raise BadInput(where, "a dataset without rows", "1 to 9 axes")
    if layout == h5py.h5d.CHUNKED:
        chunk = math.prod(plist.get_chunk()) * dtype.itemsize
        if chunk > _MAX_CHUNK_BYTES:
            raise BadInput(where, f"chunks of {chunk} bytes", f"<= {_MAX_CHUNK_BYTES}")
    stored = dataset.get_storage_size()
    logical = math.prod(space.shape) * dtype.itemsize
    if logical > stored * ratio:
        raise BadInput(
            where,
            f"shape {tuple(space.shape)}, {logical} bytes, in {stored} stored",
            f"at most {ratio} bytes for each stored one",
        )
    return stored, logical


def _check_filters(where: str, plist: Any, foldable: bool) -> int:
    """Give the most bytes that one stored byte may unfold to; refuse filters we do not use."""
    found = [plist.get_filter(k)[0] for k in range(plist.get_nfilters())]
    folding = [code for code in found if code in _MAX_RATIO]
    for code in found:
        if code not in _MAX_RATIO and code not in _PLAIN_FILTERS:
            raise BadInput(where, f"filter {code}", "gzip, lzf, shuffle or fletcher32")
    if len(folding) > 1 or len(set(found)) < len(found):
        raise BadInput(where, f"filters {found}", "one compression at most")
    if found and not foldable:
        raise BadInput(where, f"filters {found}", "no filter (only values may have one)")
    return _MAX_RATIO[folding[0]] if folding else 1


def _type_word(kind: Any) -> str:
    if isinstance(kind, h5py.h5t.TypeReferenceID):
        return "object or region references"
    if isinstance(kind, h5py.h5t.TypeVlenID):
        return "variable-length data"
    if isinstance(kind, h5py.h5t.TypeStringID):
        return "variable-length strings" if kind.is_variable_str() else "strings"
    name = type(kind).__name__.removeprefix("Type").removesuffix("ID").lower()
    return f"{name} data"
