"""The parts of a recording: streams of readings and columns of targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording.registration import Registration
from stillage.recording.schema import DTYPES, check_name
from stillage.task import LabelState, Task, TaskKind


def rows_of(present: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number the rows, int64 (N,), where only present readings are stored; -1 for absent ones.

    >>> rows_of(np.array([True, False, True]))
    array([ 0, -1,  1])
    """
    return np.where(present, np.cumsum(present) - 1, -1)


@dataclass(frozen=True)
class Stream:
    """A stream: the readings of one modality.

    Parameters
    ----------
    name : str
        The modality.
    data : array (R, *shape), or sequence of R arrays (T_r, *rest)
        One row a reading; a sequence makes the stream ragged along its first axis.
    unit : str
        Unit of a value; ``"1"`` for pure numbers.
    index : int64 array (N,), optional
        Row of every sample, -1 where the modality is absent (:func:`rows_of`); default: row k
        is sample k.
    timestamps : float64 array (R,), optional
        When each reading was acquired, in seconds from any one origin.
    rate_hz : float, optional
        Rate along the first axis of a reading.
    axes : sequence of str, optional
        A name for each axis of a reading (ragged: the varying one too).
    registration : Registration, optional
        Where its pixels lie in the pictures of another modality of the recording.

    Raises
    ------
    BadInput
        If a name, dtype, length or index does not fit, or any reading holds NaN or infinity.

    >>> Stream("nir", [np.zeros(3), np.zeros(5)], "1").shape
    (None,)
    """

    name: str
    data: NDArray[Any] | Sequence[NDArray[Any]]
    unit: str
    index: NDArray[np.int64] | None = None
    timestamps: NDArray[np.float64] | None = None
    rate_hz: float | None = None
    axes: Sequence[str] = ()
    registration: Registration | None = None

    def __post_init__(self) -> None:
        check_name("modality", self.name)
        rows = self.rows()
        some = [np.asarray(row) for row in (rows if self.ragged else rows[:1])]
        kinds = {(row.dtype.newbyteorder("="), row.shape[1:], row.ndim) for row in some}
        if self.ragged and len(kinds) != 1:
            found = f"rows of {len(kinds)} kinds" if kinds else "no rows"
            raise BadInput(self.where, found, "one or more rows of one dtype and shape")
        if self.dtype.name not in DTYPES:
            raise BadInput(self.where, f"dtype {self.dtype}", f"one of {', '.join(DTYPES)}")
        if self.ragged and any(row.ndim == 0 for row in rows):
            raise BadInput(self.where, "a ragged row without axes", "rows (T, ...)")
        if 0 in (self.shape[1:] if self.ragged else self.shape):
            raise BadInput(self.where, f"readings of shape {self.shape}", "no axis of size 0")
        if self.axes and len(self.axes) != len(self.shape):
            raise BadInput(self.where, f"axes {tuple(self.axes)}", f"{len(self.shape)} names")
        if self.rate_hz is not None and not 0 < self.rate_hz < np.inf:
            raise BadInput(self.where, f"rate {self.rate_hz} Hz", "a positive number")
        self._check_rows(rows)
        if self.timestamps is not None:
            stamps = np.asarray(self.timestamps)
            if stamps.shape != (self.count,) or not np.isfinite(stamps).all():
                raise BadInput(
                    f"{self.where} timestamps",
                    f"shape {stamps.shape} or NaN",
                    f"{self.count} finite seconds",
                )
        self._check_index()

    def _check_rows(self, rows: Sequence[NDArray[Any]]) -> None:
        if self.dtype.kind != "f":
            return
        for number, row in enumerate(rows):
            if not np.isfinite(row).all():
                place = tuple(map(int, np.argwhere(~np.isfinite(row))[0]))
                raise BadInput(
                    f"{self.where} row {number}",
                    f"NaN or infinity at {place}",
                    "finite readings (mark the reading absent instead)",
                )

    def _check_index(self) -> None:
        if self.index is None:
            return
        index = np.asarray(self.index)
        if index.ndim != 1 or index.dtype.kind not in "iu":
            raise BadInput(f"{self.where} index", f"{index.dtype} {index.shape}", "int64 (N,)")
        if index.size and not -1 <= index.min() <= index.max() < self.count:
            raise BadInput(
                f"{self.where} index",
                f"rows {index.min()} to {index.max()}",
                f"-1 (absent) to {self.count - 1}",
            )

    @property
    def where(self) -> str:
        """The stream's name in messages."""
        return f"modality {self.name!r}"

    @property
    def ragged(self) -> bool:
        """Whether the first axis of a reading varies."""
        return not isinstance(self.data, np.ndarray)

    @property
    def count(self) -> int:
        """Number of rows R."""
        return len(self.data)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a value."""
        first = self.data if isinstance(self.data, np.ndarray) else self.data[0]
        return np.dtype(first.dtype.newbyteorder("="))

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Shape of a reading; ``None`` is the axis that varies."""
        if isinstance(self.data, np.ndarray):
            return self.data.shape[1:]
        return (None, *self.data[0].shape[1:])

    def rows(self) -> Sequence[NDArray[Any]]:
        """Return the rows as a sequence, one array a reading."""
        if isinstance(self.data, np.ndarray) and self.data.ndim == 0:
            raise BadInput(self.where, "a single number", "an array (R, *shape)")
        return cast("Sequence[NDArray[Any]]", self.data)


