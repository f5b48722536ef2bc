"""Make training repeatable to the bit: one thread, deterministic kernels, own random numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

from stillage.counter import bits, stream, uniform


@contextmanager
def deterministic(device: str | torch.device = "cpu") -> Iterator[None]:
    """Use one thread and deterministic algorithms; restore earlier settings and random state after.

    On the CPU an operation without a deterministic form is an error. On other devices, where
    some losses have none, torch takes the deterministic form wherever there is one.
    """
    threads, mode = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(1)
    # Same switch as use_deterministic_algorithms, which would import the whole of Inductor.
    torch.set_deterministic_debug_mode("error" if torch.device(device).type == "cpu" else "warn")
    try:
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            yield
    finally:
        torch.set_deterministic_debug_mode(mode)
        torch.set_num_threads(threads)


def seed_step(seed: int, step: int) -> None:
    """Seed torch for one step (dropout), so that a step does not depend on those before it."""
    torch.manual_seed(int(bits(seed, stream("step"), step) >> np.uint64(1)))


def _epoch_order(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    """Draw the order of ``count`` rows in one epoch."""
    return np.argsort(uniform(seed, stream("order"), epoch, np.arange(count)), kind="stable")


def batch_rows(seed: int, step: int, batch: int, count: int) -> tuple[NDArray[np.int64], int]:
    """Return the rows of one step's batch and the epoch it begins in; epochs follow without a gap.

    >>> rows = np.concatenate([batch_rows(0, step, 4, 6)[0] for step in range(3)])
    >>> sorted(rows[:6].tolist()), sorted(rows[6:].tolist())
    ([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5])
    """
    start = step * batch
    first, last = start // count, (start + batch - 1) // count
    rows = np.concatenate([_epoch_order(seed, e, count) for e in range(first, last + 1)])
    return rows[start - first * count :][:batch], first
