"""Reads events in HDF5 as DSEC lays them out (Gehrig et al., RA-L 2021), without trust.

``events/x``, ``y``, ``t``, ``p`` are integer columns; ``t_offset`` (optional) is added to t, in us;
``ms_to_idx`` (optional) holds the first event of each millisecond.
"""

from __future__ import annotations

import math
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_events.readers.files import check_count, file_size
from stillage_events.reading import Events, events_of

_MAX_CHUNK_BYTES = 2**24
_MAX_FILE_BYTES = 2**40
MOST_A_BYTE = 4
"""Most events that a byte of a file may stand for: what camera gives them in two bits each?"""

WIDTH, HEIGHT = 640, 480
"""Of DSEC's sensors; the files do not state it."""


def read_dsec(path: Path, start_ms: int = 0, stop_ms: int | None = None) -> Events:
    """Read events from ``start_ms`` to ``stop_ms`` (of the file's own t, without its offset).

    Raises
    ------
    BadInput
        If the layout is another one; if anything is a link, virtual, stored outside the file or
        no plain integer column; if sizes do not fit; if there are too many events.
    """
    file_size(path, _MAX_FILE_BYTES)
    with suppress(ImportError):  # DSEC compresses with Blosc
        import_module("hdf5plugin")  # optional
    try:
        with h5py.File(path, "r", locking=False) as file:
            return _read(path, file.id, start_ms, stop_ms)
    except BadInput:
        raise
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError) as error:
        reason = " ".join(str(error).split())[:120]
        raise BadInput(path, f"a damaged or foreign file ({reason})", "HDF5 as of DSEC") from None


def _read(path: Path, root: Any, start_ms: int, stop_ms: int | None) -> Events:
    group = _member(path, root, "events")
    if not isinstance(group, h5py.h5g.GroupID):
        raise BadInput(f"{path}:/events", "no group", "a group with x, y, t, p")
    columns = {name: _column(path, group, name) for name in ("x", "y", "t", "p")}
    counts = {dataset.shape[0] for dataset in columns.values()}
    if len(counts) != 1:
        raise BadInput(f"{path}:/events", f"columns of lengths {sorted(counts)}", "one length")
    count = counts.pop()
    first, last = 0, count
    if start_ms or stop_ms is not None:
        first, last = _range(path, root, count, start_ms, stop_ms)
    check_count(path, last - first)
    if last - first > MOST_A_BYTE * path.stat().st_size:
        found = f"{last - first} events in {path.stat().st_size} bytes"
        raise BadInput(path, found, f"at most {MOST_A_BYTE} a byte: who moved, where and when")
    if last <= first:
        raise BadInput(path, f"no event from {start_ms} to {stop_ms} ms", "one or more")
    x, y, t, p = (_values(columns[name], first, last) for name in ("x", "y", "t", "p"))
    offset = 0
    if _exists(root, "t_offset"):
        stored = _member(path, root, "t_offset")
        _plain(f"{path}:/t_offset", stored)
        if math.prod(stored.shape) != 1:
            raise BadInput(f"{path}:/t_offset", f"shape {stored.shape}", "one number")
        offset = int(_values(stored, 0, 1).item() if stored.shape else _scalar(stored))
    if not -(2**62) < offset < 2**62 or int(t.max()) > 2**62:
        raise BadInput(f"{path}:/t_offset", f"{offset}", "microseconds")
    return events_of(x, y, t.astype(np.int64) + offset, p, WIDTH, HEIGHT, where=path)


def _range(
    path: Path, root: Any, count: int, start_ms: int, stop_ms: int | None
) -> tuple[int, int]:
    table = _column(path, root, "ms_to_idx")
    marks = table.shape[0]
    if not 0 <= start_ms < marks:
        raise BadInput(f"{path}:/ms_to_idx", f"start {start_ms} ms", f"0 to {marks - 1}")
    first = int(_values(table, start_ms, start_ms + 1)[0])
    last = count
    if stop_ms is not None and stop_ms < marks:
        last = int(_values(table, stop_ms, stop_ms + 1)[0])
    if not 0 <= first <= last <= count:
        raise BadInput(f"{path}:/ms_to_idx", f"events {first} to {last}", f"0 to {count}, in order")
    return first, last


def _exists(group: Any, name: str) -> bool:
    return bool(group.links.exists(name.encode()))


def _member(path: Path, group: Any, name: str) -> Any:
    """Open an object of the file itself, never of another one."""
    if not _exists(group, name):
        raise BadInput(f"{path}:/{name}", "nothing", "HDF5 as of DSEC")
    if group.links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD:
        raise BadInput(f"{path}:/{name}", "a link", "data in this file")
    return h5py.h5o.open(group, name.encode())


def _column(path: Path, group: Any, name: str) -> Any:
    dataset = _member(path, group, name)
    where = f"{path}:{name}"
    _plain(where, dataset)
    if len(dataset.shape) != 1:
        raise BadInput(where, f"shape {dataset.shape}", "one axis")
    return dataset


def _plain(where: str, dataset: Any) -> None:
    """Refuse all but integers that are stored in this very file."""
    if not isinstance(dataset, h5py.h5d.DatasetID):
        raise BadInput(where, "no dataset", "a column of integers")
    kind = dataset.get_type()
    if not isinstance(kind, h5py.h5t.TypeIntegerID | h5py.h5t.TypeEnumID) or kind.get_size() > 8:
        raise BadInput(where, "another type", "integers")
    plist = dataset.get_create_plist()
    layout = plist.get_layout()
    if plist.get_external_count() or layout == h5py.h5d.VIRTUAL:
        raise BadInput(where, "data outside this file", "data in this file")
    if layout == h5py.h5d.CHUNKED:
        chunk = math.prod(plist.get_chunk()) * kind.get_size()
        if chunk > _MAX_CHUNK_BYTES:
            raise BadInput(where, f"chunks of {chunk} bytes", f"at most {_MAX_CHUNK_BYTES}")
    elif dataset.get_storage_size() < math.prod(dataset.shape) * kind.get_size():
        raise BadInput(where, f"{dataset.shape} in {dataset.get_storage_size()} bytes", "all data")


def _values(dataset: Any, first: int, last: int) -> NDArray[Any]:
    """Read elements of one axis."""
    out = np.empty(last - first, dataset.dtype)
    source = dataset.get_space()
    source.select_hyperslab((first,), (last - first,))
    dataset.read(h5py.h5s.create_simple(out.shape), source, out)
    return out


def _scalar(dataset: Any) -> Any:
    out = np.empty((), dataset.dtype)
    dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, out)
    return out.item()
