"""Train an off-the-shelf learner on the closed loop, and tell what it is worth.

    pip install "stillage[examples]"
    python docs/examples/ppo_closed_loop.py --steps 30000

MaskablePPO of sb3-contrib learns in the shipped plastics loop, for about a minute on one core. It
decides once a day: the route of residue, how much is ordered, and which machines are maintained
that morning. (Deciding on maintenance every hour, a learner that tries things at random wears its
plant out with maintenance, and learns little else.) It is then compared, on replicas that it has
not seen and that all share, with choosing at random among what is legal, once a day as well, and
with the chain's own rules (order level 1, maintenance at the best age), which decide every hour.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import gymnasium
import numpy as np
import torch
from sb3_contrib import MaskablePPO
from sb3_contrib.common.wrappers import ActionMasker
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from stillage_scenarios.chains.env import ChainEnv, ChainVectorEnv
from stillage_sim.uncertainty.sampling import Sampling, interval

ENVS, DAYS, REPLICAS, UNSEEN, HOURS = 16, 28.0, 32, 10_000, 24
Act = Callable[[ChainVectorEnv, dict[str, Any], np.ndarray], np.ndarray]


def held(action: np.ndarray, machines: int) -> np.ndarray:
    """An action for the rest of its day: the same, but nothing is maintained again."""
    rest = action.copy()
    rest[..., rest.shape[-1] - machines :] = 0
    return rest


class Daily(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Decides once a day."""

    def step(self, action: np.ndarray) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """A day, or what is left of the episode."""
        env: Any = self.env
        seen, total, ended, over, info = env.step(action)
        rest = held(np.asarray(action), len(env.simulation.model.machines))
        for _ in range(HOURS - 1):
            if over:
                break
            seen, reward, ended, over, info = env.step(rest)
            total += reward
        return seen, total, ended, over, info


def training_env(replica: int) -> Any:
    """A replica that tells sb3 its masks."""
    env = ChainEnv(days=DAYS, replica=replica)
    return Monitor(ActionMasker(Daily(env), lambda _: env.action_masks()))


def train(steps: int, seed: int) -> MaskablePPO:
    """A policy after so many steps of all environments together."""
    torch.set_num_threads(1)
    envs = DummyVecEnv([partial(training_env, i) for i in range(ENVS)])
    model = MaskablePPO(
        "MultiInputPolicy",
        VecNormalize(envs, norm_obs=False, gamma=0.97),  # rewards in EUR are large
        n_steps=64, batch_size=256, n_epochs=8, learning_rate=1e-3, gamma=0.97, ent_coef=0.0,
        policy_kwargs={"net_arch": [64, 64]}, seed=seed,
    )  # fmt: skip
    return model.learn(steps)


def earned(act: Act, every: int = HOURS) -> np.ndarray:
    """EUR a day of each replica that no learner has seen (R,), deciding ``every`` so many hours."""
    envs = ChainVectorEnv(REPLICAS, days=DAYS, first_replica=UNSEEN)
    machines = len(envs.simulation.model.machines)
    seen, info = envs.reset(seed=0)
    total, step, over = np.zeros(REPLICAS), 0, np.zeros(REPLICAS, np.bool_)
    action: np.ndarray = np.zeros((REPLICAS, envs.simulation.model.actions), np.int64)
    while not over.all():
        fresh = step % every == 0
        action = act(envs, seen, info["action_mask"]) if fresh else held(action, machines)
        seen, rewards, _, over, info = envs.step(action)
        total, step = total + rewards, step + 1
    return total / DAYS


def main() -> None:
    """Train, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args()
    start = time.perf_counter()
    model = train(told.steps, told.seed)
    print(f"trained {told.steps:,} decisions in {time.perf_counter() - start:.0f} s")
    luck = np.random.default_rng(told.seed)

    def randomly(envs: ChainVectorEnv, _: dict[str, Any], mask: np.ndarray) -> np.ndarray:
        return np.asarray(np.where(mask > 0, luck.random(mask.shape), -1.0).argmax(-1))

    def rules(envs: ChainVectorEnv, *_: Any) -> np.ndarray:
        return envs.simulation.decide(envs.replicas.state)

    def learnt(envs: ChainVectorEnv, seen: dict[str, Any], mask: np.ndarray) -> np.ndarray:
        flat = envs.simulation.flat_masks(mask)
        return np.asarray(model.predict(seen, action_masks=flat, deterministic=True)[0])

    found = {"random": earned(randomly), "rules": earned(rules, 1), "PPO": earned(learnt)}
    for name, values in found.items():
        mean, low, high = interval(values, Sampling())
        print(f"{name:8} {mean:10,.0f} EUR a day ({low:,.0f} to {high:,.0f})")
    for name in ("random", "rules"):
        mean, low, high = interval(found["PPO"] - found[name], Sampling())
        print(f"PPO less {name}: {mean:+,.0f} EUR a day ({low:+,.0f} to {high:+,.0f}), paired")


if __name__ == "__main__":
    main()
