"""Simulate a belt of machines in a row that fail while they work: a tandem line.

>>> figures = simulate(belt(machines=2), horizon=2_000.0, warm_up=100.0, replicas=4)
>>> bool((figures.throughput < 0.9).all())
True
"""

from __future__ import annotations

from stillage_sim.queueing.arrays import Network
from stillage_sim.queueing.queues import Station, build_network, simulate
from stillage_sim.queueing.timelaws import TimeLaw, exponential, uniform

__all__ = ["belt", "simulate"]

_CYCLE = uniform(0.5, 1.5)


def belt(
    machines: int = 4,
    arrivals: TimeLaw | None = None,
    cycle: TimeLaw = _CYCLE,
    buffer: int = 10,
    life: TimeLaw | None = None,
    repair: TimeLaw | None = None,
) -> Network:
    """Build a belt: items arrive on it and pass ``machines`` in a row, one at a time through each.

    Parameters
    ----------
    machines : int
        How many, alike.
    arrivals : TimeLaw
        Time between items; default exponential, mean 1.25. Those that find the places before
        the first machine taken fall off the belt and are counted as lost.
    cycle : TimeLaw
        A machine's time for an item; default uniform, 0.5 to 1.5.
    buffer : int
        Places before each machine; a machine whose item finds none is blocked.
    life, repair : TimeLaw
        Working time to a failure, default exponential, mean 100, and time of a repair, default
        exponential, mean 5. An interrupted item is resumed.
    """
    arrivals = arrivals or exponential(1.25)
    life, repair = life or exponential(100.0), repair or exponential(5.0)
    return build_network(
        [
            Station(
                cycle,
                buffer=buffer,
                arrivals=arrivals if machine == 0 else None,
                life=life,
                repair=repair,
            )
            for machine in range(machines)
        ]
    )
