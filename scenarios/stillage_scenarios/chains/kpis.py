"""Compute KPIs of a chain world from each replica's totals, or from what one period added.

Every KPI is a function of flows, money, energy and hours that only ever add up, so that those
that are sums reconcile: the periods' add up to the whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage_scenarios.chains.kpi_index import KpiIndex
from stillage_sim.chain.arrays import (
    AVOIDED,
    OPERATOR,
    PROCESSES,
    SCOPE_1,
    SCOPE_2,
    SCOPE_3,
    SERVED,
    WANTED,
    WORKSHOP,
)
from stillage_sim.devices.arrays import EMPTY_H
from stillage_sim.indicators import circularity, effectiveness
from stillage_sim.indicators.emissions import J_PER_KWH
from stillage_sim.indicators.shares import share
from stillage_sim.machines.arrays import (
    FAILURES,
    MAINTENANCE,
    PLANNED,
    REPAIR,
    WAITING,
    WORKING,
)
from stillage_sim.scenario import Totals

Floats = NDArray[np.float64]
Kpi = Callable[[Totals, KpiIndex], Floats]

FLOWS = (
    "mass", "flow", "money", "mains", "emissions", "service", "machine_hours", "machine_counts",
    "device_counts",
)  # fmt: skip
"""The totals that KPIs read."""


def summed(values: Floats) -> Floats:
    """Sum all but the first axis, always in the same order.

    NumPy's own order depends on how many rows there are, and figures must not depend on how
    replicas are split into batches.

    >>> summed(np.ones((2, 3, 4))).tolist(), summed(np.ones((1, 0))).tolist()
    ([12.0, 12.0], [0.0])
    """
    flat = values.reshape(len(values), math.prod(values.shape[1:]))
    return np.asarray(np.cumsum(flat, 1)[:, -1] if flat.shape[1] else np.zeros(len(values)))


def _kg(totals: Totals, ways: NDArray[np.int64]) -> Floats:
    """Sum the kilograms that went some ways, (R,)."""
    return summed(totals["flow"][:, ways])


def profit_eur(totals: Totals, index: KpiIndex) -> Floats:
    """Compute what the operator earned: sales less everything that was paid."""
    return np.asarray(totals["money"][:, OPERATOR, 0])


def recovered_value_eur(totals: Totals, index: KpiIndex) -> Floats:
    """Value secondary material at the virgin prices that it displaced, and add what outlets paid.

    Prices are those of the file, without the index of a replica's luck; a kilogram of what a
    maker has no use for is worth nothing.
    """
    made = summed(totals["flow"][:, index.secondary] * index.value)
    sold = summed(totals["flow"][:, index.outlet] * np.maximum(index.paid, 0.0))
    return np.asarray(made + sold)


def mci(totals: Totals, index: KpiIndex) -> Floats:
    """Compute the Material Circularity Indicator of all products together.

    What is collected is recycled unless it is used again; the recycling's yield, the same for
    feedstock and end of life, is recycled material used over what was sent to recycling.
    """
    recycled, reused = _kg(totals, index.recycled), _kg(totals, index.reused)
    collected, lost = _kg(totals, index.back), _kg(totals, index.loss)
    to_reuse = np.minimum(reused, collected)
    to_recycling = collected - to_reuse
    efficiency = np.minimum(share(recycled, to_recycling, empty=1.0), 1.0)
    return circularity.circularity_of_flows(
        virgin_kg(totals, index), recycled, reused, to_recycling, to_reuse, lost,
        efficiency, efficiency,
    ).indicator  # fmt: skip


def recycled_input_rate(totals: Totals, index: KpiIndex) -> Floats:
    """Compute the share of recycled material in all that was made or sold again."""
    recycled, reused = _kg(totals, index.recycled), _kg(totals, index.reused)
    made = recycled + reused + virgin_kg(totals, index)
    return circularity.recycled_input_rate(recycled, made)


def collection_rate(totals: Totals, index: KpiIndex) -> Floats:
    """Compute the share that was collected of what left use."""
    back = _kg(totals, index.back)
    return circularity.collection_rate(back, back + _kg(totals, index.loss))


def _right(totals: Totals, index: KpiIndex) -> Floats:
    """Sum the kilograms in the lane of their own material, (R,)."""
    return summed(totals["flow"][:, index.accepted, index.target])


def purity(totals: Totals, index: KpiIndex) -> Floats:
    """Compute what share of the lanes named after a material is of it."""
    return effectiveness.purity(_right(totals, index), _kg(totals, index.accepted))


def recovery(totals: Totals, index: KpiIndex) -> Floats:
    """Compute the share that ended in its lane, of the materials that have a lane."""
    wanted = np.unique(index.target)
    fed = summed(totals["flow"][:, index.fed][..., wanted])
    return effectiveness.recovery(_right(totals, index), fed)


def _up(totals: Totals, machines: Any = slice(None)) -> Floats:
    """Sum the hours up of some machines together, (R,)."""
    return summed(totals["machine_hours"][:, machines][..., [WORKING, PLANNED]])


def _down(totals: Totals, machines: Any = slice(None)) -> Floats:
    return summed(totals["machine_hours"][:, machines][..., [WAITING, REPAIR, MAINTENANCE]])


def oee(totals: Totals, index: KpiIndex) -> Floats:
    """Compute the overall equipment effectiveness, mean of all lines that have machines.

    A line's good output is what does not go to disposal; of a maker, what was sold.
    """
    each = [
        effectiveness.equipment_effectiveness(
            _up(totals, line.machines) / len(line.machines),
            _down(totals, line.machines) / len(line.machines),
            _kg(totals, line.ways),
            line.kg_per_h,
            _kg(totals, line.good),
        )
        for line in index.lines
    ]
    whole = sum(each, np.zeros(len(totals["mains"])))
    return np.asarray(whole / max(len(each), 1))


def availability(totals: Totals, index: KpiIndex) -> Floats:
    """Compute the hours up of all machines over all their hours."""
    return effectiveness.availability(_up(totals), _down(totals))


def fill_rate(totals: Totals, index: KpiIndex) -> Floats:
    """Compute the demand that was met at once, of all demand."""
    service = totals["service"]
    return effectiveness.fill_rate(summed(service[..., SERVED]), summed(service[..., WANTED]))


def co2e_kg(totals: Totals, index: KpiIndex) -> Floats:
    """Sum all three scopes; nothing avoided is deducted."""
    return summed(totals["emissions"][:, [SCOPE_1, SCOPE_2, SCOPE_3]])


def co2e_scope_1_kg(totals: Totals, index: KpiIndex) -> Floats:
    """Return the emissions of own fuel and processes."""
    return np.asarray(totals["emissions"][:, SCOPE_1])


def co2e_scope_2_kg(totals: Totals, index: KpiIndex) -> Floats:
    """Return the emissions of bought electricity."""
    return np.asarray(totals["emissions"][:, SCOPE_2])


def co2e_scope_3_kg(totals: Totals, index: KpiIndex) -> Floats:
    """Return the emissions of virgin material, transport and waste of others."""
    return np.asarray(totals["emissions"][:, SCOPE_3])


def co2e_avoided_kg(totals: Totals, index: KpiIndex) -> Floats:
    """Return the virgin material's emissions that secondary material displaced."""
    return np.asarray(totals["emissions"][:, AVOIDED])


