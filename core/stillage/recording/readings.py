"""Save and load raw readings of some samples, which a model is calibrated and checked with.

NumPy and the standard library alone.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.sensing.modality import get_modality
from stillage.storage.atomic import atomic_file

if TYPE_CHECKING:
    from stillage.plugin.host import Host
    from stillage.recording import Recording
    from stillage.sensing.modality import Modality

CALIBRATION = "calibration.npz"
"""File of a saved network's folder that holds raw readings of training samples."""

MAX_BYTES = 4 << 30
_MAX_ARRAYS = 1024
_MAX_HEADER = 64 << 10
"""Bytes of an array's header, which NumPy parses as Python: a long one is not safe to parse."""

_FREE_BYTES, _RATIO = 16 << 20, 20
"""Bytes that a compressed file may always unfold to, and how often its own size beyond that.

Readings of a sensor hold noise: they shrink 2 to 10 times. Deflate reaches 1032, with zeros.
"""


@dataclass(frozen=True)
class Readings:
    """Readings: the raw samples of B samples, and which of them are present.

    Attributes
    ----------
    raw : dict of array (B, *shape)
        By modality, in the recording's dtype; absent rows are zero.
    presence : dict of bool array (B,)
        For every modality in ``raw``.
    """

    raw: dict[str, NDArray[Any]]
    presence: dict[str, NDArray[np.bool_]]

    def __post_init__(self) -> None:
        counts = {len(values) for values in (*self.raw.values(), *self.presence.values())}
        if len(counts) != 1 or set(self.raw) != set(self.presence):
            raise BadInput("readings", f"{sorted(counts)} samples", "one number, for each modality")

    def __len__(self) -> int:
        return len(next(iter(self.presence.values())))

    def __iter__(self) -> Iterator[Readings]:
        return (self.rows(slice(k, k + 1)) for k in range(len(self)))

    def rows(self, which: slice | NDArray[Any]) -> Readings:
        """Give some of these samples."""
        return Readings(
            {name: values[which] for name, values in self.raw.items()},
            {name: values[which] for name, values in self.presence.items()},
        )

    @classmethod
    def of(
        cls,
        recording: Recording,
        samples: NDArray[np.int64],
        modalities: Iterable[str],
        host: Host | None = None,
    ) -> Readings:
        """Read samples of a recording; ``host`` makes ragged modalities dense.

        Raises
        ------
        BadInput
            For an unknown modality.
        """
        raw: dict[str, NDArray[Any]] = {}
        presence: dict[str, NDArray[np.bool_]] = {}
        for name in modalities:
            rows = recording.read(name, samples)
            if isinstance(rows, list):
                rows = dense(get_modality(name, host), recording, samples, rows)
            raw[name] = rows
            presence[name] = np.asarray(recording.presence(name)[samples], bool)
        return cls(raw, presence)

    def save(self, file: Path | str) -> None:
        """Write an NPZ file, atomically: ``<modality>`` and ``presence.<modality>``."""
        masks = {f"presence.{name}": mask for name, mask in self.presence.items()}
        save_arrays(file, {**self.raw, **masks})

    @classmethod
    def load(cls, file: Path | str) -> Readings:
        """Read what :meth:`save` wrote; a modality without a mask is present everywhere.

        Raises
        ------
        BadInput
            For a damaged or hostile file.
        """
        arrays = load_arrays(file)
        raw = {n: values for n, values in arrays.items() if not n.startswith("presence.")}
        if not raw or not all(values.ndim for values in raw.values()):
            raise BadInput(file, f"arrays {sorted(arrays)}", "raw readings by modality")
        presence = {
            name: np.asarray(arrays.get(f"presence.{name}", np.ones(len(values))), bool)
            for name, values in raw.items()
        }
        return cls(raw, presence)


def dense(
    modality: Modality,
    recording: Recording,
    samples: NDArray[np.int64],
    rows: list[NDArray[Any]],
) -> NDArray[Any]:
    """Collate ragged rows of samples; absent ones are zero.

    A reading that is there stands in for an absent one until the rows are dense, since an
    empty row does not tell what shape its sensor's readings have.
    """
    present = np.asarray(recording.presence(modality.name)[samples], bool)
    if present.all():
        return modality.collate(rows)
    if present.any():
        stand_in = rows[int(np.argmax(present))]
    else:
        some = np.flatnonzero(recording.presence(modality.name))[:1].astype(np.int64)
        if not len(some):
            return modality.collate(rows)
        stand_in = recording.read(modality.name, some)[0]
    collated = modality.collate(
        [row if there else stand_in for row, there in zip(rows, present, strict=True)]
    )
    collated[~present] = 0
    return collated


def save_arrays(file: Path | str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays to an NPZ file, atomically, with the same bytes for the same arrays."""
    with (
        atomic_file(file) as part,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        for name in sorted(arrays):
            entry = zipfile.ZipInfo(f"{name}.npy")  # dated 1980: equal arrays give equal bytes
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as handle:
                npy.write_array(handle, np.ascontiguousarray(arrays[name]), allow_pickle=False)


def load_arrays(file: Path | str, limit: int = MAX_BYTES) -> dict[str, NDArray[Any]]:
    """Read an NPZ file that may come from anywhere: no pickle, and bounded memory.

    Each array's declared size is held against ``limit`` and against what its compressed
    bytes can give before anything is allocated.

    Raises
    ------
    BadInput
        One line.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            promised = sum(entry.file_size for entry in entries)
            if len(entries) > _MAX_ARRAYS or promised > limit:
                raise BadInput(file, f"{len(entries)} arrays, {promised} bytes", f"under {limit}")
            return {e.filename.removesuffix(".npy"): _array(archive, e) for e in entries}
    except OSError as error:
        raise BadInput(file, error.strerror or error, "an NPZ file") from None
    except BadInput:
        raise
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        raise BadInput(file, f"no NPZ file ({error})", "arrays without pickle") from None
    except Exception as error:  # zlib.error and others of the decompressors
        raise BadInput(file, f"damaged bytes ({error})", "an NPZ file") from None


def inflation(file: Path | str, most: int = MAX_BYTES) -> int:
    """Bound the bytes that a compressed file of readings may unfold to.

    >>> inflation("/no such file")
    16777216
    """
    path = Path(file)
    size = path.stat().st_size if path.is_file() else 0
    return min(most, max(_FREE_BYTES, _RATIO * size))


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    with archive.open(entry) as handle:
        version = npy.read_magic(handle)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
        if read is None:
            raise ValueError(f"format {version} of {entry.filename}")
        shape, fortran, dtype = read(handle, max_header_size=_MAX_HEADER)
        if dtype.hasobject or dtype.fields is not None:
            raise ValueError(f"{entry.filename} of dtype {dtype}")
        count = 1  # in Python's integers: a hostile shape overflows NumPy's
        for size in shape:
            count *= int(size)
        if count < 0 or count * dtype.itemsize > entry.file_size:
            raise ValueError(f"{entry.filename} of {count} elements in {entry.file_size} bytes")
        content = handle.read(count * dtype.itemsize)
        if len(content) != count * dtype.itemsize:
            raise ValueError(f"{entry.filename} is cut short")
        order: Literal["C", "F"] = "F" if fortran else "C"
        return np.frombuffer(content, dtype).reshape(shape, order=order).copy()
