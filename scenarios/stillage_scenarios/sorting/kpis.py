"""Compute KPIs of the sorting belt from the ledgers' totals of each replica."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillage_scenarios.sorting.plant import BELT, BUYERS, EMPTY_S, FEED, MISSED, PICKED
from stillage_sim.devices.power import DEVICE
from stillage_sim.scenario import Totals

Floats = NDArray[np.float64]
Kpi = Callable[[Totals, "Tariff"], Floats]

J_PER_KWH = 3.6e6


@dataclass(frozen=True)
class Tariff:
    """The figures that KPIs need beside the totals.

    ``right`` bool (K+1, kinds): whether a kind belongs in a chute (never in residue);
    ``wanted`` bool (kinds,): whether any chute wants it; ``co2e`` (K+1, kinds) kg/kg avoided.
    """

    right: NDArray[np.bool_]
    wanted: NDArray[np.bool_]
    co2e: Floats
    pick_energy_j: float
    grid_kg_per_kwh: float


def _share(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0))


def _accepted(totals: Totals, tariff: Tariff) -> tuple[Floats, Floats]:
    """Sum the kilograms in the right chutes, and in all material chutes, (replicas,)."""
    chutes = totals["mass"][:, 2:]
    return (chutes * tariff.right).sum((1, 2)), chutes[:, :-1].sum((1, 2))


def purity(totals: Totals, tariff: Tariff) -> Floats:
    """Compute the mass in its right chute over all in material chutes; 0 where these are empty."""
    return _share(*_accepted(totals, tariff))


def recovery(totals: Totals, tariff: Tariff) -> Floats:
    """Compute the mass in its right chute over the wanted mass that passed; 0 where none came.

    What passed has left the belt.
    """
    passed = -totals["mass"][:, FEED] - totals["mass"][:, BELT]
    return _share(_accepted(totals, tariff)[0], (passed * tariff.wanted).sum(1))


def recovered_value_eur(totals: Totals, tariff: Tariff) -> Floats:
    """Return what buyers pay, less deductions for contamination (gate fees not counted)."""
    return np.asarray(-totals["money"][:, BUYERS, 0])


def co2e_avoided_kg(totals: Totals, tariff: Tariff) -> Floats:
    """Compute the CO2e avoided by what is in its right chute, less that of the robot's mains.

    A kilogram avoids virgin less recycled emissions.
    """
    avoided = (totals["mass"][:, 2:] * tariff.co2e).sum((1, 2))
    mains = totals["counts"][:, PICKED] * (tariff.pick_energy_j / J_PER_KWH)
    return np.asarray(avoided - mains * tariff.grid_kg_per_kwh)


def missed_items(totals: Totals, tariff: Tariff) -> Floats:
    """Count the items that left without a decision.

    They were not perceived in time, or found no pick left, or no slot.
    """
    return totals["counts"][:, MISSED]


def energy_j(totals: Totals, tariff: Tariff) -> Floats:
    """Return the joules that the sensing device drew: readings, inference, idling and sleep."""
    return totals["energy"][:, DEVICE, 0]


def battery_empty_h(totals: Totals, tariff: Tariff) -> Floats:
    """Compute the hours of running belt in which the device slept with an empty battery."""
    return np.asarray(totals["counts"][:, EMPTY_S] / 3600.0)


KPIS: dict[str, Kpi] = {
    "purity": purity,
    "recovery": recovery,
    "recovered_value_eur": recovered_value_eur,
    "co2e_avoided_kg": co2e_avoided_kg,
    "missed_items": missed_items,
    "energy_j": energy_j,
    "battery_empty_h": battery_empty_h,
}
"""Sorting's KPIs by name."""
