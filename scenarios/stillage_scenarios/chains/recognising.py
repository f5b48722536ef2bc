"""Compute the shares that a chain's sorters really achieve, from models' perception tables.

For world w and batch b, a process that perceives draws its items from the held-out items of that
world by counter; of each class, the share of the mass that a policy's decision sends to every
output is what the chain uses of its materials (an hour's belt draws its n items).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillage import counter
from stillage.errors import BadInput
from stillage_scenarios.items.masses import recorded_kg
from stillage_sim.chain import model as chain_model
from stillage_sim.chain.arrays import Perception, shaved
from stillage_sim.chain.model import ChainModel, Perceived
from stillage_sim.policy.protocol import BLIND, DECLARED, IDEAL, MAJORITY
from stillage_sim.run.worlds import bootstrap
from stillage_sim.scenario import Cast, SeedCast

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_STREAM = counter.stream("batches of held-out items")


@dataclass(frozen=True)
class Sorter:
    """A process that perceives, bound to a cast's items.

    ``output`` (T,) is the output to which each of the task's classes belongs (the last where
    none is for it); ``column`` (M,) the class that each material is (-1: no item is of it).
    ``strange`` are the outputs' classes that the task does not know.
    """

    number: int
    process: Perceived
    target: str
    output: Ints
    column: Ints
    strange: tuple[str, ...]

    @property
    def seen(self) -> bool:
        """Tell whether held-out items say anything of this process."""
        return bool(self.target) and bool((self.column >= 0).any())


def sorters(model: ChainModel, cast: Cast) -> list[Sorter]:
    """List all processes that perceive, bound to the cast's tasks by the names of classes."""
    return [_bound(n, process, cast) for n, process in enumerate(model.perceived)]


def _bound(number: int, process: Perceived, cast: Cast) -> Sorter:
    task = cast.task(process.what)
    classes = [name.casefold() for name in task.classes] if task is not None else []
    outputs = {name.casefold(): n for n, name in enumerate(process.classes) if name}
    last = len(process.classes) - 1
    output = np.array([outputs.get(name, last) for name in classes], np.int64)
    names = [name.casefold() for name in process.columns]
    column = np.array([classes.index(c) if c in classes else -1 for c in names], np.int64)
    if not set(classes) & set(outputs):
        column[:] = -1
    strange = tuple(name for name in process.classes if name and name.casefold() not in classes)
    return Sorter(number, process, task.target if task else "", output, column, strange)


@dataclass(frozen=True)
class Batches:
    """The items of every world and batch: ``item`` int64 (W, B, n) of all seeds' items together."""

    item: Ints


def draw(model: ChainModel, sorter: Sorter, cast: Cast, batches: int, most: int) -> Batches:
    """Draw the items of each batch: a group of the world, then one of its items, by counter.

    ``most`` bounds the items of a batch, which are else those of a step at full rate.
    """
    starts = [np.zeros(1, np.int64)]
    members: list[Ints] = []
    sizes: list[int] = []
    for seed in cast.seeds:
        _, group = np.unique(np.asarray(seed.groups), return_inverse=True)
        # Items are numbered through all seeds, one seed after another.
        members.append(np.argsort(group, kind="stable") + sum(map(len, members)))
        counts = np.bincount(group)
        sizes.append(len(counts))
        starts.append(counts)
    start = np.cumsum(np.concatenate(starts))
    items = np.concatenate(members).astype(np.int64)
    worlds = bootstrap(cast.worlds, sizes)
    processes = model.parts.chain.processes
    rate = float(processes.rate[sorter.process.process])
    kilograms = float(processes.item_kg[sorter.process.process])
    count = max(int(min(rate / kilograms, most)), 1)
    drawn = np.empty((cast.worlds, batches, count), np.int64)
    batch, spot = np.arange(batches)[:, None], np.arange(count)
    for w in range(cast.worlds):
        u, v = (
            counter.uniform(_STREAM, sorter.number, w, batch, spot, stream) for stream in (0, 1)
        )
        group = worlds.groups[w, (u * worlds.size[w]).astype(np.int64)]
        length = start[group + 1] - start[group]
        drawn[w] = items[start[group] + (v * length).astype(np.int64)]
    return Batches(drawn)


