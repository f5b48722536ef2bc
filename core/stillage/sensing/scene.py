"""A scene: named arrays of physical state that sensor models render into readings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput, UnknownName


@dataclass(frozen=True)
class Scene(Mapping[str, NDArray[Any]]):
    """A scene holds the physical state of N items as named arrays.

    Parameters
    ----------
    fields : mapping of str to array
        Each ``(N, ...)``: numbers in the unit given, or strings for names (a material).
    units : mapping of str to str
        One entry for every field; ``""`` for names and ``"1"`` for pure numbers.

    Raises
    ------
    BadInput
        If lengths differ, a unit is missing, or a number is not finite.

    >>> scene = Scene({"temperature": np.array([20.0, 35.0])}, {"temperature": "degC"})
    >>> len(scene), scene.items_count, scene.units["temperature"]
    (1, 2, 'degC')
    """

    fields: Mapping[str, NDArray[Any]]
    units: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counts = {name: len(values) for name, values in self.fields.items()}
        if len(set(counts.values())) > 1:
            raise BadInput("scene", f"fields of different lengths {counts}", "one length")
        for name, values in self.fields.items():
            if name not in self.units:
                raise BadInput(f"scene field {name!r}", "no unit", "a unit ('' for names)")
            if np.issubdtype(values.dtype, np.number) and not np.isfinite(values).all():
                raise BadInput(f"scene field {name!r}", "NaN or infinity", "finite numbers")

    @property
    def items_count(self) -> int:
        """Number of items N."""
        return len(next(iter(self.fields.values()))) if self.fields else 0

    def part(self, items: slice | NDArray[np.int64]) -> Scene:
        """Give the scene of these items only.

        >>> Scene({"mass": np.array([5.0, 7.0])}, {"mass": "g"}).part(slice(1, 2))["mass"]
        array([7.])
        """
        return Scene({name: values[items] for name, values in self.fields.items()}, self.units)

    def sample_numbers(self, samples: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """Number the items (N,) for the noise of a sensor model: ``samples``, or else 0 .. N - 1.

        >>> Scene({"mass": np.array([5.0, 7.0])}, {"mass": "g"}).sample_numbers()
        array([0, 1])
        """
        if samples is None:
            return np.arange(self.items_count)
        return np.asarray(samples, np.int64)

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self.fields:
            raise UnknownName("scene", f"no field {name!r}", f"one of {sorted(self.fields)}")
        return self.fields[name]

    def __contains__(self, name: object) -> bool:
        return name in self.fields

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)
