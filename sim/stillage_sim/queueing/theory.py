"""Closed forms of queues and lines, in float64, against which simulations are tested.

Waits are mean times in the queue, before service. ``rate`` is arrivals per unit of time,
``service_rate`` 1 / mean service time of one server.
"""

from __future__ import annotations

import math

from stillage.errors import BadInput


def _stable(rate: float, capacity: float) -> None:
    """Raise ``BadInput`` unless less comes than can be served: else there is no mean wait."""
    if not 0.0 <= rate < capacity < math.inf:
        raise BadInput("rate", f"{rate:g} of {capacity:g}", "0 or more, below what is served")


def mm1_wait(rate: float, service_rate: float) -> float:
    """Compute Wq = l / (m (m - l)) of M/M/1 (Kleinrock 1975, *Queueing Systems* I).

    >>> round(mm1_wait(0.8, 1.0), 12)
    4.0
    """
    _stable(rate, service_rate)
    return rate / (service_rate * (service_rate - rate))


def erlang_c(servers: int, load: float) -> float:
    """Compute the chance that an item waits in M/M/c, load = l / m (Erlang 1917).

    >>> round(erlang_c(4, 3.2), 5)
    0.59643
    """
    if servers < 1:
        raise BadInput("servers", servers, "at least 1")
    _stable(load, servers)
    blocked = 1.0  # Erlang B by its recursion, which cannot overflow
    for busy in range(1, servers + 1):
        blocked = load * blocked / (busy + load * blocked)
    share = load / servers
    return blocked / (1.0 - share * (1.0 - blocked))


def mmc_wait(rate: float, service_rate: float, servers: int) -> float:
    """Compute Wq of M/M/c.

    >>> round(mmc_wait(3.2, 1.0, 4), 5)
    0.74554
    """
    return erlang_c(servers, rate / service_rate) / (servers * service_rate - rate)


def mg1_wait(rate: float, mean: float, second: float) -> float:
    """Compute Wq of M/G/1 from service's first two moments (Pollaczek 1930, Khinchine 1932).

    >>> round(mg1_wait(0.8, 1.0, 1.0), 12)
    2.0
    """
    _stable(rate * mean, 1.0)
    return rate * second / (2.0 * (1.0 - rate * mean))


def mm1_failing_wait(
    rate: float, service_rate: float, failure_rate: float, repair_rate: float
) -> float:
    """Compute Wq of M/M/1 whose server fails while it works and then resumes.

    The time from an item's start to its end has the moments (1 + x/r)/m and
    2 (1 + x/r)**2 / m**2 + 2 x / (m r**2) for failures at rate x and repairs at rate r:
    Avi-Itzhak and Naor (1963), *Some queuing problems with the service station subject to
    breakdown*, Operations Research 11(3).

    >>> round(mm1_failing_wait(0.5, 1.0, 0.05, 0.5), 5)
    1.56667
    """
    longer = (1.0 + failure_rate / repair_rate) / service_rate
    second = 2.0 * longer**2 + 2.0 * failure_rate / (service_rate * repair_rate**2)
    return mg1_wait(rate, longer, second)


def mm1k_lost(rate: float, service_rate: float, places: int) -> float:
    """Compute the share of items lost by M/M/1/K, ``places`` = K with the one in service.

    >>> mm1k_lost(1.0, 1.0, 3)
    0.25
    """
    if not (rate >= 0.0 and service_rate > 0.0 and places >= 1):
        found = f"rates {rate:g}, {service_rate:g} and {places} places"
        raise BadInput("queue", found, "rates of 0 or more, above 0, and at least 1 place")
    a = rate / service_rate
    if a == 1.0:
        return 1.0 / (places + 1)
    return (1.0 - a) * a**places / (1.0 - a ** (places + 1))


def exponential_pair_throughput(first: float, second: float, buffer: int) -> float:
    """Compute the throughput of two exponential stations with N places between.

    The first is never starved.

    With blocking after service the items beyond the first service, a blocked one included, are
    an M/M/1/(N + 2) queue: m2 (1 - P0). For equal rates m (N + 2) / (N + 3), of which N = 0 is
    the 2/3 of Hunt (1956), *Sequential arrays of waiting lines*, Operations Research 4(6).

    >>> round(exponential_pair_throughput(1.0, 1.0, 0), 5)
    0.66667
    """
    return first * (1.0 - mm1k_lost(first, second, buffer + 2))


HUNT_THREE_STATIONS = 22.0 / 39.0
"""Throughput of three exponential stations of rate 1 in a row without any buffer, .5641, the first
never starved: Hunt (1956), *Sequential arrays of waiting lines*, Operations Research 4(6)."""


def geo_geo_1_number(arrival: float, service: float) -> float:
    """Compute the mean number in Geo/Geo/1 at the ends of slots: p (1 - p) / (q - p).

    In a slot an item in service at its start leaves with chance q, then one arrives with chance
    p, which cannot leave in the same slot: a birth-death chain (Hunter 1983, *Mathematical
    Techniques of Applied Probability* II).

    >>> round(geo_geo_1_number(0.4, 0.5), 12)
    2.4
    """
    _stable(arrival, service)
    return arrival * (1.0 - arrival) / (service - arrival)


def slotted_mm1_wait(rate: float, service_rate: float, slot: float) -> float:
    """Compute Wq of Geo/Geo/1, chances l d and m d in slots of length d, in units of time.

    By Little's law (1 - l d)/(m - l) - 1/m: below M/M/1 by exactly l d / (m - l), so it converges
    at first order.

    >>> [round(slotted_mm1_wait(0.8, 1.0, d), 12) for d in (0.5, 0.25, 0.0)]
    [2.0, 3.0, 4.0]
    """
    _stable(rate, service_rate)
    return (1.0 - rate * slot) / (service_rate - rate) - 1.0 / service_rate


def bernoulli_pair_throughput(first: float, second: float, buffer: int) -> float:
    """Compute the items per slot of two Bernoulli machines with N places between.

    A machine is blocked before service.

    p1, p2 are the chances to be up in a slot; the first is never starved, the last never
    blocked: Li and Meerkov (2009), *Production Systems Engineering*.

    >>> [round(bernoulli_pair_throughput(*case), 5) for case in ((0.9, 0.9, 5), (0.8, 0.9, 3))]
    [0.88235, 0.79154]
    """
    if first == second:
        starved = (1.0 - first) / (buffer + 1.0 - first)
    else:
        a = first * (1.0 - second) / (second * (1.0 - first))
        starved = (1.0 - first) * (1.0 - a) / (1.0 - first / second * a**buffer)
    return second * (1.0 - starved)


def failing_share(life: float, repair: float) -> float:
    """Compute the share of its busy time in which a machine that fails at work does work.

    >>> failing_share(90.0, 10.0)
    0.9
    """
    return life / (life + repair) if math.isfinite(life) else 1.0
