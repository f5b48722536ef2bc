"""Policies of the sorting belt, as look-ups: what each would do with every held-out item.

A policy is a function of a :class:`Market` (prices by chute and kind) and one training seed's
:class:`Hand` of items; it gives :class:`Choice`: chutes and priorities, and what a reading
costs. Everything a policy may know of an item was perceived once, by the model behind its
table; only ``oracle`` looks at the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_sim.scenario import Perceived

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Market:
    """What the plant knows of its outlets, for K materials and G grades.

    ``price`` (K,) EUR/kg of a clean bale; ``grade`` (G,) factors on it by
    quality, or None; ``mass`` (K,) kg of a
    typical item; ``contamination`` prices deducted for a wrong kilogram.
    """

    price: Floats
    grade: Floats | None
    mass: Floats
    contamination: float
    reject_below: float

    @property
    def residue(self) -> int:
        """Number of the residue chute, K + 1."""
        return len(self.price) + 1


@dataclass(frozen=True)
class Hand:
    """One training seed's items: truth and tables, rows aligned.

    ``material`` int64 (I,), -1 for none of the K; ``value`` (I,) EUR of the item in its right
    chute; ``heads`` maps a table's name to its material probabilities (I, K) and its quality
    probabilities (I, G), or None where it perceives none.
    """

    material: Ints
    value: Floats
    group: Ints
    tables: Mapping[str, Perceived]
    heads: Mapping[str, tuple[Floats, Floats | None]]

    def table(self, policy: str, name: str) -> tuple[Perceived, Floats, Floats | None]:
        """The table that ``policy`` reads, or BadInput where there is none."""
        if name not in self.tables:
            have = ", ".join(sorted(self.tables)) or "none"
            raise BadInput(f"policy {policy!r}", f"perception tables: {have}", f"table {name!r}")
        return self.tables[name], *self.heads[name]


@dataclass(frozen=True)
class Choice:
    """``chute`` int64 (I, V) in 1..K+1 and ``priority`` (I, V) EUR, V equally likely variants.

    ``device`` is the profile of the computer that perceives; without one nothing is sensed, and a
    reading costs neither time nor energy.
    """

    chute: Ints
    priority: Floats
    latency_s: float = 0.0
    energy_j: float = 0.0
    device: str = ""


Policy = Callable[[Market, Hand], Choice]


def oracle(market: Market, hand: Hand) -> Choice:
    """Knows every item; picks the most valuable first and leaves the rest to residue."""
    known = hand.material >= 0
    chute = np.where(known, hand.material + 1, market.residue)
    return Choice(chute[:, None], np.where(known, hand.value, 0.0)[:, None])


def random(market: Market, hand: Hand) -> Choice:
    """Any chute with the same chance, residue too; drawn anew for every arrival."""
    chutes = np.arange(1, market.residue + 1, dtype=np.int64)
    table = np.tile(chutes, (len(hand.material), 1))
    return Choice(table, np.zeros(table.shape))


def majority(market: Market, hand: Hand) -> Choice:
    """Takes every item for the commonest material of the held-out groups: no perception."""
    _, first = np.unique(hand.group, return_index=True)
    counts = np.bincount(hand.material[first] + 1, minlength=market.residue)[1:]
    chute = np.full((len(hand.material), 1), int(counts.argmax()) + 1, np.int64)
    return Choice(chute, np.zeros(chute.shape))


def perceived(market: Market, hand: Hand, name: str, policy: str = "") -> Choice:
    """Puts an item where its most probable material goes; the highest expected value first."""
    table, material, quality = hand.table(policy or name, name)
    guess = material.argmax(1)
    rows = np.arange(len(guess))
    factor = np.ones(len(guess))
    if quality is not None and market.grade is not None:
        factor = (quality * market.grade).sum(1)
    right = material[rows, guess]
    earned = right * market.mass[guess] * factor
    spoiled = (material * market.mass).sum(1) - right * market.mass[guess]
    expected = market.price[guess] * (earned - market.contamination * spoiled)
    return Choice(
        (guess + 1).astype(np.int64)[:, None],
        expected[:, None],
        float(table.latency_s),
        float(table.energy_j),
        table.device,
    )


def teacher(market: Market, hand: Hand) -> Choice:
    """The teacher itself, with all its sensors on the belt."""
    return perceived(market, hand, "teacher")


def labels_only(market: Market, hand: Hand) -> Choice:
    """The student that learnt from labels alone."""
    return perceived(market, hand, "labels_only")


def distilled(market: Market, hand: Hand) -> Choice:
    """The distilled student."""
    return perceived(market, hand, "distilled")


def distilled_int8(market: Market, hand: Hand) -> Choice:
    """The distilled student as exported in INT8."""
    return perceived(market, hand, "distilled_int8")


def rule(market: Market, hand: Hand) -> Choice:
    """The student without a teacher, with a plain rule: unsure items go to residue."""
    choice = perceived(market, hand, "labels_only", "rule")
    _, material, _ = hand.table("rule", "labels_only")
    unsure = material.max(1, keepdims=True) < market.reject_below
    chute = np.where(unsure, market.residue, choice.chute)
    return Choice(chute, choice.priority, choice.latency_s, choice.energy_j, choice.device)


POLICIES: dict[str, Policy] = {
    "oracle": oracle,
    "random": random,
    "majority": majority,
    "rule": rule,
    "teacher": teacher,
    "labels_only": labels_only,
    "distilled": distilled,
    "distilled_int8": distilled_int8,
}
"""Sorting's own policies by name; a plugin may register more, and every further table is one."""

NEEDS = {
    "rule": "labels_only",
    **{name: name for name in ("teacher", "labels_only", "distilled", "distilled_int8")},
}
"""The table that a policy cannot do without."""
