"""Build goods in use: cohorts whose hazards keep the life's mean exactly.

Goods of a cohort are sold evenly over its width. When the next cohort begins, the model takes
out a share and books it over that next cohort, so the soonest return comes after one width on
average, and the share left after turn a (from 0) should be the life's survival function averaged
over one width. Averaged over [c + a, c + a + 1] widths, with c such that the integral of the
survival function from 0 to c is 1, the mean time in use is the mean life to the last digit, and
the stock in use therefore inflow times mean life (Little's law), whatever the width.

>>> cohorts = cohorts_of(np.array([2.0, 4.0]))
>>> cohorts.left.tolist(), cohorts.hazard.tolist()
([1.0, 1.0, 0.5, 0.5], [0.0, 0.5, 0.0, 1.0])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stillage_sim.chain.arrays import Floats, Uses
from stillage_sim.chain.building.lanes import Lanes, recipe
from stillage_sim.chain.file.products import Grade, Product
from stillage_sim.engine.quantiles import quantile_table
from stillage_sim.uncertainty.laws import AnyLaw, _Continuous
from stillage_sim.uncertainty.truncation import Truncated

_MOST_COHORTS = 400
_MOST_LIFE = 1e9
"""Periods of the longest life; no episode is as long."""

LIFE_CELLS = 16_384
SHORTEST = 1.25
"""Mean life in cohorts below which the delays of turns no longer fit in it."""

_LOST_TAIL = 1e-6


class Cohorts(NamedTuple):
    """The shares of a cohort as its turns come, all (C,).

    ``left`` before each turn, ``hazard`` that leaves in it, ``age`` (in widths) of what leaves.
    """

    left: Floats
    hazard: Floats
    age: Floats


def life_table(law: AnyLaw) -> Floats:
    """Tabulate equally likely lives, rising, of exactly the law's mean.

    The table is fine enough for 400 cohorts.
    """
    if not isinstance(law, _Continuous):
        return law.table()
    if law.low is None and law.high is None:
        return quantile_table(law.distribution(), LIFE_CELLS)
    return quantile_table(Truncated(law.distribution(), law.low, law.high), LIFE_CELLS)


def cohorts_of(lives: Floats) -> Cohorts:
    """Compute the cohorts of equally likely ``lives``, in widths; C is what the longest life needs.

    Raises ``ValueError`` if the mean life is under 1.25 widths.

    >>> from scipy import stats
    >>> law = stats.weibull_min(5.3759, scale=300.0)
    >>> cohorts = cohorts_of(quantile_table(law, 4096))
    >>> round(float(cohorts.left.sum() / law.mean()), 9)
    1.0
    """
    mean = float(lives.mean())
    if mean < SHORTEST:
        raise ValueError(f"found a mean life of {mean:g} cohorts, expected at least {SHORTEST}")
    shift = _shift(lives)
    turns = max(int(np.ceil(lives.max() - shift)), 1)
    # The mean of min(life, t) is the integral of the survival function from 0 to t.
    edges = np.minimum(lives[:, None], shift + np.arange(turns + 1)).mean(0)
    left = np.concatenate(([1.0], np.diff(edges)))
    while len(left) > 2 and left[-1] < _LOST_TAIL:
        left = left[:-1]
    hazard = 1.0 - np.append(left[1:], 0.0) / left
    age = shift + np.arange(len(left), dtype=np.float64)
    return Cohorts(left, np.clip(hazard, 0.0, 1.0), age)


def _shift(lives: Floats) -> float:
    """Find the c at which the integral of the survival function from 0 to c is 1."""
    low, high = 1.0, float(lives.max())
    for _ in range(100):
        middle = (low + high) / 2.0
        if float(np.minimum(lives, middle).mean()) < 1.0:
            low = middle
        else:
            high = middle
    return low if float(np.minimum(lives, low).mean()) >= 1.0 else high


class Life(NamedTuple):
    """The use of a product: ``width`` periods a cohort, mean life ``mean`` in cohorts."""

    width: int
    mean: float
    cohorts: Cohorts


def _life_of(lanes: Lanes, name: str) -> Life:
    """Compute the cohorts of a product; ``BadInput`` if they are too wide, or 400 are too few."""
    product, path = lanes.file.products[name], f"products.{name}"
    period_d = lanes.file.chain.period * lanes.file.chain.step_h / 24.0
    try:
        lives = life_table(product.life_d) / period_d
    except (ValueError, ArithmeticError) as error:
        raise lanes.bad(f"{path}.life_d", None, str(error)) from None
    if lives.min() < 0.0:
        raise lanes.bad(f"{path}.life_d", f"lives of {lives.min():g}", "lives of 0 and more")
    if lives.max() > _MOST_LIFE:
        raise lanes.bad(f"{path}.life_d", f"{lives.max():g} periods", f"at most {_MOST_LIFE:g}")
    needed = max(int(np.ceil(lives.max() / (_MOST_COHORTS - 2))), 1)
    width = product.cohort_periods or needed
    if width < needed:
        told = f"{width}, of which the longest life has more than {_MOST_COHORTS}"
        raise lanes.bad(f"{path}.cohort_periods", told, f"at least {needed}")
    try:
        cohorts = cohorts_of(lives / width)
    except ValueError as error:
        found, _, expected = str(error).removeprefix("found ").partition(", expected ")
        raise lanes.bad(f"{path}.life_d", found, expected) from None
    return Life(width, float(lives.mean()) / width, cohorts)


def _grade_shares(lanes: Lanes, name: str, product: Product, age: Floats) -> Floats:
    """Compute the share of each grade at ages (in mean lives); they sum to 1.

    float64 (ages, grades).
    """
    path = f"products.{name}.grades"
    rest = [n for n, grade in enumerate(product.grades) if grade.share is None]
    if len(rest) != 1:
        told = "no grade" if not rest else f"{len(rest)} grades"
        raise lanes.bad(path, f"{told} without share", "one, for what the others leave")
    table = np.stack(
        [_at(lanes, grade, f"{path}[{n}]", age) for n, grade in enumerate(product.grades)], 1
    )
    total = table.sum(1)
    if total.max() > 1.0 + 1e-9:
        worst = int(total.argmax())
        told = f"shares that sum to {total[worst]:.6g} at age {age[worst]:.4g}"
        raise lanes.bad(path, told, "at most 1")
    table[:, rest[0]] = np.maximum(1.0 - total, 0.0)
    return table


def _at(lanes: Lanes, grade: Grade, path: str, age: Floats) -> Floats:
    if grade.share is None:
        return np.zeros(len(age))
    points = np.array(grade.share, np.float64)
    if (np.diff(points[:, 0]) < 0.0).any():
        raise lanes.bad(f"{path}.share", "ages that fall", "ages that rise")
    return np.interp(age, points[:, 0], points[:, 1])


def uses(lanes: Lanes, quantities: Sequence[str], usual: dict[str, float]) -> tuple[Uses, Floats]:
    """Build the uses' arrays, and kg by material that are in use at first, float64 (U, M).

    ``usual`` is the mean demand of each product (kg a period).
    """
    products = lanes.file.products
    lives = [_life_of(lanes, name) for name in products]
    count = max((len(life.cohorts.left) for life in lives), default=1)
    grades = max((len(product.grades) for product in products.values()), default=1)
    hazard = np.ones((len(lives), count))
    grade = np.zeros((len(lives), count, grades))
    start = np.zeros((len(lives), count))
    sink = np.zeros((len(lives), grades), np.int64)
    mass = np.zeros((len(lives), len(lanes.materials)))
    rows = []
    for u, (name, product) in enumerate(products.items()):
        life, path = lives[u], f"products.{name}"
        size = len(life.cohorts.left)
        hazard[u, :size] = life.cohorts.hazard
        # Products with fewer cohorts are filled up to the longest; nothing grows that old, as the
        # hazard before is 1, but grades are interpolated for a worn age as well.
        ages = np.append(life.cohorts.age, life.cohorts.age[-1] + np.arange(1, count - size + 1))
        grade[u, :, : len(product.grades)] = _grade_shares(lanes, name, product, ages / life.mean)
        goods = usual.get(name, 0.0) * life.width * life.cohorts.left
        if product.in_use_kg is not None:
            goods = product.in_use_kg * life.cohorts.left / life.cohorts.left.sum()
        start[u, :size] = goods
        mass[u] = start[u].sum() * recipe(lanes, name)
        for g, one in enumerate(product.grades):
            sink[u, g] = lanes.find(one.to, f"{path}.grades[{g}].to")
        wear = -1 if product.wear is None else quantities.index(product.wear)
        lost = lanes.find(product.lost, f"{path}.lost")
        rows.append(
            (lanes.find_use(name), life.width, wear, quantities.index(product.collected), lost)
        )
    columns = np.array(rows, np.int64).reshape(-1, 5).T.copy()
    return Uses(
        account=columns[0],
        width=columns[1],
        hazard=hazard,
        grade=grade,
        wear=columns[2],
        collected=columns[3],
        sink=sink,
        lost=columns[4],
        start=start,
    ), mass
