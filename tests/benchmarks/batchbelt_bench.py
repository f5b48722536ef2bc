"""SortingEnv's belt of batches in our stepped stages, 1,024 replicas, against plain Python."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.benchmarks.batchbelt import BatchBelt, new_belts, roll_belts, step_belts, wrapping
from tests.benchmarks.batchbelt_peer import BatchBeltEnv, NumpyLuck
from tests.benchmarks.harness import Benchmark

UNIT = "replica-steps/s"
FLOOR = 10e6
PEER = "our plain Python and NumPy of SortingEnv (2024, no package)"


def stepped(replicas: int, steps: int) -> Callable[[], None]:
    """One call for each step, with random actions given from outside."""
    belt = BatchBelt()
    state, view = new_belts(belt, replicas, seed=1)
    actions = np.random.default_rng(1).integers(0, 10, (steps, replicas))

    def run() -> None:
        with wrapping():
            for step in range(steps):
                step_belts(belt, state, actions[step], view)

    return run


def fused(replicas: int, steps: int) -> Callable[[], None]:
    """Whole rollouts with random actions drawn inside."""
    belt = BatchBelt()
    state, view = new_belts(belt, replicas, seed=1)
    total = np.zeros(replicas)

    def run() -> None:
        with wrapping():
            roll_belts(belt, state, total, view, steps)

    return run


def in_python(steps: int) -> Callable[[], float]:
    """One environment with random actions; resets included."""
    env = BatchBeltEnv(NumpyLuck(1))
    actions = np.random.default_rng(1).integers(0, 10, steps).tolist()

    def run() -> float:
        import time

        start = time.perf_counter()
        for action in actions:
            if env.step(action)[2]:
                env.reset()
        return steps / (time.perf_counter() - start)

    return run


def benchmarks() -> list[Benchmark]:
    """Step by step, and fused; and at least ten million replica-steps a second."""
    replicas, steps = 1024, 500
    found = []
    for name, run in (("stepped", stepped(replicas, steps)), ("fused", fused(replicas, steps))):
        for peer in (None, in_python(10_000)):
            found.append(
                Benchmark(
                    name=f"batch belt, {name}, R = {replicas:,}" + (", peer" if peer else ""),
                    unit=UNIT,
                    ours=run,
                    peer=peer,
                    peer_version=PEER if peer else "",
                    target=100.0 if peer else FLOOR,
                    higher_is_better=True,
                    amount=float(replicas * steps),
                )
            )
    return found
