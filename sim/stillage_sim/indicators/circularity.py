"""Measure how far materials circle: the Material Circularity Indicator, and recycling rates.

The indicator follows *Circularity Indicators: An Approach to Measuring Circularity, Methodology*
(Ellen MacArthur Foundation and Granta Design, 2015, revised 2019); the rates follow Graedel et
al., *What do we know about metal recycling rates?* (Journal of Industrial Ecology 15, 2011) and
the UNEP report *Recycling Rates of Metals* of the same year and authors.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stillage.errors import BadInput
from stillage_sim.indicators.shares import share

Floats = NDArray[np.float64]

LINEAR = 0.1
"""The indicator of a fully linear product of average utility; 0 is left for worse utility."""

_ROUNDING = 1e-9


class Circularity(NamedTuple):
    """The circularity of a product: its indicator, and the masses that it is made of."""

    virgin: Floats
    waste: Floats
    linear_flow: Floats
    indicator: Floats


def material_circularity(
    mass: ArrayLike,
    recycled_input: ArrayLike = 0.0,
    reused_input: ArrayLike = 0.0,
    sent_to_recycling: ArrayLike = 0.0,
    sent_to_reuse: ArrayLike = 0.0,
    input_recycling_yield: ArrayLike = 1.0,
    output_recycling_yield: ArrayLike = 1.0,
    utility: ArrayLike = 1.0,
) -> Circularity:
    """Compute the Material Circularity Indicator in full, of broadcast arrays.

    Parameters
    ----------
    mass : ArrayLike
        M, of the product (any unit); 0 is no product, whose indicator is 0.
    recycled_input, reused_input : ArrayLike
        FR, FU, shares of the feedstock; together at most 1.
    sent_to_recycling, sent_to_reuse : ArrayLike
        CR, CU, shares collected after use; together at most 1.
    input_recycling_yield, output_recycling_yield : ArrayLike
        EF, EC, efficiency of the recycling that made the feedstock, and of that after use.
    utility : ArrayLike
        X, see :func:`utility`.

    Returns
    -------
    Circularity
        Virgin feedstock ``V = M (1 - FR - FU)``; unrecoverable waste ``W = W0 + (WF + WC) / 2``
        with ``W0 = M (1 - CR - CU)``, ``WF = M (1 - EF) FR / EF`` and ``WC = M (1 - EC) CR``;
        the linear flow index ``(V + W) / (2 M + (WF - WC) / 2)``, in [0, 1]; and ``max(0, 1 -
        0.9 LFI / X)``, which is 0.1 for a fully linear product with X = 1.

    Raises
    ------
    BadInput
        If a share leaves [0, 1], two exceed 1 together, or a mass, yield or utility is negative,
        or a yield is 0 while something was recycled through it.

    >>> result = material_circularity(1.0, 0.3, 0.0, 0.5, 0.0, 0.8, 0.8)
    >>> [round(float(value), 5) for value in result]
    [0.7, 0.5875, 0.6478, 0.41698]
    """
    arrays = [np.asarray(value, np.float64) for value in (
        mass, recycled_input, reused_input, sent_to_recycling, sent_to_reuse,
        input_recycling_yield, output_recycling_yield, utility,
    )]  # fmt: skip
    m, fr, fu, cr, cu, ef, ec, x = arrays
    _check("mass", m, np.inf)
    for name, value in (("recycled_input", fr), ("reused_input", fu), ("sent_to_recycling", cr)):
        _check(name, value)
    for name, value in (("sent_to_reuse", cu), ("output_recycling_yield", ec)):
        _check(name, value)
    _check("input_recycling_yield", ef)
    _check("utility", x, np.inf)
    _check("recycled_input + reused_input", fr + fu)
    _check("sent_to_recycling + sent_to_reuse", cr + cu)
    if np.any((ef == 0.0) & (fr > 0.0)):
        raise BadInput("input_recycling_yield", 0, "more than 0 where feedstock was recycled")
    virgin = m * np.maximum(1.0 - fr - fu, 0.0)
    waste_in = m * share((1.0 - ef) * fr, ef)
    waste_out = m * (1.0 - ec) * cr
    waste = m * np.maximum(1.0 - cr - cu, 0.0) + (waste_in + waste_out) / 2.0
    linear = share(virgin + waste, 2.0 * m + (waste_in - waste_out) / 2.0)
    penalty = share(0.9 * linear, x, empty=np.inf)
    whole = np.maximum(0.0, 1.0 - np.where(linear > 0.0, penalty, 0.0))
    return Circularity(virgin, waste, linear, np.where(m > 0.0, whole, 0.0))


def _check(name: str, value: Floats, most: float = 1.0) -> None:
    wrong = ~((value >= -_ROUNDING) & (value <= most + _ROUNDING))
    if np.any(wrong):
        bounds = "0 to 1" if most == 1.0 else "at least 0"
        raise BadInput(name, float(value[wrong].flat[0]), bounds)


def circularity_of_flows(
    virgin_kg: ArrayLike,
    recycled_kg: ArrayLike,
    reused_kg: ArrayLike,
    to_recycling_kg: ArrayLike,
    to_reuse_kg: ArrayLike,
    to_disposal_kg: ArrayLike,
    input_recycling_yield: ArrayLike = 1.0,
    output_recycling_yield: ArrayLike = 1.0,
    utility: ArrayLike = 1.0,
) -> Circularity:
    """Compute the indicator from what went into products and what came of them at the end of life.

    M is all that went in; FR and FU are shares of it, CR and CU shares of all that came out,
    however much was still in use. Where nothing came out yet, nothing was collected.

    >>> float(circularity_of_flows(70.0, 30.0, 0.0, 5.0, 0.0, 5.0, 0.8, 0.8).indicator.round(5))
    0.41698
    """
    recycled, reused, recycling, reuse = (
        np.asarray(flow, np.float64)
        for flow in (recycled_kg, reused_kg, to_recycling_kg, to_reuse_kg)
    )
    into = np.asarray(virgin_kg, np.float64) + recycled + reused
    out = np.asarray(to_disposal_kg, np.float64) + recycling + reuse
    return material_circularity(
        into,
        share(recycled, into),
        share(reused, into),
        share(recycling, out),
        share(reuse, out),
        input_recycling_yield,
        output_recycling_yield,
        utility,
    )


def utility(
    life: ArrayLike, average_life: ArrayLike, use: ArrayLike = 1.0, average_use: ArrayLike = 1.0
) -> Floats:
    """Compute X: length of use times intensity of use, each over the industry's average.

    >>> float(utility(12.0, 8.0, 50.0, 100.0))
    0.75
    """
    return share(life, average_life) * share(use, average_use)


def combined_circularity(indicators: ArrayLike, masses: ArrayLike, axis: int = -1) -> Floats:
    """Average the indicator of several products along ``axis``, weighted with their masses.

    The methodology's company level, with mass as the normalising factor.

    >>> round(float(combined_circularity([0.1, 0.5], [3.0, 1.0])), 12)
    0.2
    """
    weights = np.asarray(masses, np.float64)
    total = (np.asarray(indicators, np.float64) * weights).sum(axis)
    return share(total, weights.sum(axis))


def recycled_input_rate(recycled_kg: ArrayLike, produced_kg: ArrayLike) -> Floats:
    """Compute end-of-life material recycled into production, over all that was produced.

    >>> float(recycled_input_rate(30.0, 120.0))
    0.25
    """
    return share(recycled_kg, produced_kg)


def collection_rate(collected_kg: ArrayLike, available_kg: ArrayLike) -> Floats:
    """Compute what was collected, over what came to the end of its life.

    >>> float(collection_rate(60.0, 80.0))
    0.75
    """
    return share(collected_kg, available_kg)


def processing_rate(recycled_kg: ArrayLike, collected_kg: ArrayLike) -> Floats:
    """Compute what recycling made of the collected: its process efficiency.

    >>> float(processing_rate(45.0, 60.0))
    0.75
    """
    return share(recycled_kg, collected_kg)


def recycling_rate(recycled_kg: ArrayLike, available_kg: ArrayLike) -> Floats:
    """Compute the end-of-life recycling rate: recycled over what came to the end of its life.

    It is the product of the collection rate and the processing rate.

    >>> float(recycling_rate(45.0, 80.0)), 0.75 * 0.75
    (0.5625, 0.5625)
    """
    return share(recycled_kg, available_kg)
