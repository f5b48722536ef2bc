"""Policies of the sorting belt: rules that put what they recognise where it is worth most.

A rule acts on what the environment shows, like every policy. Since all that may be known of an
item was perceived once, its compiled form is a look-up: the chute and the priority of every
held-out item (:class:`Choice`). The two act alike, but for items whose worth differs by less than
an observation's float32 shows. ``oracle`` and ``random`` are look-ups alone, for the environment
shows neither what an item is worth in truth nor the world's luck.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_sim.policy.protocol import BLIND, IDEAL, MAJORITY, Observation
from stillage_sim.scenario import Perceived

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Market:
    """The plant's knowledge of its outlets, for K materials and G grades.

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
        """Return the number of the residue chute, K + 1."""
        return len(self.price) + 1


class Seen(NamedTuple):
    """The sight of items: probabilities (..., K) of material and (..., G) of quality or None."""

    material: Floats
    quality: Floats | None


@dataclass(frozen=True)
class Hand:
    """The items of one training seed: truth and tables, rows aligned.

    ``material`` int64 (I,), -1 for none of the K; ``value`` (I,) EUR of the item in its right
    chute; ``group`` (I,) numbers of their groups; ``seen`` maps a table's name to what it says.
    """

    material: Ints
    value: Floats
    group: Ints
    tables: Mapping[str, Perceived]
    seen: Mapping[str, Seen]

    def look(self, sees: str, materials: int) -> Seen:
        """Look at every item through a table, or by ``IDEAL``, ``MAJORITY``, ``BLIND``."""
        if sees in self.seen:
            return self.seen[sees]
        certain = np.eye(materials + 1)[:, :materials]  # the last row is for none of them
        if sees == IDEAL:
            return Seen(certain[self.material], None)
        if sees == MAJORITY:
            return Seen(np.tile(certain[self._commonest(materials)], (len(self.material), 1)), None)
        if sees == BLIND:
            return Seen(np.zeros((len(self.material), materials)), None)
        have = ", ".join((*sorted(self.tables), IDEAL, MAJORITY, BLIND))
        raise BadInput("policy", f"sees {sees!r}", f"one of {have}")

    def _commonest(self, materials: int) -> int:
        """Find the material of most groups, each counted by its first item."""
        _, first = np.unique(self.group, return_index=True)
        counts = np.bincount(self.material[first] + 1, minlength=materials + 1)[1:]
        return int(counts.argmax())


@dataclass(frozen=True)
class Choice:
    """A look-up: ``chute`` int64 (I, V) in 1..K+1 and ``priority`` (I, V) EUR.

    The V variants are equally likely.
    """

    chute: Ints
    priority: Floats


@runtime_checkable
class Rule(Protocol):
    """A policy with a compiled form: a look-up by item."""

    @property
    def sees(self) -> str: ...

    def choose(self, market: Market, hand: Hand) -> Choice:
        """Choose what it would do with every item of a training seed."""


@dataclass(frozen=True)
class ItemRule:
    """A rule that puts an item where its most probable material goes, the most valuable first.

    An item's value is its expected one.

    Parameters
    ----------
    sees : str
        See :class:`stillage_sim.policy.Policy`.
    reject : bool
        Items whose best material is less probable than the plant's ``reject_below`` go to
        residue.
    """

    sees: str
    reject: bool = False

    def choose(self, market: Market, hand: Hand) -> Choice:
        chute, priority = self.valued(market, hand.look(self.sees, len(market.price)))
        return Choice(chute[:, None], priority[:, None])

    def valued(self, market: Market, seen: Seen) -> tuple[Ints, Floats]:
        """Compute chute and expected EUR of items (...,); nothing seen goes to residue, worth 0."""
        guess = seen.material.argmax(-1)
        right = np.take_along_axis(seen.material, guess[..., None], -1)[..., 0]
        factor = np.ones(guess.shape)
        if seen.quality is not None and market.grade is not None:
            factor = (seen.quality * market.grade).sum(-1)
        earned = right * market.mass[guess] * factor
        spoiled = (seen.material * market.mass).sum(-1) - right * market.mass[guess]
        expected = market.price[guess] * (earned - market.contamination * spoiled)
        least = market.reject_below if self.reject else 0.0
        unsure = (right < least) | (right <= 0.0)
        return np.where(unsure, market.residue, guess + 1).astype(np.int64), expected

    def begin(self, simulation: Any, replicas: int) -> dict[str, Any]:
        """Return the plant's market, and the picks that the robot has left (R,)."""
        belt = simulation.belt
        return {"market": belt.market, "rate": belt.plant.picks, "picks": np.zeros(replicas)}

    def act(
        self, observation: Observation, mask: NDArray[np.int8], memory: dict[str, Any]
    ) -> NDArray[np.int64]:
        """Release residue at once; pick the most valuable items as far as picks reach."""
        market: Market = memory["market"]
        told = np.asarray(observation["perception"], np.float64)
        count = len(market.price)
        quality = told[..., count:] if told.shape[-1] > count else None
        chute, value = self.valued(market, Seen(told[..., :count], quality))
        queue, running = observation["queue"], observation["clock"][:, 1] > 0.0
        there = (queue[..., 0] > 0.0) & (queue[..., 1] > 0.0) & running[:, None]
        actions = np.where(there & (chute == market.residue), chute, 0)
        wanted = there & (chute != market.residue)
        for r in np.flatnonzero(wanted.any(1)):
            slots = np.flatnonzero(wanted[r])
            # As the compiled form: the most valuable first, of equals what leaves first.
            order = np.lexsort((queue[r, slots, 2], -value[r, slots]))
            for slot in slots[order[: int(memory["picks"][r])]]:
                actions[r, slot] = chute[r, slot]
                memory["picks"][r] -= 1.0
        rate = memory["rate"]
        earned = np.minimum(memory["picks"] + rate, rate + 1.0)
        memory["picks"] = np.where(running, earned, memory["picks"])
        return actions


@dataclass(frozen=True)
class OracleRule:
    """A rule that knows every item.

    It picks the most valuable first and leaves the rest to residue.
    """

    sees: str = IDEAL

    def choose(self, market: Market, hand: Hand) -> Choice:
        known = hand.material >= 0
        chute = np.where(known, hand.material + 1, market.residue)
        return Choice(chute[:, None], np.where(known, hand.value, 0.0)[:, None])


@dataclass(frozen=True)
class RandomRule:
    """A rule that takes any chute, residue too, with the same chance, anew for every arrival."""

    sees: str = BLIND

    def choose(self, market: Market, hand: Hand) -> Choice:
        chutes = np.arange(1, market.residue + 1, dtype=np.int64)
        table = np.tile(chutes, (len(hand.material), 1))
        return Choice(table, np.zeros(table.shape))