def virgin_kg(totals: Totals, index: KpiIndex) -> Floats:
    """Sum the virgin material that was drawn."""
    return -summed(totals["mass"][:, index.virgin])


def recycled_kg(totals: Totals, index: KpiIndex) -> Floats:
    """Sum the recycled material that makers used."""
    return _kg(totals, index.recycled)


def reused_kg(totals: Totals, index: KpiIndex) -> Floats:
    """Sum the goods that came to a market without being made anew."""
    return _kg(totals, index.reused)


def disposed_kg(totals: Totals, index: KpiIndex) -> Floats:
    """Sum what went to disposal, with what was never collected."""
    return _kg(totals, index.disposed)


def sold_kg(totals: Totals, index: KpiIndex) -> Floats:
    """Sum the goods sold into use."""
    return _kg(totals, index.sale)


def energy_kwh(totals: Totals, index: KpiIndex) -> Floats:
    """Return the mains electricity of processes and devices."""
    return np.asarray(totals["mains"][:, PROCESSES, 0] / J_PER_KWH)


def downtime_h(totals: Totals, index: KpiIndex) -> Floats:
    """Sum the hours that machines were down, all together."""
    return _down(totals)


def failures(totals: Totals, index: KpiIndex) -> Floats:
    """Count the failures of all machines."""
    return summed(totals["machine_counts"][..., FAILURES])


def maintenance_eur(totals: Totals, index: KpiIndex) -> Floats:
    """Compute what was paid for repairs, maintenance, inspections and spare parts.

    It is what the workshop was paid, less the processes' own work at the file's prices.
    """
    work = summed(totals["flow"][:, index.worked] * index.work_eur)
    return np.asarray(totals["money"][:, WORKSHOP, 0] - work)


def battery_empty_h(totals: Totals, index: KpiIndex) -> Floats:
    """Sum the hours that ended with an empty battery, of all devices together."""
    return summed(totals["device_counts"][:, EMPTY_H])


KPIS: dict[str, Kpi] = {
    "profit_eur": profit_eur,
    "recovered_value_eur": recovered_value_eur,
    "mci": mci,
    "recycled_input_rate": recycled_input_rate,
    "collection_rate": collection_rate,
    "recovery": recovery,
    "purity": purity,
    "oee": oee,
    "availability": availability,
    "fill_rate": fill_rate,
    "co2e_kg": co2e_kg,
    "co2e_scope_1_kg": co2e_scope_1_kg,
    "co2e_scope_2_kg": co2e_scope_2_kg,
    "co2e_scope_3_kg": co2e_scope_3_kg,
    "co2e_avoided_kg": co2e_avoided_kg,
    "virgin_kg": virgin_kg,
    "recycled_kg": recycled_kg,
    "reused_kg": reused_kg,
    "disposed_kg": disposed_kg,
    "sold_kg": sold_kg,
    "energy_kwh": energy_kwh,
    "downtime_h": downtime_h,
    "failures": failures,
    "maintenance_eur": maintenance_eur,
    "battery_empty_h": battery_empty_h,
}
"""A chain world's KPIs by name."""

ADDITIVE = tuple(
    name for name in KPIS if name.endswith(("_eur", "_kg", "_kwh", "_h")) or name == "failures"
)
"""KPIs whose periods add up to the whole; all others are ratios."""

OF_LANES = ("recovery", "purity")
"""KPIs that mean nothing for a chain without lanes named after a material."""
