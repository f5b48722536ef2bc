"""Measure how well plants work: purity and recovery, availability and OEE, fill rate.

OEE is Nakajima's, *Introduction to TPM* (Productivity Press, 1988); purity (grade) and recovery
are those of mineral processing (Wills and Finch, *Wills' Mineral Processing Technology*).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stillage_sim.indicators.shares import share

Floats = NDArray[np.float64]


def purity(target_accepted_kg: ArrayLike, accepted_kg: ArrayLike) -> Floats:
    """Compute the target material among all that was accepted; 0 if nothing was.

    >>> float(purity(95.0, 100.0))
    0.95
    """
    return share(target_accepted_kg, accepted_kg)


def recovery(target_accepted_kg: ArrayLike, target_fed_kg: ArrayLike) -> Floats:
    """Compute the target material accepted, over the target in the feed; 0 if there was none.

    >>> float(recovery(95.0, 190.0))
    0.5
    """
    return share(target_accepted_kg, target_fed_kg)


def availability(up_h: ArrayLike, down_h: ArrayLike) -> Floats:
    """Compute time up over time up or down; with mean times, MTBF / (MTBF + MTTR).

    >>> round(float(availability(200.0, 10.0)), 5)
    0.95238
    """
    return share(up_h, np.asarray(up_h, np.float64) + np.asarray(down_h, np.float64))


def performance(processed: ArrayLike, up_h: ArrayLike, ideal_per_h: ArrayLike) -> Floats:
    """Compute what was processed, over what the ideal rate makes of the time up.

    >>> float(performance(90.0, 10.0, 10.0))
    0.9
    """
    return share(processed, np.asarray(up_h, np.float64) * np.asarray(ideal_per_h, np.float64))


def quality(good: ArrayLike, processed: ArrayLike) -> Floats:
    """Compute the good among what was processed.

    >>> float(quality(81.0, 90.0))
    0.9
    """
    return share(good, processed)


def equipment_effectiveness(
    up_h: ArrayLike,
    down_h: ArrayLike,
    processed: ArrayLike,
    ideal_per_h: ArrayLike,
    good: ArrayLike,
) -> Floats:
    """Compute OEE = availability x performance x quality = good / (ideal rate x planned time).

    ``processed``, ``good`` and ``ideal_per_h`` in the same unit of amount (kg, pieces).

    >>> round(float(equipment_effectiveness(8.0, 2.0, 72.0, 10.0, 64.8)), 3)
    0.648
    """
    rate = performance(processed, up_h, ideal_per_h)
    return np.asarray(availability(up_h, down_h) * rate * quality(good, processed))


def fill_rate(filled_at_once: ArrayLike, demanded: ArrayLike) -> Floats:
    """Compute demand met from stock at once over all demand (type 2 service); 1 if there was none.

    >>> fill_rate([30.0, 0.0], [40.0, 0.0]).tolist()
    [0.75, 1.0]
    """
    return share(filled_at_once, demanded, empty=1.0)
