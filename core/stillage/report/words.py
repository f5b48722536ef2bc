"""Write figures in words: numbers with fitting digits and units, names, lists."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_MINUS = "−"

NAMES = {"r2": "R²"}
"""Names of keys that are not simply the key's words."""

_KPI_NAMES = {"mci": "material circularity (MCI)", "oee": "equipment effectiveness (OEE)"}

UNITS = {"eur": "€", "kg": "kg", "j": "J", "h": "h", "s": "s", "1": "", "": "", "eur/d": "€/d"}


def name(key: str) -> str:
    """Name a metric, a target or anything else that declares no label.

    >>> name("balanced_accuracy"), name("r2")
    ('balanced accuracy', 'R²')
    """
    return NAMES.get(key, key.replace("_", " "))


def kpi_name(key: str, unit: str = "") -> str:
    """Give a KPI's name without its trailing unit.

    >>> kpi_name("recovered_value_eur", "EUR"), kpi_name("co2e_avoided_kg", "kg")
    ('recovered value', 'CO2e avoided')
    """
    said = key.removesuffix(f"_{unit.lower()}").replace("_", " ")
    return _KPI_NAMES.get(key, said.replace("co2e", "CO2e"))


def unit_sign(unit: str) -> str:
    """Give the sign of a unit, empty for pure numbers.

    >>> unit_sign("EUR"), unit_sign("1"), unit_sign("m")
    ('€', '', 'm')
    """
    return UNITS.get(unit.lower(), unit)


def number(value: float, digits: int = 3, signed: bool = False) -> str:
    """Write ``value`` with about ``digits`` significant digits, commas at thousands, a true minus.

    >>> number(12345.6), number(0.08421), number(-3.14159, signed=True), number(0.5, signed=True)
    ('12,346', '0.0842', '−3.14', '+0.5')
    >>> number(1e-9), number(0.0)
    ('1e−9', '0')
    """
    size = abs(value)
    if not math.isfinite(value):
        return "–"
    if size and (size < 1e-4 or size >= 1e9):
        mantissa, _, exponent = f"{size:.{digits - 1}e}".partition("e")
        text = f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}".replace("-", _MINUS)
    elif size >= 10 ** (digits - 1):
        text = f"{size:,.0f}"
    else:
        places = digits - 1 - (math.floor(math.log10(size)) if size else 0)
        text = f"{size:.{max(places, 0)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    sign = _MINUS if value < 0 and text != "0" else "+" if signed and text != "0" else ""
    return sign + text


def brief(value: float) -> str:
    """Write a tick's label: thousands in k, millions in M.

    >>> brief(200_000.0), brief(2.5e6), brief(0.25), brief(-3000.0), brief(1000.0)
    ('200k', '2.5M', '0.25', '−3k', '1,000')
    """
    for scale, sign in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= scale and abs(value) > 1e3:
            return f"{number(value / scale)}{sign}"
    return number(value)


def score(value: float, signed: bool = False) -> str:
    """Write a score in [-1, 1] with three decimals.

    >>> score(0.8), score(-0.0521, signed=True)
    ('0.800', '−0.052')
    """
    text = f"{value:+.3f}" if signed else f"{value:.3f}"
    return text.replace("-", _MINUS)


def quantity(value: float, unit: str, signed: bool = False) -> str:
    """Write a number with its unit's sign; small seconds and joules in milli and micro.

    >>> quantity(0.0012, "J"), quantity(3.2e-5, "s"), quantity(12.34, "EUR", signed=True)
    ('1.2 mJ', '32 µs', '+12.3 €')
    """
    if unit.lower() in ("j", "s") and value:
        for scale, prefix in ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n")):
            if abs(value) >= scale or prefix == "n":
                base = "s" if unit.lower() == "s" else "J"
                return f"{number(value / scale, signed=signed)} {prefix}{base}"
    return f"{number(value, signed=signed)} {unit_sign(unit)}".strip()


def size(count: float) -> str:
    """Write bytes in kB or MB.

    >>> size(5_400_000), size(1536)
    ('5.4 MB', '1.54 kB')
    """
    return f"{number(count / 1e6)} MB" if count >= 1e6 else f"{number(count / 1e3)} kB"


def spans_zero(interval: Mapping[str, Any]) -> bool:
    """Whether 0 lies within an interval ``{"mean", "low", "high"}``.

    >>> spans_zero({"mean": 1, "low": -1, "high": 3}), spans_zero({"mean": 2, "low": 1, "high": 3})
    (True, False)
    """
    return bool(interval["low"] <= 0.0 <= interval["high"])


def listed(names: list[str] | tuple[str, ...]) -> str:
    """List names as a sentence does.

    >>> listed(["video", "thermal", "nir"])
    'video, thermal and nir'
    """
    names = list(names)
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
