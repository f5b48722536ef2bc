"""The sorting belt as Gymnasium environments, ``stillage/Sorting-v0``.

* action ``MultiDiscrete([chutes + 1] * slots)``: for every slot 0 (leave it), 1..K (pick it into
  the chute of a material) or K + 1 (let it go to residue). What cannot be done (an empty slot, an
  item not perceived yet, no pick left) is a counted no-op; ``info["action_mask"]`` (slots,
  chutes + 1) tells it beforehand. Picks are done in the order of the slots.
* observation: ``perception`` (slots, K [+ G]) probabilities of material (and quality) of perceived
  items, else 0; ``queue`` (slots, 3): occupied, perceived, share of its time in reach left;
  ``battery`` (2,): charge, awake; ``clock`` (3,): share of the day since the shift's start, belt
  running, picks available (at most 1). All float32 in 0..1.
* reward: EUR earned in that second (bales, less contamination, less gate fees).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_scenarios.sorting import drawing, stages
from stillage_scenarios.sorting.casting import build_world
from stillage_scenarios.sorting.example import example_cast
from stillage_scenarios.sorting.plant import State, View
from stillage_scenarios.sorting.settings import SortingSettings
from stillage_scenarios.sorting.world import SortingWorld
from stillage_sim.devices.power import DAY_S
from stillage_sim.engine.compiled import wrapping
from stillage_sim.envs import Bools, ReplicaEnv, ReplicaVectorEnv, Step
from stillage_sim.scenario import Cast

Options = Mapping[str, Any] | SortingSettings | None


class SortingSimulation:
    """A world seen through one model's perception; see :class:`stillage_sim.envs.Simulation`."""

    def __init__(self, world: SortingWorld, perception: str, days: float) -> None:
        if perception not in world.features:
            raise BadInput("perception", repr(perception), f"one of {', '.join(world.features)}")
        if not math.isfinite(days) or days <= 0:
            raise BadInput("days", days, "a positive number")
        self.world = world
        self.horizon = max(round(days * DAY_S), 1)
        self.decisions = world.of(perception)
        self.features = world.features[perception]
        slots, shown = world.plant.slots, self.features.shape[1]
        self.action_space = gymnasium.spaces.MultiDiscrete([world.plant.chutes + 1] * slots)
        shapes = {"perception": (slots, shown), "queue": (slots, 3), "battery": (2,), "clock": (3,)}
        boxes: dict[str, gymnasium.Space[Any]] = {
            name: gymnasium.spaces.Box(0.0, 1.0, shape, np.float32)
            for name, shape in shapes.items()
        }
        self.observation_space: gymnasium.Space[Any] = gymnasium.spaces.Dict(boxes)
        self.shapes = shapes

    def new_state(self, replicas: int) -> State:
        """Room for R replicas."""
        return self.world.new_state(replicas)

    def begin(
        self,
        state: State,
        which: Bools,
        replicas: NDArray[np.int64],
        seeds: NDArray[np.uint64],
        episodes: NDArray[np.int64],
    ) -> None:
        """Begin an episode in the replicas marked in ``which``."""
        self.world.begin(state, which, replicas, seeds, episodes)

    def step(self, state: State, actions: NDArray[np.int64], skip: Bools) -> Step:
        """One second."""
        count, plant = len(state.step), self.world.plant
        seen = {name: np.empty((count, *shape), np.float32) for name, shape in self.shapes.items()}
        mask = np.empty((count, plant.slots, plant.chutes + 1), np.int8)
        view = View(**seen, mask=mask, rewards=np.empty(count))
        with wrapping():
            stages.step_replicas(
                plant, self.world.items, self.decisions, self.features, state, actions, skip, view
            )
        return view.rewards, seen, mask

    def steps(self, state: State) -> NDArray[np.int64]:
        """Seconds since the episode began (R,)."""
        return state.step

    def decide(self, policy: str, state: State) -> NDArray[np.int64]:
        """What a built-in policy would do, int64 (R, slots)."""
        actions = np.zeros((len(state.step), self.world.plant.slots), np.int64)
        with wrapping():
            stages.decide_replicas(self.world.plant, self.world.of(policy), state, actions)
        return actions

    def picture(self, state: State, replica: int) -> NDArray[np.uint8]:
        """A picture (240, 400, 3)."""
        return drawing.picture(self.world.plant, self.world.items, state, replica)

    def text(self, state: State, replica: int) -> str:
        """In words."""
        world = self.world
        return drawing.text(world.plant, world.items, world.labels, state, replica)


def simulate(
    world: SortingWorld | None,
    run: str,
    cast: Cast | None,
    settings: Options,
    perception: str,
    days: float,
) -> SortingSimulation:
    """A simulation of a world, of a run's, or of a cast's (default: an example)."""
    if sum(each is not None for each in (world, run or None, cast)) > 1:
        raise BadInput("environment", "several of world, run and cast", "one of them")
    if (world is not None or run) and settings is not None:
        raise BadInput("settings", "a world or run that has its own", "settings with a cast")
    if run:
        from stillage_sim.run.reopen import world_of

        found = world_of(run)
        if not isinstance(found, SortingWorld):
            raise BadInput(run, "another scenario", "a run of sorting")
        world = found
    if world is None:
        if not isinstance(settings, SortingSettings):
            settings = SortingSettings(**(settings or {}))
        world = build_world(settings, cast or example_cast())
    return SortingSimulation(world, perception, days)


class SortingVectorEnv(ReplicaVectorEnv):
    """R belts that step together.

    Parameters
    ----------
    num_envs : int
        R; replica i is number ``first_replica + i``.
    world : SortingWorld, optional
        Default: that of ``run``, or made of ``cast`` and ``settings``.
    run : str
        Folder of a finished run, whose held-out items and models are then on the belt.
    cast : Cast, optional
        Held-out items and tables; default: a small example of a stated confusion.
    settings : mapping or SortingSettings, optional
    perception : str
        The table that tells what is seen, how fast and at what energy.
    days : float
        Length of an episode.
    first_replica : int
    render_mode : {"rgb_array", "ansi"}, optional
    autoreset_mode : AutoresetMode or its value
        See :class:`stillage_sim.envs.ReplicaVectorEnv`.
    """

    def __init__(
        self,
        num_envs: int = 1,
        *,
        world: SortingWorld | None = None,
        run: str = "",
        cast: Cast | None = None,
        settings: Options = None,
        perception: str = "distilled",
        days: float = 1.0,
        first_replica: int = 0,
        render_mode: str | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    ) -> None:
        simulation = simulate(world, run, cast, settings, perception, days)
        super().__init__(simulation, num_envs, first_replica, render_mode, autoreset_mode)
        self.simulation = simulation


class SortingEnv(ReplicaEnv):
    """One belt; parameters as in :class:`SortingVectorEnv`, and ``replica``, its number."""

    def __init__(
        self,
        *,
        world: SortingWorld | None = None,
        run: str = "",
        cast: Cast | None = None,
        settings: Options = None,
        perception: str = "distilled",
        days: float = 1.0,
        replica: int = 0,
        render_mode: str | None = None,
    ) -> None:
        simulation = simulate(world, run, cast, settings, perception, days)
        super().__init__(simulation, replica, render_mode)
        self.simulation = simulation
