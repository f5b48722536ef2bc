"""The sorting belt: replica-steps a second, fused and through Gymnasium."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import SyncVectorEnv

from stillage_scenarios.sorting.casting import build_world
from stillage_scenarios.sorting.env import SortingEnv, SortingVectorEnv
from stillage_scenarios.sorting.example import example_cast
from stillage_scenarios.sorting.settings import SortingSettings
from stillage_scenarios.sorting.world import SortingWorld
from tests.benchmarks.harness import Benchmark

UNIT = "replica-steps/s"
STEPS = {1: 200_000, 64: 5_000, 1024: 400}
SETTINGS = SortingSettings(shift_h=24.0, solar_peak_w=200.0, battery_wh=500.0)
"""The belt runs all day, so that no step is a cheap one."""


def rollout(world: SortingWorld, replicas: int, steps: int) -> Callable[[], None]:
    """Roll the distilled student out, decisions and ledgers included."""

    def run() -> None:
        world.rollout("distilled", 0, replicas, steps / 86_400, 1)

    return run


def stepped(envs: Any, steps: int) -> Callable[[], None]:
    """Step an environment with the actions of a policy decided beforehand."""
    actions = np.zeros(envs.action_space.shape, np.int64)
    envs.reset(seed=1)

    def run() -> None:
        for _ in range(steps):
            envs.step(actions)

    return run


def in_simpy(seconds: int) -> Callable[[], None]:
    """The same belt in SimPy, less ledgers, sun and weather: arrivals, a reader, a robot."""
    import simpy

    reach, picks = SETTINGS.reach_s, SETTINGS.picks_per_min / 60.0
    rate = SETTINGS.arrivals_per_min / 60.0

    def item(
        env: Any, slots: Any, reader: Any, robot: Any, done: list[int]
    ) -> Generator[Any, Any, None]:
        if slots.count == slots.capacity:
            done[1] += 1
            return
        end = env.timeout(reach)
        with slots.request() as slot:
            yield slot
            with reader.request() as turn:
                yield turn | end
                yield env.timeout(0.02)
            with robot.request() as arm:
                yield arm | end
                if arm.triggered and not end.processed:
                    yield env.timeout(1.0 / picks)
                    done[0] += 1
                else:
                    done[1] += 1

    def feed(env: Any, luck: np.random.Generator, *places: Any) -> Generator[Any, Any, None]:
        while True:
            yield env.timeout(luck.exponential(1.0 / rate))
            env.process(item(env, *places))

    def run() -> None:
        env = simpy.Environment()
        places = (
            simpy.Resource(env, SETTINGS.slots),
            simpy.Resource(env),
            simpy.Resource(env),
            [0, 0],
        )
        env.process(feed(env, np.random.default_rng(1), *places))
        env.run(until=seconds)

    return run


def benchmarks() -> list[Benchmark]:
    """Fused rollouts for R = 1, 64 and 1,024, and environments one and many."""
    world = build_world(SETTINGS, example_cast(seeds=2))
    found = []
    for replicas, steps in STEPS.items():
        simpy = replicas == 1 and importlib.util.find_spec("simpy") is not None
        found.append(
            Benchmark(
                name=f"belt, fused rollout, R = {replicas:,}",
                unit=UNIT,
                ours=rollout(world, replicas, steps),
                target=300_000.0 if replicas == 1 else 5e6,
                higher_is_better=True,
                amount=float(replicas * steps),
            )
        )
        if simpy:
            import simpy as peer

            found.append(
                Benchmark(
                    name="belt, one replica, against SimPy",
                    unit=UNIT,
                    ours=rollout(world, 1, 20_000),
                    peer=in_simpy(20_000),
                    peer_version=f"simpy {peer.__version__} (without ledgers and power)",
                    target=10.0,
                    higher_is_better=True,
                    amount=20_000.0,
                )
            )
    one = SortingEnv(world=world, days=1e6)
    found.append(
        Benchmark(
            name="belt, Gymnasium Env, one",
            unit="steps/s",
            ours=stepped(one, 2_000),
            target=20_000.0,
            higher_is_better=True,
            amount=2_000.0,
        )
    )
    count = 64
    native = SortingVectorEnv(count, world=world, days=1e6)
    several = SyncVectorEnv(
        [partial(SortingEnv, world=world, replica=i, days=1e6) for i in range(count)]
    )
    found.append(
        Benchmark(
            name=f"belt, native VectorEnv, R = {count}",
            unit=UNIT,
            ours=stepped(native, 100),
            peer=stepped(several, 100),
            peer_version=f"gymnasium {gymnasium.__version__} SyncVectorEnv of our Env",
            target=10.0,
            higher_is_better=True,
            amount=100.0 * count,
        )
    )
    return found
