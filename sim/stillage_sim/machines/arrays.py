"""The arrays of the machines: parameters, maintenance rules, and the state.

Every array is immutable but those of :class:`MachineState`, whose replica axis comes first.
A machine runs on its own clock, *wear*: hours that it worked (idle hours included where
``idle_ageing`` is 1, else weighted with its load). ``left`` is what remains on that clock until
its next event, whatever the model, so that a step in which nothing happens is a comparison and
a few additions.

Hours and prices are indexed by mode: a machine works (``WORKING``), works while it waits for a
crew or a spare that it was promised (``PLANNED``), is down and waits (``WAITING``), is repaired
after a failure (``REPAIR``) or maintained before one (``MAINTENANCE``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage_sim.engine import changing

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

WORKING, PLANNED, WAITING, REPAIR, MAINTENANCE = range(5)
MODES = ("working", "planned", "waiting", "repair", "maintenance")
"""Last axis of ``MachineState.hours``; a machine is up in the first two."""

FAILURES, PREVENTIVE, ILLEGAL = range(3)
COUNTS = ("failures", "preventive", "illegal")
"""Last axis of ``MachineState.counts``."""

NEVER = 1e300
"""An age, level or time that does not come; finite, so that 0 times it is 0."""

NONE, BERNOULLI, WEIBULL, GAMMA, WIENER = range(5)
MODELS = ("none", "bernoulli", "weibull", "gamma", "wiener")
"""How a machine fails: it ages from ``WEIBULL`` on, on a drawn path of wear from ``GAMMA`` on."""


class Machines(NamedTuple):
    """The numbers of K machines, their crews and S types of spare parts; no policy changes them.

    ``model``, ``idle_ageing``, ``staggered``, ``spare`` (type or -1), ``spare_preventive`` (1: a
    preventive job takes a spare too), ``inspect`` (steps between inspections) int64 (K,);
    ``up_chance`` (Bernoulli), ``slope`` (level per wear hour of an age model), ``scatter``
    (squared diffusion of a Wiener path in a stride, in squared thresholds), ``noise`` (of an
    observed level), ``slowdown`` (share of its rate lost at the failure threshold), ``loss_new``,
    ``loss_rise`` (up to the threshold) float64 (K,); ``price`` (K, 5) EUR/h by mode; ``job_eur``
    (2, K) of a corrective and a preventive job, ``inspect_eur`` (K,).
    Tables of durations in hours: ``life`` (K, 3, cells + 1), ``job`` (2, K, 3, cells + 1); ``aged``
    (K, cells): length-biased lives, equally likely; ``path`` (K, cells): increments of level in
    a stride of ``stride`` wear hours; ``normal`` (cells,) and ``exponential`` (3, cells + 1):
    the standard laws. Spare parts: ``base`` int64 (S,), ``lead`` (S, 3, cells + 1) h, ``part_eur``
    (S,) of a part and its order, ``hold_eur`` (S,) EUR/h. ``callout_eur``: of a crew that comes
    while none is there. ``events``: most events of a replica's step before the rest is deferred.
    """

    number: int
    crews: int
    spares: int
    step_h: float
    per_step: float
    stride: float
    callout_eur: float
    events: int
    model: Ints
    idle_ageing: Ints
    staggered: Ints
    spare: Ints
    spare_preventive: Ints
    inspect: Ints
    up_chance: Floats
    slope: Floats
    scatter: Floats
    noise: Floats
    slowdown: Floats
    loss_new: Floats
    loss_rise: Floats
    inspect_eur: Floats
    price: Floats
    job_eur: Floats
    life: Floats
    job: Floats
    aged: Floats
    path: Floats
    normal: Floats
    exponential: Floats
    base: Ints
    lead: Floats
    part_eur: Floats
    hold_eur: Floats


class MaintenanceRules(NamedTuple):
    """A maintenance policy as numbers, float64 (K,); ``NEVER`` switches a rule off.

    A machine is maintained from ``age_h`` (wear hours since its renewal) or from ``level``
    (observed, of the failure threshold) on, and from ``crew_age_h`` or ``crew_level`` on where a
    crew is at work, or about to be, anyway (opportunistic maintenance).
    """

    age_h: Floats
    level: Floats
    crew_age_h: Floats
    crew_level: Floats


@changing
class MachineState(NamedTuple):
    """The state of the machines, which changes; the replica axis of each array comes first.

    By machine, (R, K): int64 ``mode``, ``doomed`` (1: the drawn path ends in a failure),
    ``renewals``, ``points`` (drawn points of paths), ``ticket`` (place in the queue), ``due``
    (step of the next inspection), ``flagged`` (scratch: machines with events in a step);
    float64 ``left`` (hours on its clock until its next event), ``age`` (wear hours since
    renewal), ``goal`` (level at that event), ``rise`` (level per wear hour until then),
    ``level`` and ``seen`` (true and last observed level, of the failure threshold), ``load``
    (input: share of its up time that it works), ``up`` (share of the last step), ``speed``
    (factor of its rate), ``loss`` (share of its output that it spoils).
    ``hours`` float64 (R, K, 5) by mode; ``counts`` int64 (R, K, 3).

    By replica, (R,): uint64 ``origin``; int64 ``steps``, ``busy`` (crews), ``tickets``,
    ``deferred`` (steps whose events were too many); float64 ``clock`` (h), ``spent`` (EUR),
    ``arrival`` (h on the clock, of the next spare). By type of spare, (R, S): int64 ``stock``,
    ``ordered`` (so far); ``orders`` float64 (R, S, O): when each order arrives (``NEVER``: none).
    """

    mode: Ints
    doomed: Ints
    renewals: Ints
    points: Ints
    ticket: Ints
    due: Ints
    flagged: Ints
    left: Floats
    age: Floats
    goal: Floats
    rise: Floats
    level: Floats
    seen: Floats
    load: Floats
    up: Floats
    speed: Floats
    loss: Floats
    hours: Floats
    counts: Ints
    origin: NDArray[np.uint64]
    steps: Ints
    busy: Ints
    tickets: Ints
    deferred: Ints
    clock: Floats
    spent: Floats
    arrival: Floats
    stock: Ints
    ordered: Ints
    orders: Floats


def new_machine_state(machines: Machines, replicas: int) -> MachineState:
    """Make the state of R replicas, for :func:`stillage_sim.machines.stages.start_machines`."""
    shape, parts = (replicas, machines.number), (replicas, machines.spares)
    # An order refills the base stock or serves a machine that waits, so no more can be open.
    orders = int(machines.base.max(initial=0)) + machines.number

    def whole(*axes: int) -> Ints:
        return np.zeros(axes, np.int64)

    def real(*axes: int) -> Floats:
        return np.zeros(axes)

    return MachineState(
        mode=whole(*shape), doomed=whole(*shape), renewals=whole(*shape), points=whole(*shape),
        ticket=whole(*shape), due=whole(*shape), flagged=whole(*shape),
        left=real(*shape), age=real(*shape), goal=real(*shape), rise=real(*shape),
        level=real(*shape), seen=real(*shape), load=np.ones(shape), up=np.ones(shape),
        speed=np.ones(shape), loss=real(*shape),
        hours=real(*shape, len(MODES)), counts=whole(*shape, len(COUNTS)),
        origin=np.zeros(replicas, np.uint64), steps=whole(replicas), busy=whole(replicas),
        tickets=whole(replicas), deferred=whole(replicas), clock=real(replicas),
        spent=real(replicas), arrival=real(replicas), stock=whole(*parts), ordered=whole(*parts),
        orders=np.full((*parts, orders), NEVER),
    )  # fmt: skip