def masses(cast: Cast, seed: SeedCast) -> Floats:
    """Return the kilograms of a seed's items (I,): recorded, else their mean; 1 if none is."""
    recorded = recorded_kg(cast, seed)
    if recorded is None:
        return np.ones(len(seed.samples))
    unknown = np.isnan(recorded)
    usual = 1.0 if unknown.all() else float(recorded[~unknown].mean())
    return np.where(unknown, usual, recorded)


def _achieved(sorter: Sorter, batches: Batches, truth: Ints, mass: Floats, output: Ints) -> Floats:
    """Compute the share of every class' mass that goes to each output, (W, B, N, T).

    It is NaN without any item.

    ``truth``, ``mass`` and ``output`` (I,): class (-1: of none), kilograms and output of items.
    """
    outputs, classes = len(sorter.process.classes), len(sorter.output)
    worlds, count = batches.item.shape[:2]
    result = np.empty((worlds, count, outputs, classes))
    batch = np.arange(count)[:, None]
    for w in range(worlds):
        item = batches.item[w]
        known = truth[item] >= 0
        place = (batch * outputs + output[item]) * classes + truth[item]
        sums = np.bincount(
            place[known], mass[item][known], minlength=count * outputs * classes
        ).reshape(count, outputs, classes)
        fed = sums.sum(1, keepdims=True)
        whole, all_fed = sums.sum(0), fed.sum(0)
        mean = np.divide(whole, all_fed, out=np.full_like(whole, np.nan), where=all_fed > 0)
        share = np.divide(sums, fed, out=np.zeros_like(sums), where=fed > 0)
        result[w] = np.where(fed > 0, share, mean)
    return result


def ejected(share: Floats, portion: float) -> Floats:
    """Send ``portion`` of what is meant for an output there, and the rest to the last output.

    >>> ejected(np.array([[1.0], [0.0]]), 0.75)[:, 0].tolist()
    [0.75, 0.25]
    """
    result = share * portion
    result[..., -1, :] += 1.0 - portion
    return np.asarray(result)


