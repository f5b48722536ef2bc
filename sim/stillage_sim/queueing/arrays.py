"""The arrays of a queueing network: its parameters, its state, and what is counted.

J stations, S servers in all; replica axis first. Times are in the model's unit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage_sim.queueing.heap import Heap, new_heap

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Words = NDArray[np.uint64]

ARRIVAL, SERVICE, LIFE, REPAIR, ROUTE = range(5)
"""What is drawn at a station: ``luck`` has one stream of random numbers for each."""
PURPOSES = 5

IDLE, WORKING, BREAKING, REPAIRING, BLOCKED = range(5)
"""What a server is doing; BREAKING works too, and will fail before its item is done."""
_PHASES = 5

SINCE, WORK, TO_FAILURE, ENTERED = range(4)
"""Of a server: start of its phase, work left of its item, working time left to its failure, and
when its item came into the network."""
_OF_SERVER = 4

HEAD, LENGTH, HELD_HEAD, HELD_LENGTH = range(4)
"""Of a station: where its queue starts in ``line`` and how long it is; likewise in ``held``."""
_OF_QUEUE = 4

ARRIVED, LOST, STARTED, WAITED, COMPLETED, FAILED, LEFT, OVERFLOWED = range(8)
COUNTS = 8

WAIT, QUEUE_AREA, SOJOURN, CHANGED = range(4)
"""Sums over items, but CHANGED: when the length of the queue last changed."""
_SUMS = 4

NO_LIMIT = -1
NOBODY = -1


class Network(NamedTuple):
    """The parameters of a network, which do not change.

    ``kind`` int64 (J, 4), ``parameters`` float64 (J, 4, 3) and ``row`` int64 (J, 4) of the laws
    of ARRIVAL (kind -1: nothing from outside), SERVICE, LIFE (-1: never fails) and REPAIR;
    ``tables`` float64 (T, n); ``route`` float64 (J, J + 1), cumulative, the last column leaves;
    ``sure`` int64 (J,), the one station that always follows (J: leaves), or -1; ``first`` int64
    (J + 1,), the first server of a station; ``station`` int64 (S,), of a server; ``buffer``
    int64 (J,), places to wait, or -1 without a limit; ``saturated`` int64 (J,), 1 where an item
    is always at hand.
    """

    kind: Ints
    parameters: Floats
    row: Ints
    tables: Floats
    route: Floats
    sure: Ints
    first: Ints
    station: Ints
    buffer: Ints
    saturated: Ints


class NetworkState(NamedTuple):
    """The state of R replicas of a network, which changes.

    ``now`` float64 and ``mirror`` uint64 (R,); ``luck`` uint64 and ``drawn`` int64 (R, J, 5), the
    streams of random numbers and how many were drawn of each; ``phase`` int64 (R, S) and
    ``server`` float64 (R, S, 4); ``queue`` int64 (R, J, 4); ``line`` float64 (R, J, room, 2),
    when the items that wait came to the station and into the network; ``held`` int64 (R, J, S),
    servers that are blocked by a station. Figures: ``counts`` int64 (R, J, 8), ``sums`` float64
    (R, J, 4), ``spent`` float64 (R, S, 5), time by phase.
    """

    heap: Heap
    now: Floats
    mirror: Words
    luck: Words
    drawn: Ints
    phase: Ints
    server: Floats
    queue: Ints
    line: Floats
    held: Ints
    counts: Ints
    sums: Floats
    spent: Floats


def new_network_state(network: Network, replicas: int, room: int) -> NetworkState:
    """Make the state of R replicas before they start; at most ``room`` items wait at a station."""
    stations, servers = network.first.shape[0] - 1, network.station.shape[0]
    limited = bool((network.buffer != NO_LIMIT).all())
    places = max(1, int(network.buffer.max())) if limited else room
    by_station, by_server = (replicas, stations), (replicas, servers)
    return NetworkState(
        heap=new_heap(replicas, 2 * (stations + servers)),
        now=np.zeros(replicas),
        mirror=np.zeros(replicas, np.uint64),
        luck=np.zeros((*by_station, PURPOSES), np.uint64),
        drawn=np.zeros((*by_station, PURPOSES), np.int64),
        phase=np.zeros(by_server, np.int64),
        server=np.zeros((*by_server, _OF_SERVER)),
        queue=np.zeros((*by_station, _OF_QUEUE), np.int64),
        line=np.zeros((*by_station, places, 2)),
        held=np.zeros((*by_station, servers), np.int64),
        counts=np.zeros((*by_station, COUNTS), np.int64),
        sums=np.zeros((*by_station, _SUMS)),
        spent=np.zeros((*by_server, _PHASES)),
    )
