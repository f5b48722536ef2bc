"""The arrays of the sorting belt: the plant, its items, a policy's decisions, and the state.

Every array is immutable but those of :class:`State`, whose replica axis comes first.
Chutes are numbered 1..K for K materials and K+1 for residue; action 0 leaves an item where it
is. A *kind* is a material (K: none of them) and a grade of quality, ``material * G + grade``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

FEED, BELT = 0, 1
"""Mass accounts; chute c has account 1 + c, so the residue has K + 2."""

BUYERS, PLANT, DISPOSAL = 0, 1, 2
"""Money accounts (EUR)."""

COUNTS = ("arrived", "perceived", "picked", "released", "missed", "illegal", "empty_s", "on_s")
ARRIVED, PERCEIVED, PICKED, RELEASED, MISSED, ILLEGAL, EMPTY_S, ON_S = range(8)


class Plant(NamedTuple):
    """The plant's numbers, which no policy and no item changes.

    ``arrivals`` is a cumulative table of items a second; ``solar`` joules of each second since
    the shift's start on a clear day; ``price`` (K+1, kinds) EUR/kg by chute (from 0) and kind.
    """

    arrivals: Floats
    solar: Floats
    price: Floats
    chutes: int
    slots: int
    reach_s: int
    shift_s: int
    picks: float
    clear_low: float
    clear_high: float
    capacity_j: float
    start_j: float
    wake_j: float
    sleep_j: float


class Items(NamedTuple):
    """The held-out items of all training seeds, one after another, and the worlds they make.

    ``kind`` and ``mass`` (I,); ``group_start`` (N+1,) into ``group_items`` (I,); a world w draws
    uniformly from ``world_groups[w, :world_size[w]]`` and belongs to seed ``world_seed[w]``.
    """

    kind: Ints
    mass: Floats
    group_start: Ints
    group_items: Ints
    world_groups: Ints
    world_size: Ints
    world_seed: Ints


class Decisions(NamedTuple):
    """A policy as look-ups: ``chute`` (I, V) and ``priority`` (I, V) EUR, V equally likely.

    ``latency`` (S,) seconds and ``energy`` (S,) joules of one reading by training seed, ``idle``
    (S,) joules of a second awake without one; ``device`` is 0 for a policy that needs no
    perception, and then nothing is read or drawn.
    """

    chute: Ints
    priority: Floats
    latency: Floats
    energy: Floats
    idle: Floats
    device: int


class State(NamedTuple):
    """The state of R replicas, which changes; the replica axis of each array comes first.

    ``prefix`` uint64 (R,); ``step``, ``world``, ``asleep``, ``current`` int64 (R,);
    ``slots`` int64 (R, S, 4): item (-1: empty), seconds left, perceived, luck;
    ``credit`` (picks), ``clear`` (share of sun), ``work`` (s left of a reading) float64 (R,);
    ledgers ``mass`` (R, K+3, kinds) kg, ``energy`` (R, 4, 1) J, ``money`` (R, 3, 1) EUR;
    ``counts`` int64 (R, 8).
    """

    prefix: NDArray[np.uint64]
    step: Ints
    world: Ints
    asleep: Ints
    current: Ints
    slots: Ints
    credit: Floats
    clear: Floats
    work: Floats
    mass: Floats
    energy: Floats
    money: Floats
    counts: Ints


class View(NamedTuple):
    """The view of a step: float32 observations (R, ...), int8 ``mask``, float64 ``rewards``."""

    perception: NDArray[np.float32]
    queue: NDArray[np.float32]
    battery: NDArray[np.float32]
    clock: NDArray[np.float32]
    mask: NDArray[np.int8]
    rewards: Floats


ITEM, LEFT, SEEN, LUCK = 0, 1, 2, 3
"""Last axis of ``State.slots``."""


def empty_state(plant: Plant, kinds: int, replicas: int) -> State:
    """Make the state of R replicas before anything is set."""
    return State(
        prefix=np.zeros(replicas, np.uint64),
        step=np.zeros(replicas, np.int64),
        world=np.zeros(replicas, np.int64),
        asleep=np.zeros(replicas, np.int64),
        current=np.zeros(replicas, np.int64),
        slots=np.zeros((replicas, plant.slots, 4), np.int64),
        credit=np.zeros(replicas),
        clear=np.zeros(replicas),
        work=np.zeros(replicas),
        mass=np.zeros((replicas, plant.chutes + 2, kinds)),
        energy=np.zeros((replicas, 4, 1)),
        money=np.zeros((replicas, 3, 1)),
        counts=np.zeros((replicas, len(COUNTS)), np.int64),
    )


def empty_view(plant: Plant, features: int, replicas: int) -> View:
    """Make room for what R replicas show, with so many probabilities of an item."""
    shapes: dict[str, tuple[int, ...]] = {
        "perception": (plant.slots, features),
        "queue": (plant.slots, 3),
        "battery": (2,),
        "clock": (3,),
    }
    seen = {name: np.empty((replicas, *shape), np.float32) for name, shape in shapes.items()}
    mask = np.empty((replicas, plant.slots, plant.chutes + 1), np.int8)
    return View(**seen, mask=mask, rewards=np.empty(replicas))
