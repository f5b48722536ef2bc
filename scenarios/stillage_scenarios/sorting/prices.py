"""Price the sorting plant: what each kind of item is worth in each chute, and its CO2e."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.task import Task
from stillage_scenarios.items import materials
from stillage_scenarios.sorting.kpis import Tariff
from stillage_scenarios.sorting.settings import SortingSettings
from stillage_sim.engine.ledger import quantise

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Prices:
    """The prices of K materials (K,): EUR/kg, kg CO2e avoided per kg, kg of a typical item."""

    price: Floats
    co2e: Floats
    mass: Floats
    notes: tuple[str, ...]


def look_up(names: tuple[str, ...], wall_area_m2: float) -> Prices:
    """Look up prices, carbon and masses by name; a name that the table lacks is worth nothing.

    >>> look_up(("PET",), 0.05).mass.round(4), look_up(("unobtainium",), 0.05).price
    (array([0.0276]), array([0.]))
    """
    rows, unknown = [], []
    for name in names:
        try:
            entry = materials.material(name)
        except BadInput:
            unknown.append(name)
            rows.append((0.0, 0.0, 0.03))
            continue
        mass = entry.density.value * entry.thickness.value * 1e-3 * wall_area_m2
        rows.append((entry.price.value / 1000.0, entry.co2e_avoided.value, mass))
    price, co2e, mass = np.array(rows, np.float64).T
    told = (f"no price, carbon or mass known of: {', '.join(unknown)} (counted as 0, 30 g)",)
    return Prices(price, co2e, np.asarray(quantise(mass)), told if unknown else ())


def grade_factors(settings: SortingSettings, quality: Task | None) -> Floats | None:
    """Return price factors by class of quality (G,); None without a quality that we can price."""
    factors = {"reuse": settings.reuse_factor, "repair": settings.repair_factor, "recycle": 1.0}
    if quality is None or not set(quality.classes) <= set(factors):
        return None
    return np.array([factors[name] for name in quality.classes])


def price_tables(prices: Prices, grade: Floats, contamination: float) -> tuple[Floats, Tariff]:
    """Compute the price (K+1, kinds) EUR/kg of each kind in each chute, and what KPIs need."""
    count, grades = len(prices.price), len(grade)
    price = np.zeros((count + 1, count + 1, grades))
    price[:-1] = (-contamination * np.abs(prices.price))[:, None, None]
    right = np.zeros(price.shape, np.bool_)
    co2e = np.zeros(price.shape)
    for k in range(count):
        price[k, k] = prices.price[k] * (grade if prices.price[k] > 0 else 1.0)
        right[k, k] = True
        co2e[k, k] = prices.co2e[k]
    price[-1] = -materials.GATE_FEE.value / 1000.0
    flat = (count + 1, (count + 1) * grades)
    wanted = np.repeat(np.arange(count + 1) < count, grades)
    return price.reshape(flat), Tariff(right.reshape(flat), wanted, co2e.reshape(flat), 0.0, 0.0)
