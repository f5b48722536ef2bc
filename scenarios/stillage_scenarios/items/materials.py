"""The materials that a plant handles: physics, prices and carbon, each with its source.

``assumed`` marks figures that we chose; everything else names where it was read. Prices are
what a plant is paid for a clean bale; the simulator never learns them from data.

>>> material("pet").price.value > material("PS").price.value
True
>>> material("aluminium").emissivity.source
'table: polished aluminium'
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from stillage.errors import BadInput

_USD_PER_EUR = 1.06
"""Mean exchange rate of May 2022, when the bale prices were read (assumed)."""

_KG_PER_LB = 0.45359237
_KG_PER_SHORT_TON = 907.18474


@dataclass(frozen=True)
class Quantity:
    """A number with its unit and where it is from (``assumed...`` where nobody measured it)."""

    value: float
    unit: str
    source: str

    @property
    def assumed(self) -> bool:
        """Tell whether the figure is ours rather than read somewhere."""
        return self.source.startswith("assumed")


@dataclass(frozen=True)
class Material:
    """A material, with what sensors and prices depend on.

    Attributes
    ----------
    name : str
        As targets and scenes spell it.
    bands : str
        Where its near-infrared bands are from; the table lives in the spectral plugin.
    emissivity : Quantity (1)
        In the long-wave infrared.
    density : Quantity (kg/m3)
    heat_capacity : Quantity (J/(kg K))
    thickness : Quantity (mm)
        Median wall of an item.
    price : Quantity (EUR/t)
        Of a clean bale; negative where disposal is paid for.
    co2e_avoided : Quantity (kg/kg)
        Emissions of virgin minus recycled material.
    """

    name: str
    bands: str
    emissivity: Quantity
    density: Quantity
    heat_capacity: Quantity
    thickness: Quantity
    price: Quantity
    co2e_avoided: Quantity


def _cents_per_lb(cents: float) -> float:
    return round(cents / 100.0 / _KG_PER_LB * 1000.0 / _USD_PER_EUR, 1)


def _per_short_ton(tonnes: float) -> float:
    return round(tonnes * 1000.0 / _KG_PER_SHORT_TON, 3)


GATE_FEE = Quantity(
    round(56.80 / _KG_PER_SHORT_TON * 1000.0 / _USD_PER_EUR, 1),
    "EUR/t",
    "EREF 2023: mean landfill fee, 56.80 USD/short ton",
)
"""What a plant pays for each tonne of residue."""

_MEASURED = "measured: centre, absorbance and width read from real spectra"
_LITERATURE = "literature: band centres only; absorbance and width assumed"
_RECALLED = "recalled: band centres only; absorbance and width assumed"
_NONE = "none: a metal has no molecular bands"
_PLASTIC = "table: PE, PP, PVC"
_ASSUMED_PLASTIC = "assumed like PE and PP"


def _residue_price() -> Quantity:
    return Quantity(-GATE_FEE.value, "EUR/t", f"residue; {GATE_FEE.source}")


def _make(
    name: str,
    bands: str,
    emissivity: tuple[float, str],
    density: float,
    heat_capacity: float,
    thickness: float,
    price: tuple[float, str] | None = None,
    co2e: tuple[float, str] = (0.0, "assumed: goes to residue"),
) -> Material:
    return Material(
        name,
        bands,
        Quantity(emissivity[0], "1", emissivity[1]),
        Quantity(density, "kg/m3", "assumed: handbook value"),
        Quantity(heat_capacity, "J/(kg K)", "assumed: handbook value"),
        Quantity(thickness, "mm", "assumed"),
        Quantity(price[0], "EUR/t", price[1]) if price else _residue_price(),
        Quantity(co2e[0], "kg/kg", co2e[1]),
    )


_PLASTIC_EMISSIVITY = (0.94, _PLASTIC)
_LIKE_PLASTIC = (0.94, _ASSUMED_PLASTIC)

MATERIALS: dict[str, Material] = {
    item.name: item
    for item in (
        _make(
            "PET", _MEASURED, _LIKE_PLASTIC, 1380.0, 1200.0, 0.40,
            (_cents_per_lb(39.6), "Resource Recycling, bale price of May 2022, 39.6 c/lb"),
            (_per_short_ton(1.54), "CRI (EPA 2002): 1.54 tCO2e/short ton"),
        ),
        _make(
            "HDPE", _MEASURED, _PLASTIC_EMISSIVITY, 955.0, 1900.0, 0.80,
            (_cents_per_lb(54.8), "Resource Recycling, natural bale of May 2022, 54.8 c/lb"),
            (_per_short_ton(1.39), "CRI (EPA 2002): 1.39 tCO2e/short ton"),
        ),
        _make(
            "PP", _MEASURED, _PLASTIC_EMISSIVITY, 905.0, 1800.0, 0.70,
            (600.0, "assumed"),
            (_per_short_ton(1.39), "assumed like HDPE (both save 71%: APR/Franklin 2018)"),
        ),
        _make(
            "PS", _MEASURED, _LIKE_PLASTIC, 1050.0, 1300.0, 0.60,
            (300.0, "assumed"),
            (1.5, "assumed"),
        ),
        _make(
            "carton", _LITERATURE, (0.97, "table: paper"), 700.0, 1400.0, 0.60,
            (round(129.0 / _USD_PER_EUR, 1), "Resource Recycling, OCC of May 2022, 129 USD/t"),
            (0.9, "assumed"),
        ),
        _make(
            "aluminium", _NONE, (0.09, "table: polished aluminium"), 2700.0, 900.0, 0.20,
            (_cents_per_lb(114.0), "Resource Recycling, cans of May 2022, 114 c/lb"),
            (_per_short_ton(15.0), "CRI (EPA 2002): 15.0 tCO2e/short ton"),
        ),
        _make("PVC", _LITERATURE, _PLASTIC_EMISSIVITY, 1390.0, 1000.0, 0.80),
        _make("ABS", _LITERATURE, _LIKE_PLASTIC, 1050.0, 1400.0, 1.50),
        _make("ASA", _RECALLED, _LIKE_PLASTIC, 1070.0, 1400.0, 1.50),
        _make("PC", _RECALLED, _LIKE_PLASTIC, 1200.0, 1200.0, 1.50),
        _make("PMMA", _RECALLED, _LIKE_PLASTIC, 1180.0, 1450.0, 2.00),
        _make("PLA", _RECALLED, _LIKE_PLASTIC, 1240.0, 1800.0, 0.60),
        _make("PETG", _RECALLED, _LIKE_PLASTIC, 1270.0, 1300.0, 1.00),
        _make("PACF", _RECALLED, _LIKE_PLASTIC, 1200.0, 1600.0, 1.50),
        _make("PCCF", _RECALLED, _LIKE_PLASTIC, 1250.0, 1200.0, 1.50),
    )
}  # fmt: skip
"""Materials of the synthetic recording (the first six) and contaminants of real ones."""

SORTED = ("PET", "HDPE", "PP", "PS", "carton", "aluminium")
"""Classes of the synthetic recording's ``material``, in the order of its class indices."""


def material(name: str) -> Material:
    """Find the material of that name, whatever its case.

    Raises
    ------
    BadInput
        For a name that the table lacks; close names are offered.
    """
    known = {key.casefold(): item for key, item in MATERIALS.items()}
    if name.casefold() in known:
        return known[name.casefold()]
    close = difflib.get_close_matches(name.casefold(), known, 1)
    hint = f"{known[close[0]].name!r}" if close else f"one of {', '.join(MATERIALS)}"
    raise BadInput("material", repr(name), hint)
