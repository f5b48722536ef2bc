"""Train an off-the-shelf learner on the closed loop, and tell what it is worth.

    pip install "stillage[examples]"
    python docs/examples/ppo_closed_loop.py --steps 60000

MaskablePPO of sb3-contrib learns which routes to take, how much to order and when to maintain in
the shipped plastics loop, for about a minute on one core. It is then compared, on replicas that
it has not seen and that all three share, with choosing at random among what is legal and with the
chain's own rules (routes in the file's order, order level 1, maintenance at the best age).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sb3_contrib import MaskablePPO
from sb3_contrib.common.wrappers import ActionMasker
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from stillage_scenarios.closed_loop.env import ClosedLoopEnv, ClosedLoopVectorEnv
from stillage_sim.uncertainty.sampling import Sampling, interval

ENVS, DAYS, REPLICAS, UNSEEN = 8, 14.0, 32, 10_000
Act = Callable[[ClosedLoopVectorEnv, dict[str, Any], np.ndarray], np.ndarray]


def training_env(replica: int) -> Any:
    """A replica that tells sb3 its masks."""
    env = ClosedLoopEnv(days=DAYS, replica=replica)
    return Monitor(ActionMasker(env, lambda _: env.action_masks()))


def train(steps: int, seed: int) -> MaskablePPO:
    """A policy after so many steps of all environments together."""
    torch.set_num_threads(1)
    envs = DummyVecEnv([lambda i=i: training_env(i) for i in range(ENVS)])
    model = MaskablePPO(
        "MultiInputPolicy",
        VecNormalize(envs, norm_obs=False, gamma=0.99),  # rewards in EUR are large
        n_steps=256, batch_size=512, n_epochs=6, learning_rate=1e-3, gamma=0.99, ent_coef=1e-3,
        policy_kwargs={"net_arch": [64, 64]}, seed=seed,
    )  # fmt: skip
    return model.learn(steps)


def earned(act: Act) -> np.ndarray:
    """EUR a day of each replica that no learner has seen (R,)."""
    envs = ClosedLoopVectorEnv(REPLICAS, days=DAYS, first_replica=UNSEEN)
    seen, info = envs.reset(seed=0)
    total, over = np.zeros(REPLICAS), np.zeros(REPLICAS, np.bool_)
    while not over.all():
        seen, rewards, _, over, info = envs.step(act(envs, seen, info["action_mask"]))
        total += rewards
    return total / DAYS


def main() -> None:
    """Train, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args()
    start = time.perf_counter()
    model = train(told.steps, told.seed)
    print(f"trained {told.steps:,} steps in {time.perf_counter() - start:.0f} s")
    luck = np.random.default_rng(told.seed)

    def randomly(envs: ClosedLoopVectorEnv, _: dict[str, Any], mask: np.ndarray) -> np.ndarray:
        return np.where(mask > 0, luck.random(mask.shape), -1.0).argmax(-1)

    def rules(envs: ClosedLoopVectorEnv, *_: Any) -> np.ndarray:
        return envs.simulation.decide(envs.replicas.state)

    def learnt(envs: ClosedLoopVectorEnv, seen: dict[str, Any], mask: np.ndarray) -> np.ndarray:
        flat = envs.simulation.flat_masks(mask)
        return model.predict(seen, action_masks=flat, deterministic=True)[0]

    found = {name: earned(act) for name, act in
             (("random", randomly), ("rules", rules), ("PPO", learnt))}  # fmt: skip
    for name, values in found.items():
        mean, low, high = interval(values, Sampling())
        print(f"{name:8} {mean:10,.0f} EUR a day ({low:,.0f} to {high:,.0f})")
    for name in ("random", "rules"):
        mean, low, high = interval(found["PPO"] - found[name], Sampling())
        print(f"PPO less {name}: {mean:+,.0f} EUR a day ({low:+,.0f} to {high:+,.0f}), paired")


if __name__ == "__main__":
    main()
