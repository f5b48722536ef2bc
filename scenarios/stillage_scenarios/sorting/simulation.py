"""Step the sorting belt for environments and policies: what is shown, what may be done."""

from __future__ import annotations

import math
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_scenarios.sorting import drawing, stages
from stillage_scenarios.sorting.belt import Belt
from stillage_scenarios.sorting.plant import State, empty_view
from stillage_sim.devices.power import DAY_S
from stillage_sim.engine import wrapping
from stillage_sim.envs import Bools, Step


class SortingSimulation:
    """A world seen through a model's perception; see :class:`stillage_sim.envs.Simulation`.

    Parameters
    ----------
    belt : Belt
    perception : str
        What is seen: the name of a perception table.
    days : float
        Length of an episode.
    policy : str
        Whose device reads; default: the policy that is called as the table.
    """

    def __init__(self, belt: Belt, perception: str, days: float, policy: str = "") -> None:
        if perception not in belt.features:
            raise BadInput("perception", repr(perception), f"one of {', '.join(belt.features)}")
        if not math.isfinite(days) or days <= 0:
            raise BadInput("days", days, "a positive number")
        self.belt = belt
        self.horizon = max(round(days * DAY_S), 1)
        self.decisions = belt.of(policy or perception)
        self.features = belt.features[perception]
        slots, shown = belt.plant.slots, self.features.shape[1]
        self.action_space = gymnasium.spaces.MultiDiscrete([belt.plant.chutes + 1] * slots)
        self.shown: dict[str, tuple[int, ...]] = {
            "perception": (slots, shown),
            "queue": (slots, 3),
            "battery": (2,),
            "clock": (3,),
        }
        boxes: dict[str, gymnasium.Space[Any]] = {
            name: gymnasium.spaces.Box(0.0, 1.0, shape, np.float32)
            for name, shape in self.shown.items()
        }
        self.observation_space: gymnasium.Space[Any] = gymnasium.spaces.Dict(boxes)

    def new_state(self, replicas: int) -> State:
        """Make room for R replicas."""
        return self.belt.new_state(replicas)

    def begin(
        self,
        state: State,
        which: Bools,
        replicas: NDArray[np.int64],
        seeds: NDArray[np.uint64],
        episodes: NDArray[np.int64],
    ) -> None:
        """Begin an episode in the replicas marked in ``which``; all arrays are (R,)."""
        self.belt.begin(state, which, replicas, seeds, episodes)

    def step(self, state: State, actions: NDArray[np.int64], skip: Bools) -> Step:
        """Step one second by ``actions`` (R, slots), except the replicas in ``skip`` (R,)."""
        count, plant = len(state.step), self.belt.plant
        view = empty_view(plant, self.features.shape[1], count)
        with wrapping():
            stages.step_replicas(
                plant, self.belt.items, self.decisions, self.features, state, actions, skip, view
            )
        return view.rewards, {name: getattr(view, name) for name in self.shown}, view.mask

    def steps(self, state: State) -> NDArray[np.int64]:
        """Count the seconds since the episode began (R,)."""
        return state.step

    def decide(self, policy: str, state: State) -> NDArray[np.int64]:
        """Decide as a built-in policy would, int64 (R, slots)."""
        actions = np.zeros((len(state.step), self.belt.plant.slots), np.int64)
        with wrapping():
            stages.decide_replicas(self.belt.plant, self.belt.of(policy), state, actions)
        return actions

    def picture(self, state: State, replica: int) -> NDArray[np.uint8]:
        """Draw a picture (240, 400, 3)."""
        return drawing.picture(self.belt.plant, self.belt.items, state, replica)

    def text(self, state: State, replica: int) -> str:
        """Describe a replica in words."""
        belt = self.belt
        return drawing.text(belt.plant, belt.items, belt.labels, state, replica)