@dataclass(frozen=True)
class StreamInfo:
    """A description of one modality of a recording, without its readings.

    ``shape`` has ``None`` for a ragged first axis; ``count`` is the number of rows;
    ``registration`` leads from its pixels to those of another modality.
    """

    shape: tuple[int | None, ...]
    dtype: str
    unit: str
    rate_hz: float | None
    count: int
    ragged: bool
    axes: tuple[str, ...]
    registration: Registration | None = None


@dataclass(frozen=True)
class TargetColumn:
    """A column with one target's value for every sample.

    Parameters
    ----------
    name : str
        The target.
    kind : {"classification", "ordinal", "regression"}
        What a head has to predict.
    values : int64 or float64 array (N,)
        Class indices, or values in ``unit``; ignored where the state is not LABELLED.
    states : int8 array (N,), optional
        A :class:`stillage.task.LabelState` each; default: all labelled.
    classes : sequence of str
        Class names in order (none for regression).
    unit : str
        Unit of a regression target.

    Raises
    ------
    BadInput
        If a labelled value is no class or not finite, or classes and kind do not fit.

    >>> TargetColumn("mass", "regression", np.array([1.5]), unit="kg").task.metric
    'r2'
    """

    name: str
    kind: TaskKind
    values: NDArray[Any]
    states: NDArray[np.int8] = None  # type: ignore[assignment]
    classes: Sequence[str] = ()
    unit: str = ""

    def __post_init__(self) -> None:
        check_name("target", self.name)
        where = f"target {self.name!r}"
        regression = self.kind == "regression"
        object.__setattr__(self, "classes", tuple(self.classes))
        if regression == bool(self.classes):
            raise BadInput(
                where, f"{self.kind} with classes {self.classes}", "classes unless regression"
            )
        if not regression and (len(self.classes) < 2 or len(set(self.classes)) < len(self.classes)):
            raise BadInput(where, f"classes {self.classes}", "two or more different names")
        values = np.asarray(self.values)
        if values.ndim != 1 or values.dtype.kind not in ("fiu" if regression else "iu"):
            raise BadInput(where, f"values {values.dtype} {values.shape}", "numbers (N,)")
        states = np.full(len(values), LabelState.LABELLED) if self.states is None else self.states
        states = np.asarray(states).astype(np.int8)
        if states.shape != values.shape or not np.isin(states, list(LabelState)).all():
            raise BadInput(where, f"states {np.unique(states)}", "-1, 0 or 1 for every sample")
        labelled = states == LabelState.LABELLED
        known = values[labelled]
        if regression and not np.isfinite(known).all():
            place = int(np.flatnonzero(labelled)[~np.isfinite(known)][0])
            raise BadInput(f"{where} sample {place}", "NaN or infinity", "a finite value")
        if (
            not regression
            and known.size
            and not 0 <= known.min() <= known.max() < len(self.classes)
        ):
            raise BadInput(
                where, f"classes {known.min()} to {known.max()}", f"0 to {len(self.classes) - 1}"
            )
        empty = np.nan if regression else -1
        values = np.where(labelled, values, empty).astype(np.float64 if regression else np.int64)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "states", states)

    @property
    def task(self) -> Task:
        """The task of predicting this target."""
        return Task(target=self.name, kind=self.kind, classes=tuple(self.classes), unit=self.unit)
