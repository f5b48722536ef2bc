"""Simulate queueing networks: describe stations, run replicas exactly, read their figures.

>>> mm1 = build_network([Station(exponential(1.0), arrivals=exponential(1.25))])
>>> figures = simulate(mm1, horizon=20_000.0, warm_up=500.0, replicas=8, seed=1)
>>> bool(abs(figures.estimate(figures.wait[:, 0]).mean - 4.0) < 1.0)
True
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillage import counter
from stillage.errors import BadInput, StillageError
from stillage_sim.engine import wrapping
from stillage_sim.queueing import arrays
from stillage_sim.queueing.arrays import NO_LIMIT, PURPOSES, Network, NetworkState
from stillage_sim.queueing.stages import forget, run_networks, start_networks
from stillage_sim.queueing.timelaws import NO_TABLE, PARAMETERS, TABLED, TimeLaw, exponential

__all__ = [
    "Estimate",
    "Figures",
    "Station",
    "build_network",
    "exponential",
    "pairs",
    "simulate",
    "start",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_ABSENT = -1
_ROOM = 4096


@dataclass(frozen=True)
class Station:
    """A station: servers that share one queue.

    Parameters
    ----------
    service : TimeLaw
        Time that an item keeps a working server.
    servers : int
        How many, alike.
    buffer : int or None
        Places to wait, beside those on servers; None: no limit.
    arrivals : TimeLaw or None
        Time between items from outside; None: none.
    saturated : bool
        An item from outside is always at hand, so that the station never starves.
    life : TimeLaw or None
        Working time of a server until it fails; None: never.
    repair : TimeLaw or None
        Time of a repair; needed where there is a ``life``.
    """

    service: TimeLaw
    servers: int = 1
    buffer: int | None = None
    arrivals: TimeLaw | None = None
    saturated: bool = False
    life: TimeLaw | None = None
    repair: TimeLaw | None = None


@dataclass(frozen=True)
class Estimate:
    """An estimate: a mean over replicas and the half width of its 95 % interval (Student's t)."""

    mean: float
    half: float

    def contains(self, value: float, widths: float = 1.0) -> bool:
        """Tell whether ``value`` lies within so many half widths of the mean."""
        return abs(self.mean - value) <= widths * self.half


@dataclass(frozen=True)
class Figures:
    """The figures of a simulation, from the end of the warm-up to the horizon.

    R replicas, J stations.

    Counts are int64, times float64 in the model's unit. ``arrived``, ``lost``, ``started``,
    ``waited``, ``completed`` and ``failed`` (R, J); ``wait`` (R, J), mean over the items that
    began service; ``queue`` (R, J), mean number waiting; ``share`` (R, J, 5) of the servers'
    time idle, working, working up to a failure, in repair, blocked; ``left`` (R,) and
    ``sojourn`` (R,), the mean time in the network of those that left; ``span`` the time observed.
    """

    arrived: Ints
    lost: Ints
    started: Ints
    waited: Ints
    completed: Ints
    failed: Ints
    wait: Floats
    queue: Floats
    share: Floats
    left: Ints
    sojourn: Floats
    span: float

    @property
    def working(self) -> Floats:
        """Compute the share of the servers' time in which they work on an item, (R, J)."""
        return self.share[:, :, arrays.WORKING] + self.share[:, :, arrays.BREAKING]

    @property
    def throughput(self) -> Floats:
        """Compute the items that left the network per unit of time, (R,)."""
        return self.left / self.span

    @staticmethod
    def estimate(values: NDArray[np.generic]) -> Estimate:
        """Average independent ``values`` (R,), R >= 2, with the half width of the 95 % interval."""
        from scipy.stats import t

        values = np.asarray(values, np.float64)
        error = values.std(ddof=1) / math.sqrt(values.size)
        return Estimate(float(values.mean()), float(t.ppf(0.975, values.size - 1) * error))


def build_network(
    stations: Sequence[Station], routes: Mapping[int, Mapping[int, float]] | None = None
) -> Network:
    """Build the arrays of a network.

    Parameters
    ----------
    stations : sequence of Station
        At least one.
    routes : mapping, optional
        For a station's number, the chances of those that follow; what is missing to 1 leaves.
        A station that is not named is followed by the next one, the last by none: a line.

    Raises
    ------
    BadInput
        For numbers that make no sense, or a limited buffer that a loop of routes leads to,
        since blocked servers could then wait for each other for ever.
    """
    count = len(stations)
    if not count:
        raise BadInput("stations", "none", "at least one")
    kind, row = np.full((count, 4), _ABSENT, np.int64), np.zeros((count, 4), np.int64)
    parameters = np.zeros((count, 4, PARAMETERS))
    tables = [NO_TABLE]
    for j, station in enumerate(stations):
        _check(j, station)
        laws = (station.arrivals, station.service, station.life, station.repair)
        for purpose, law in enumerate(laws):
            if law is None:
                continue
            kind[j, purpose] = law.kind
            parameters[j, purpose, : len(law.parameters)] = law.parameters
            if law.kind == TABLED and law.table is not None:
                row[j, purpose] = len(tables)
                tables.append(law.table)
    chances = _chances(count, routes or {})
    limits = [NO_LIMIT if s.buffer is None else s.buffer for s in stations]
    _check_loops(chances, limits)
    servers = [station.servers for station in stations]
    certain = chances.max(1) == 1.0
    return Network(
        kind=kind,
        parameters=parameters,
        row=row,
        tables=_stack(tables),
        route=_cumulative(chances),
        sure=np.where(certain, chances.argmax(1), _ABSENT).astype(np.int64),
        first=np.concatenate([[0], np.cumsum(servers)]).astype(np.int64),
        station=np.repeat(np.arange(count), servers).astype(np.int64),
        buffer=np.array(limits, np.int64),
        saturated=np.array([station.saturated for station in stations], np.int64),
    )


def _check(j: int, station: Station) -> None:
    """Raise BadInput for a station that cannot be."""
    where = f"station {j}"
    if station.servers < 1:
        raise BadInput(f"{where}: servers", station.servers, "at least 1")
    if station.buffer is not None and station.buffer < 0:
        raise BadInput(f"{where}: buffer", station.buffer, "0 or more, or None")
    if station.life is not None and station.repair is None:
        raise BadInput(f"{where}: repair", "none", "a law, since there is a life")
    for name, law in (("arrivals", station.arrivals), ("life", station.life)):
        if law is not None and law.mean <= 0.0:
            raise BadInput(f"{where}: {name}", law.mean, "a mean > 0")
    if station.saturated and station.service.mean <= 0.0:
        raise BadInput(f"{where}: service", station.service.mean, "a mean > 0 where saturated")


def _chances(count: int, routes: Mapping[int, Mapping[int, float]]) -> Floats:
    """Compute the chances (J, J + 1) of what follows each station; the last column leaves."""
    chances = np.zeros((count, count + 1))
    for j in range(count):
        for k, chance in routes.get(j, {j + 1: 1.0}).items():
            if not 0 <= k <= count or not 0.0 <= chance <= 1.0:
                raise BadInput(f"routes of station {j}", f"{chance} to {k}", f"0 to {count}, 0..1")
            chances[j, k] += chance
        missing = 1.0 - chances[j].sum()
        if missing < -1e-12:
            raise BadInput(f"routes of station {j}", chances[j].sum(), "chances of at most 1")
        # What rounding leaves is no chance to leave.
        chances[j, count] += missing if missing > 1e-12 else 0.0
    strangers = sorted(set(routes) - set(range(count)))
    if strangers:
        raise BadInput("routes", f"station {strangers[0]}", f"0 to {count - 1}")
    return chances


def _cumulative(chances: Floats) -> Floats:
    """Add chances up, so that rounding leaves no gap at the end."""
    route = np.minimum(np.cumsum(chances, 1), 1.0)
    route[:, -1] = 1.0
    return route


def _check_loops(chances: Floats, limits: Sequence[int]) -> None:
    """Raise BadInput where a station with a limited buffer is reached from itself."""
    count = len(limits)
    reach = chances[:, :count] > 0.0
    for k in range(count):
        reach = reach | (reach[:, k : k + 1] & reach[k : k + 1])
    for j in range(count):
        if reach[j, j] and limits[j] != NO_LIMIT:
            raise BadInput(f"station {j}: buffer", limits[j], "None, since routes lead back to it")


def _stack(tables: Sequence[Floats]) -> Floats:
    """Stack tables (T, n) of a common length: the least common multiple keeps each law as it is."""
    length = math.lcm(*(table.size for table in tables))
    if length > 2**20:
        raise BadInput("tables", f"a common length of {length}", "lengths alike, as 1,024")
    return np.stack([np.repeat(table, length // table.size) for table in tables])


def start(
    network: Network,
    replicas: int,
    seed: int,
    room: int = _ROOM,
    first: int = 0,
    antithetic: bool = False,
) -> NetworkState:
    """Start replicas ``first``, ``first`` + 1, ... at time 0, empty; see :func:`simulate`."""
    state = arrays.new_network_state(network, replicas, room)
    number = np.arange(first, first + replicas)
    if antithetic:
        state.mirror[number % 2 == 1] = ~np.uint64(0)
        number = number // 2
    prefix = counter.bits(seed, number, 0)
    stations = network.first.shape[0] - 1
    streams = np.arange(stations * PURPOSES).reshape(stations, PURPOSES)
    state.luck[...] = counter.mix(prefix[:, None, None], streams)
    with wrapping():
        start_networks(network, state)
    return state


def simulate(
    network: Network,
    horizon: float,
    warm_up: float = 0.0,
    replicas: int = 32,
    seed: int = 0,
    room: int = _ROOM,
    first: int = 0,
    antithetic: bool = False,
) -> Figures:
    """Simulate R independent replicas from empty, and observe from ``warm_up`` to ``horizon``.

    Replica r draws what a hash of (seed, r, station and purpose, number of the draw) says, so
    its figures depend neither on how many replicas there are nor on their batch, and networks
    that differ in one station meet the same luck at the others. ``antithetic`` replicas come in
    pairs, 2k and 2k + 1, of which the second draws 1 - u where the first draws u: only the means
    of :func:`pairs` are independent then. ``room`` items can wait where there is no limit.

    Raises
    ------
    BadInput
        For times or counts that make no sense.
    StillageError
        If an unlimited queue outgrew ``room`` items: nothing is ever dropped silently.
    """
    if not 0.0 <= warm_up < horizon or not math.isfinite(horizon):
        raise BadInput("horizon", f"{warm_up} to {horizon}", "0 <= warm_up < horizon, finite")
    if replicas < 1 or room < 1:
        raise BadInput("replicas, room", f"{replicas}, {room}", "at least 1")
    if antithetic and (replicas % 2 or first % 2):
        raise BadInput("antithetic replicas", f"{replicas} from {first}", "whole pairs")
    state = start(network, replicas, seed, room, first, antithetic)
    with wrapping():
        run_networks(network, state, warm_up)
        forget(state)
        run_networks(network, state, horizon)
    return figures(network, state, horizon - warm_up)


def pairs(values: NDArray[np.generic]) -> Floats:
    """Average the antithetic pairs of ``values`` (R,): means (R / 2,).

    >>> pairs(np.array([1.0, 3.0, 5.0, 9.0]))
    array([2., 7.])
    """
    return np.asarray(np.reshape(values, (-1, 2)).mean(1), np.float64)


def figures(network: Network, state: NetworkState, span: float) -> Figures:
    """Compute the figures of a state that was observed for ``span``."""
    over = state.counts[:, :, arrays.OVERFLOWED].sum(0)
    if over.any():
        j = int(over.argmax())
        raise StillageError(
            f"queue of station {j}: more than {state.line.shape[2]} items wait; "
            "the network is overloaded, or needs more room"
        )
    arrived, lost, started, waited, completed, failed = np.moveaxis(state.counts, 2, 0)[:6].copy()
    left = state.counts[:, :, arrays.LEFT].sum(1)
    by_station = np.add.reduceat(state.spent, network.first[:-1], axis=1)
    shares = by_station / (span * np.diff(network.first))[None, :, None]
    return Figures(
        arrived=arrived,
        lost=lost,
        started=started,
        waited=waited,
        completed=completed,
        failed=failed,
        wait=state.sums[:, :, arrays.WAIT] / np.maximum(started, 1),
        queue=state.sums[:, :, arrays.QUEUE_AREA] / span,
        share=shares,
        left=left,
        sojourn=state.sums[:, :, arrays.SOJOURN].sum(1) / np.maximum(left, 1),
        span=span,
    )
