"""Convert recorded numbers to the expected unit.

>>> conversion("t/d", "kg/h"), conversion("%", "1"), conversion("ct/kWh", "ct/kWh")
(41.666666666666664, 0.01, 1.0)
"""

from __future__ import annotations

from stillage.errors import BadInput

_DIMENSIONS: tuple[dict[str, float], ...] = (
    {"1": 1.0, "%": 0.01},
    {"mg": 1e-6, "g": 1e-3, "kg": 1.0, "t": 1e3, "kt": 1e6},
    {"J": 1.0, "kJ": 1e3, "MJ": 1e6, "GJ": 1e9, "Wh": 3.6e3, "kWh": 3.6e6, "MWh": 3.6e9},
    {"mW": 1e-3, "W": 1.0, "kW": 1e3, "MW": 1e6},
    {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "week": 604_800.0, "a": 31_536_000.0},
    {"mm": 1e-3, "cm": 1e-2, "m": 1.0, "km": 1e3},
    {"cent": 0.01, "EUR": 1.0, "kEUR": 1e3},
    {"m2": 1.0, "ha": 1e4, "km2": 1e6},
    {"l": 1e-3, "m3": 1.0},
)
"""Units of one dimension and their sizes; a year ``a`` has 365 days."""


def conversion(found: str, expected: str, where: str = "unit") -> float:
    """Return the factor from one unit to another of the same dimension; ``a/b`` is a quotient.

    Any unit converts to itself. Raises ``BadInput`` for units of different dimensions, and for
    unknown ones that differ.
    """
    if found == expected:
        return 1.0
    ours, theirs = found.split("/"), expected.split("/")
    if len(ours) == len(theirs):
        factors = [_simple(a.strip(), b.strip()) for a, b in zip(ours, theirs, strict=True)]
        if all(factors):
            result = factors[0]
            for factor in factors[1:]:
                result /= factor
            return result
    raise BadInput(where, f"unit {found!r}", f"{expected!r} or a unit that converts to it")


def _simple(found: str, expected: str) -> float:
    """Return the factor between two plain units, or 0 if there is none."""
    if found == expected:
        return 1.0
    for sizes in _DIMENSIONS:
        if found in sizes and expected in sizes:
            return sizes[found] / sizes[expected]
    return 0.0
