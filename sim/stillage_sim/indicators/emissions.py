"""Count CO2e by scope, in kg.

Scopes as in the *GHG Protocol Corporate Standard* (WRI and WBCSD, 2004) and its *Scope 3
Standard* (2011): 1 own fuel and processes, 2 bought electricity, 3 bought material, transport
and waste of others. What recycled material avoids elsewhere is kept apart and enters no scope.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

J_PER_KWH = 3.6e6
_KG_PER_T = 1e3


class Emissions(NamedTuple):
    """The CO2e by scope, and the CO2e avoided: kg, arrays of the same shape."""

    scope_1: Floats
    scope_2: Floats
    scope_3: Floats
    avoided: Floats

    @property
    def total(self) -> Floats:
        """Sum the three scopes; nothing avoided is deducted."""
        return np.asarray(self.scope_1 + self.scope_2 + self.scope_3)

    @property
    def net(self) -> Floats:
        """Return the total less what was avoided."""
        return np.asarray(self.total - self.avoided)


def weighted(amounts: ArrayLike, factors: ArrayLike) -> Floats:
    """Sum over the last axis amounts (..., N) times factors (N,) or (..., N).

    >>> float(weighted([2.0, 3.0], [1.5, 0.5]))
    4.5
    """
    return np.asarray((np.asarray(amounts, np.float64) * np.asarray(factors, np.float64)).sum(-1))


def fuel_co2e_kg(burnt: ArrayLike, kg_per_unit: ArrayLike) -> Floats:
    """Compute scope 1: fuels burnt (..., F) in their units (kWh, kg, l), times kg CO2e a unit (F,).

    >>> float(fuel_co2e_kg([100.0], [0.2]))
    20.0
    """
    return weighted(burnt, kg_per_unit)


def electricity_co2e_kg(energy_j: ArrayLike, grid_kg_per_kwh: ArrayLike) -> Floats:
    """Compute scope 2: joules from the grid by hour of the day (..., H), times its intensity (H,).

    >>> float(electricity_co2e_kg([3.6e6, 7.2e6], [0.1, 0.4]))
    0.9
    """
    return weighted(np.asarray(energy_j, np.float64) / J_PER_KWH, grid_kg_per_kwh)


def transport_co2e_kg(mass_kg: ArrayLike, distance_km: ArrayLike, kg_per_t_km: ArrayLike) -> Floats:
    """Compute the CO2e of masses over edges (..., E) by lengths (E,) and kg CO2e a tonne-km (E,).

    >>> round(float(transport_co2e_kg([2000.0], [100.0], [0.103])), 6)
    20.6
    """
    tonne_km = np.asarray(mass_kg, np.float64) / _KG_PER_T * np.asarray(distance_km, np.float64)
    return weighted(tonne_km, kg_per_t_km)


def material_co2e_kg(mass_kg: ArrayLike, kg_per_kg: ArrayLike) -> Floats:
    """Compute the CO2e of materials (..., K) bought or disposed of, at so many kg CO2e a kg (K,).

    >>> float(material_co2e_kg([10.0, 5.0], [2.0, 1.0]))
    25.0
    """
    return weighted(mass_kg, kg_per_kg)


def avoided_co2e_kg(
    secondary_kg: ArrayLike,
    virgin_kg_per_kg: ArrayLike,
    recycled_kg_per_kg: ArrayLike,
    substitution: ArrayLike = 1.0,
) -> Floats:
    """Compute the CO2e that secondary materials (..., K) avoid by displacing virgin ones.

    A kilogram displaces ``substitution`` kilograms of virgin material (0 to 1: its quality), and
    its recycling has its own emissions: ``m (substitution x virgin - recycled)``. Where these
    are counted in the scopes already, give ``recycled_kg_per_kg`` as 0.

    >>> float(avoided_co2e_kg([10.0], [3.0], [1.0], 0.5))
    5.0
    """
    virgin = np.asarray(virgin_kg_per_kg, np.float64) * np.asarray(substitution, np.float64)
    return weighted(secondary_kg, virgin - np.asarray(recycled_kg_per_kg, np.float64))