class Recogniser:
    """A maker of perceptions for one chain and cast; batches are drawn once for all policies."""

    def __init__(self, model: ChainModel, cast: Cast, batches: int, most: int) -> None:
        self.model, self.cast = model, cast
        self.sorters = sorters(model, cast)
        seen = [sorter for sorter in self.sorters if sorter.seen]
        if seen and (not cast.seeds or any(len(seed.samples) == 0 for seed in cast.seeds)):
            raise BadInput("cast", "no held-out items", "some for every training seed")
        self.batches = {s.number: draw(model, s, cast, batches, most) for s in seen}
        self.mass = np.concatenate([masses(cast, s) for s in cast.seeds]) if seen else np.empty(0)
        self.count = batches if seen else 1

    def perceive(self, sees: str) -> Perception:
        """Compute the perception of seeing by ``sees``, (Q, W, B, N, M).

        See :mod:`stillage_sim.policy`.

        Raises ``BadInput`` where a table lacks a target.
        """
        usual = {IDEAL: chain_model.ideal, BLIND: chain_model.blind}
        base = usual[sees](self.model) if sees in usual else self.model.declared
        shape = (len(base.share), self.cast.worlds, self.count, *base.share.shape[3:])
        share = np.array(np.broadcast_to(base.share, shape))
        if sees not in (IDEAL, BLIND, DECLARED):
            for sorter in self.sorters:
                if sorter.seen:
                    share[sorter.number] = self._seen(sorter, sees, share[sorter.number])
        return Perception(np.ascontiguousarray(share))

    def _seen(self, sorter: Sorter, sees: str, share: Floats) -> Floats:
        """Compute the shares (W, B, N, M) of a sorter: declared ones where there are no items."""
        outputs = len(sorter.process.classes)
        truth = np.concatenate([_truth(sorter, seed) for seed in self.cast.seeds])
        if sees == MAJORITY:
            guesses = [self._commonest(sorter, seed) for seed in self.cast.seeds]
        else:
            guesses = [self._guess(sorter, sees, seed) for seed in self.cast.seeds]
        output = np.concatenate([sorter.output[guess] for guess in guesses])
        batches = self.batches[sorter.number]
        found = _achieved(sorter, batches, truth, self.mass, output)
        result = share.copy()
        for m, column in enumerate(sorter.column):
            if column < 0 and sees == MAJORITY:
                constant = np.zeros(outputs)
                constant[output[0]] = 1.0
                result[..., :outputs, m] = shaved(ejected(constant[:, None], 1.0))[:, 0]
            elif column >= 0:
                each = ejected(found[..., column, None], sorter.process.ejected)[..., 0]
                told = shaved(each[..., None])[..., 0]
                result[..., :outputs, m] = np.where(np.isnan(told), share[..., :outputs, m], told)
        return result

    def _guess(self, sorter: Sorter, name: str, seed: SeedCast) -> Ints:
        heads = seed.tables[name].heads
        if sorter.target not in heads:
            raise BadInput(
                f"perception table {name!r}", f"heads {sorted(heads)}", repr(sorter.target)
            )
        told = np.asarray(heads[sorter.target], np.float64)[seed.rows(name)]
        if told.shape != (len(seed.samples), len(sorter.output)):
            wanted = f"({len(seed.samples)}, {len(sorter.output)})"
            raise BadInput(
                f"perception table {name!r}", f"{told.shape} for {sorter.target!r}", wanted
            )
        return np.asarray(told.argmax(1), np.int64)

    def _commonest(self, sorter: Sorter, seed: SeedCast) -> Ints:
        """Return the class of most groups (each counted by its first item), for every item."""
        _, first = np.unique(np.asarray(seed.groups), return_index=True)
        counts = np.bincount(_truth(sorter, seed)[first] + 1, minlength=len(sorter.output) + 1)
        return np.full(len(seed.samples), int(counts[1:].argmax()), np.int64)

    def notes(self) -> list[str]:
        """List the materials and processes that no held-out item stands for."""
        told = []
        for sorter in self.sorters:
            process = self.model.processes[sorter.process.process]
            if not sorter.seen:
                told.append(
                    f"{process}: no held-out item stands for its {sorter.process.what}; every "
                    "model sorts as the chain's file declares"
                )
                continue
            present = np.unique(np.concatenate([_truth(sorter, s) for s in self.cast.seeds]))
            present = present[present >= 0]
            lacking = [
                name
                for name, column in zip(sorter.process.columns, sorter.column, strict=True)
                if not np.isin(column, present)
            ]
            if lacking:
                names = ", ".join(dict.fromkeys(lacking))
                told.append(
                    f"{process}: no held-out item of {names}; every model sorts them as the "
                    "chain's file declares"
                )
            strange = [name for name in sorter.strange if name not in lacking]
            if strange:
                told.append(
                    f"{process}: no held-out item can be {', '.join(strange)}; no model sends "
                    "anything there"
                )
        if not self.model.perceived:
            told.append("nothing perceives in this chain: policies differ by rules alone")
        return told


def _truth(sorter: Sorter, seed: SeedCast) -> Ints:
    return np.asarray(seed.truth[sorter.target], np.int64)


def costs(cast: Cast, name: str) -> Mapping[str, float]:
    """Average the modelled seconds and joules of a reading by the model ``name`` over its seeds."""
    tables = [seed.tables[name] for seed in cast.seeds]
    return {
        "s": float(np.mean([table.latency_s for table in tables])),
        "j": float(np.mean([table.energy_j for table in tables])),
    }
