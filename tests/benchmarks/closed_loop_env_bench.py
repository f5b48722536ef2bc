"""The plastics loop through Gymnasium: one chain, many, and its picture."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import SyncVectorEnv

from stillage_scenarios.chains.env import ChainEnv, ChainVectorEnv, chain_model
from tests.benchmarks.harness import Benchmark

DAYS = 1e6
MANY = 64


def stepped(env: Any, action: np.ndarray, steps: int) -> Callable[[], None]:
    """Step with the action of the chain's own rules at the start."""
    env.reset(seed=1)

    def run() -> None:
        for _ in range(steps):
            env.step(action)

    return run


def drawn(env: ChainEnv) -> Callable[[], None]:
    """One picture."""

    def run() -> None:
        env.render()

    return run


def benchmarks() -> list[Benchmark]:
    """Steps a second of one and of many, and pictures a second."""
    model = chain_model("plastics")
    one = ChainEnv(chain=model, days=DAYS, render_mode="rgb_array")
    one.reset(seed=1)
    action = one.simulation.decide(one.replicas.state)
    native = ChainVectorEnv(MANY, chain=model, days=DAYS)
    several = SyncVectorEnv(
        [partial(ChainEnv, chain=model, replica=i, days=DAYS) for i in range(MANY)]
    )
    alike = np.repeat(action, MANY, 0)
    return [
        Benchmark(
            name="closed loop, Gymnasium Env, one",
            unit="steps/s",
            ours=stepped(one, action[0], 5_000),
            target=50_000.0,
            higher_is_better=True,
            amount=5_000.0,
        ),
        Benchmark(
            name=f"closed loop, native VectorEnv, R = {MANY}",
            unit="replica-steps/s",
            ours=stepped(native, alike, 100),
            peer=stepped(several, alike, 100),
            peer_version=f"gymnasium {gymnasium.__version__} SyncVectorEnv of our Env",
            target=3.0,
            higher_is_better=True,
            amount=100.0 * MANY,
        ),
        Benchmark(
            name="closed loop, picture",
            unit="ms",
            ours=drawn(one),
            target=50.0,
        ),
    ]
