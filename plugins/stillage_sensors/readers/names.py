"""The names of channels in series files, and the modality that each belongs to.

A column of a CSV, or an array of an NPZ, is named ``channel[unit]`` or ``channel[unit]@rate``
with the rate in Hz: ``outer_ring[degC]@10``. The unit decides the modality unless the name says
it: ``series/torque[N m]@100``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput

_GRAMMAR = re.compile(
    r"(?:(?P<modality>[a-z][a-z_]*)/)?(?P<channel>[^\[\]@/]+)\[(?P<unit>[^\[\]@]*)\]"
    r"(?:@(?P<rate>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[0-9]+)?))?"
)

UNITS: dict[str, tuple[str, float, float]] = {
    "degC": ("temperature", 1.0, 0.0),
    "K": ("temperature", 1.0, -273.15),
    "bar": ("pressure", 1.0, 0.0),
    "kPa": ("pressure", 0.01, 0.0),
    "MPa": ("pressure", 10.0, 0.0),
    "l/min": ("flow", 1.0, 0.0),
    "m3/h": ("flow", 1000.0 / 60.0, 0.0),
    "W": ("power", 1.0, 0.0),
    "kW": ("power", 1000.0, 0.0),
    "g": ("vibration", 1.0, 0.0),
    "m/s2": ("vibration", 1.0 / 9.80665, 0.0),
    "mm/s": ("vibration_level", 1.0, 0.0),
}
"""Modality of a unit, and factor and offset to the modality's own unit."""

MODALITIES = {
    "series": "1",
    "temperature": "degC",
    "pressure": "bar",
    "flow": "l/min",
    "power": "W",
    "vibration": "g",
    "vibration_level": "mm/s",
}
"""Modalities that a series file may fill, and their units."""

_MAX_RATE = 1e7


@dataclass(frozen=True)
class Channel:
    """A channel: its modality, its name, and how its numbers become the modality's unit.

    ``rate`` is in Hz, or None where the name has none.
    """

    modality: str
    name: str
    unit: str
    rate: float | None
    factor: float = 1.0
    offset: float = 0.0

    def converted(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert values (T,) to the modality's unit."""
        return values * self.factor + self.offset


def parse(text: str, where: str) -> Channel:
    """Parse the name of a column or array into a channel.

    Raises
    ------
    BadInput
        For a name outside the grammar, an unknown modality, or a unit that is not its own.

    >>> parse("oil[K]@10", "here")
    Channel(modality='temperature', name='oil', unit='K', rate=10.0, factor=1.0, offset=-273.15)
    """
    match = _GRAMMAR.fullmatch(text.strip())
    if match is None:
        raise BadInput(where, repr(text[:80]), "channel[unit] or channel[unit]@rate")
    unit = match["unit"].strip()
    home, factor, offset = UNITS.get(unit, ("series", 1.0, 0.0))
    modality = match["modality"] or home
    if modality not in MODALITIES:
        raise BadInput(where, f"modality {modality!r}", f"one of {', '.join(MODALITIES)}")
    if modality == "series":
        factor, offset = 1.0, 0.0
    elif modality != home:
        raise BadInput(where, f"unit {unit!r} of {modality}", f"{MODALITIES[modality]} or like")
    rate = None if match["rate"] is None else float(match["rate"])
    if rate is not None and not 0 < rate <= _MAX_RATE:
        raise BadInput(where, f"rate {match['rate']} Hz", f"above 0, at most {_MAX_RATE:g}")
    return Channel(modality, match["channel"].strip(), unit, rate, factor, offset)
