"""Open the executor that a user asked for, and refuse what cannot be opened."""

from __future__ import annotations

import os
import socket

from stillage.compute.base import Executor
from stillage.compute.in_process import InProcess
from stillage.errors import BadInput

_KNOCK_S = 10.0
"""Seconds within which a cluster must answer."""


def check_workers(workers: int | None, address: str | None) -> None:
    """Refuse a negative number of workers, no workers with a cluster, a cluster that is silent.

    Raises
    ------
    BadInput
        One line on what was found.

    >>> check_workers(-1, None)
    Traceback (most recent call last):
    stillage.errors.BadInput: --workers: found -1, expected 0 (in process) or a positive number
    """
    if workers is not None and workers < 0:
        raise BadInput("--workers", workers, "0 (in process) or a positive number")
    if workers == 0 and address is not None:
        raise BadInput("--workers", "0 with --address", "one or the other")
    if address not in (None, "auto"):
        _knock(address)


def _knock(address: str) -> None:
    """Refuse an address where nobody answers: Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_S).close()
    except (OSError, ValueError, OverflowError) as error:
        wanted = "host:port of a Ray cluster that runs, or auto"
        raise BadInput("--address", f"{address} ({error})", wanted) from None


def open_executor(workers: int | None = None, address: str | None = None) -> Executor:
    """Open an executor: ``workers=0`` in process; else Ray, local unless ``address`` is given.

    Parameters
    ----------
    workers : int, optional
        Local worker processes; default: one for each core that this process may use.
    address : str, optional
        ``host:port`` of a running Ray cluster (or ``auto``), whose size then counts.

    Raises
    ------
    BadInput
        If ``workers`` is negative, 0 with an address, or the cluster cannot be reached.

    >>> with open_executor(workers=0) as executor:
    ...     executor.map(pow, [3, 4], ["cube", "fourth"], constants=(2,))
    [8, 16]
    """
    check_workers(workers, address)
    if workers == 0:
        return InProcess()
    from stillage.compute.ray import OnRay

    return OnRay(workers or len(os.sched_getaffinity(0)), address)
