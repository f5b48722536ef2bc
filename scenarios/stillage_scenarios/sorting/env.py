"""Gymnasium environments of the sorting belt, ``stillage/Sorting-v0``.

* action ``MultiDiscrete([chutes + 1] * slots)``: for every slot 0 (leave it), 1..K (pick it into
  the chute of a material) or K + 1 (let it go to residue). What cannot be done (an empty slot, an
  item not perceived yet, no pick left) is a counted no-op; ``info["action_mask"]`` (slots,
  chutes + 1) shows it beforehand. Picks are done in the order of the slots.
* observation: ``perception`` (slots, K [+ G]) probabilities of material (and quality) of perceived
  items, else 0; ``queue`` (slots, 3): occupied, perceived, share of its time in reach left;
  ``battery`` (2,): charge, awake; ``clock`` (3,): share of the day since the shift's start, belt
  running, picks available (at most 1). All float32 in 0..1.
* reward: EUR earned in that second (bales, less contamination, less gate fees).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gymnasium.vector import AutoresetMode

from stillage.errors import BadInput
from stillage_scenarios.sorting.casting import build_world
from stillage_scenarios.sorting.example import example_cast
from stillage_scenarios.sorting.settings import SortingSettings
from stillage_scenarios.sorting.simulation import SortingSimulation
from stillage_scenarios.sorting.world import SortingWorld
from stillage_sim.envs import ReplicaEnv, ReplicaVectorEnv
from stillage_sim.scenario import Cast

Options = Mapping[str, Any] | SortingSettings | None


def simulate(
    world: SortingWorld | None,
    run: str,
    cast: Cast | None,
    settings: Options,
    perception: str,
    days: float,
) -> SortingSimulation:
    """Make a simulation of a world, of a run's, or of a cast's (default: an example)."""
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
            from stillage.plugin.overrides import checked

            settings = checked(SortingSettings, settings or {}, "settings")
        world = build_world(settings, cast or example_cast())
    return SortingSimulation(world, perception, days)


class SortingVectorEnv(ReplicaVectorEnv):
    """A vector environment: R belts that step together.

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
        The perception table: what is seen, how fast and at what energy.
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
    """An environment of one belt, whose number is ``replica``.

    All other parameters are those of :class:`SortingVectorEnv`.
    """

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
