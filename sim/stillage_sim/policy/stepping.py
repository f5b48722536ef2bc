"""Roll a policy out through the vector environment, step by step.

For every policy that has no compiled form: it acts on what the environment shows, and its
replicas face the same luck as those of a fused rollout.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput, PluginBroken, StillageError
from stillage.plugin.resolve import last_line
from stillage_sim.envs import Replicas, Simulation
from stillage_sim.policy.protocol import Policy


class Stepped:
    """The replicas of a policy that is stepped through the environment.

    Parameters
    ----------
    simulation : Simulation
    policy : Policy
    name : str
        What errors call the policy.
    numbers : int64 (R,)
        The replicas' numbers.
    seed : int

    Raises
    ------
    BadInput
        If the policy cannot act in this world, or its actions have another shape or type.
    PluginBroken
        If the policy raises anything else.
    """

    def __init__(
        self,
        simulation: Simulation,
        policy: Policy,
        name: str,
        numbers: NDArray[np.int64],
        seed: int,
    ) -> None:
        self._policy, self._name = policy, name
        self._replicas = Replicas(simulation, numbers)
        self._most = np.asarray(simulation.action_space.nvec, np.int64) - 1
        self._none = np.zeros(len(numbers), np.bool_)
        self._replicas.begin(~self._none, [seed] * len(numbers), seed)
        self._observation, self._mask = self._replicas.observe()
        self._memory = self._call(policy.begin, simulation, len(numbers))

    @property
    def state(self) -> Any:
        """Return the simulation's state of the replicas."""
        return self._replicas.state

    def advance(self, steps: int) -> None:
        """Act and step so many times."""
        for _ in range(steps):
            told = self._call(self._policy.act, self._observation, self._mask, self._memory)
            step, _ = self._replicas.step(self._checked(told), self._none)
            _, self._observation, self._mask = step

    def _call(self, method: Any, *args: Any) -> Any:
        try:
            return method(*args)
        except StillageError:
            raise
        except (Exception, SystemExit) as error:
            who = f"policy {self._name!r}: {method.__name__}()"
            raise PluginBroken(f"{who} raised {last_line(error)}") from error

    def _checked(self, told: Any) -> NDArray[np.int64]:
        try:
            actions = np.asarray(told)
        except ValueError:  # ragged
            actions = np.asarray(None)
        if actions.shape != self._replicas.shape or actions.dtype.kind not in "iub":
            found = f"actions {actions.dtype} {actions.shape}"
            wanted = f"whole numbers {self._replicas.shape}"
            raise BadInput(f"policy {self._name!r}", found, wanted)
        outside = np.argwhere((actions < 0) | (actions > self._most))
        if len(outside):
            r, place = outside[0]
            found = f"action {actions[r, place]} at place {place}"
            raise BadInput(f"policy {self._name!r}", found, f"0 to {self._most[place]}")
        return actions.astype(np.int64)
