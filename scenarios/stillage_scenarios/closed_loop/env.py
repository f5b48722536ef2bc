"""A whole circular supply chain as Gymnasium environments, ``stillage/ClosedLoop-v0``.

* action ``MultiDiscrete``: for every choice of the chain 0 (wait) or an alternative 1..L, for
  every market the number of an order level, for every machine 0 or 1 (maintain now). What cannot
  be done is a counted no-op; ``info["action_mask"]`` int8 (actions, widest) tells it beforehand,
  padded with 0: :func:`split_mask` makes of it what ``MultiDiscrete.sample(mask=...)`` takes.
* observation: a ``Dict`` of float32 arrays, see :func:`.observing.fields`; what a chain has none
  of is left out. ``simulation.fields`` names every number.
* reward: EUR earned in that step, less ``carbon_eur_per_t`` times the CO2e of scopes 1 to 3 in
  it. (What recycling avoids is in there: it is virgin material that was not bought.)
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.plugin.suggest import one_of
from stillage_scenarios.closed_loop import drawing, observing
from stillage_scenarios.closed_loop.chains import chain_path, shipped
from stillage_sim.chain import running, step
from stillage_sim.chain.arrays import AVOIDED, Ints
from stillage_sim.chain.build import build
from stillage_sim.chain.decide import Policy
from stillage_sim.chain.file import load_chain
from stillage_sim.chain.model import ChainModel, blind, ideal
from stillage_sim.chain.step import States
from stillage_sim.compiled import wrapping
from stillage_sim.envs import Bools, ReplicaEnv, ReplicaVectorEnv, Step
from stillage_sim.uncertainty.sampling import Sampling

Chain = str | Path | ChainModel
Masks = tuple[NDArray[np.int8], ...]


@runtime_checkable
class Played(Protocol):
    """What a world of the closed loop offers: its chain, and what each policy perceives with."""

    model: ChainModel

    def policy(self, name: str) -> Policy:
        """A policy by name; ``BadInput`` if there is none."""


class ClosedLoopSimulation:
    """A chain under a policy's perception; see :class:`stillage_sim.envs.Simulation`.

    Parameters
    ----------
    model : ChainModel
    policy : Policy
        What is perceived with, and at what cost; its rules are what :meth:`decide` follows.
    days : float
        Length of an episode.
    carbon_eur_per_t : float
        Price of CO2e in the reward.
    sampling : Sampling
        How replicas are drawn.
    """

    def __init__(
        self,
        model: ChainModel,
        policy: Policy,
        days: float,
        carbon_eur_per_t: float = 0.0,
        sampling: Sampling = running.INDEPENDENT,
    ) -> None:
        if not math.isfinite(days) or days <= 0:
            raise BadInput("days", days, "a positive number")
        if not math.isfinite(carbon_eur_per_t):
            raise BadInput("carbon_eur_per_t", carbon_eur_per_t, "a finite number")
        if not model.actions:
            raise BadInput(f"chain {model.name!r}", "nothing to decide", "a choice or a machine")
        self.model, self.policy, self.sampling = model, policy, sampling
        self.horizon = max(round(days * 24.0 / model.parts.chain.step_h), 1)
        self.carbon_eur_per_kg = carbon_eur_per_t / 1000.0
        self.fields = observing.fields(model)
        self.sight = observing.sight_of(model)
        self.choices = observing.choices(model)
        self.action_space = gymnasium.spaces.MultiDiscrete(np.array(self.choices))
        self.observation_space: gymnasium.Space[Any] = gymnasium.spaces.Dict(
            {f.name: gymnasium.spaces.Box(f.low, 1.0, f.shape, np.float32) for f in self.fields}
        )
        ends = np.cumsum([math.prod(field.shape) for field in self.fields]).tolist()
        self._width = ends[-1]
        self._places = [
            (field.name, slice(end - math.prod(field.shape), end), field.shape)
            for field, end in zip(self.fields, ends, strict=True)
        ]
        self._widest = max(self.choices)
        self._parts = running.with_readings(model.parts, policy)

    def new_state(self, replicas: int) -> States:
        """Room for R replicas."""
        return running.new_states(self.model, replicas)

    def begin(
        self, state: States, which: Bools, replicas: Ints, seeds: NDArray[np.uint64], episodes: Ints
    ) -> None:
        """Begin an episode in the replicas marked in ``which``."""
        worlds = self.policy.perception.share.shape[1]
        running.begin(self.model, state, which, replicas, seeds, episodes, worlds, self.sampling)

    def step(self, state: States, actions: Ints, skip: Bools) -> Step:
        """One step of the chain."""
        count = len(skip)
        emitted = self._emitted(state)
        rewards = running.advance(self.model, self.policy, state, 1, actions, skip)
        if emitted is not None:
            rewards -= self.carbon_eur_per_kg * (self._emitted(state) - emitted)
        rows = np.empty((count, self._width), np.float32)
        mask = np.empty((count, len(self.choices), self._widest), np.int8)
        with wrapping():
            observing.observe_replicas(self.sight, self._parts, state, rows, mask)
        seen = {name: rows[:, at].reshape(count, *shape) for name, at, shape in self._places}
        return rewards, seen, mask

    def _emitted(self, state: States) -> Any:
        """CO2e so far (R,) kg, or None where it has no price."""
        if self.carbon_eur_per_kg == 0.0:
            return None
        return state.chain.emissions[:, :AVOIDED].sum(1)

    def steps(self, state: States) -> Ints:
        """Steps since the episode began (R,)."""
        return state.chain.step

    def decide(self, state: States) -> Ints:
        """What the policy's own rules would do, int64 (R, actions)."""
        actions = np.zeros((len(state.chain.step), len(self.choices)), np.int64)
        with wrapping():
            step.decide_replicas(self._parts, self.policy.rules, state, actions)
        return actions

    def picture(self, state: States, replica: int) -> NDArray[np.uint8]:
        """A picture (H, W, 3) of the network."""
        return drawing.picture(self.model, state, replica)

    def text(self, state: States, replica: int) -> str:
        """In words."""
        return drawing.text(self.model, state, replica)


def split_mask(mask: NDArray[np.int8], choices: tuple[int, ...]) -> Masks:
    """A padded mask (actions, widest) as the tuple that ``MultiDiscrete.sample`` takes.

    >>> split_mask(np.array([[1, 1, 0], [1, 0, 1]], np.int8), (2, 3))
    (array([1, 1], dtype=int8), array([1, 0, 1], dtype=int8))
    """
    return tuple(row[:count] for row, count in zip(mask, choices, strict=True))


def chain_model(chain: Chain) -> ChainModel:
    """A model by itself, of a shipped chain, or of a TOML file.

    Raises
    ------
    BadInput
        For a name that is neither shipped nor a file, or a file that is wrong.
    """
    if isinstance(chain, ChainModel):
        return chain
    if isinstance(chain, str) and chain in shipped():
        return build(load_chain(chain_path(chain)))
    path = Path(chain)
    if path.suffix != ".toml":
        raise BadInput("chain", repr(str(chain)), one_of(str(chain), shipped()))
    return build(load_chain(path))


def perceiving(model: ChainModel, perception: str | Policy) -> Policy:
    """A policy that perceives as the chain declares, without error, or nothing at all.

    Raises
    ------
    BadInput
        For any other name.
    """
    if not isinstance(perception, str):
        return perception
    tables = {"declared": model.declared, "ideal": ideal(model), "blind": blind(model)}
    if perception not in tables:
        raise BadInput("perception", repr(perception), one_of(perception, tables))
    return running.usual_policy(model)._replace(perception=tables[perception])


def simulate(
    chain: Chain,
    world: Played | None,
    run: str,
    perception: str | Policy,
    days: float,
    carbon_eur_per_t: float,
    sampling: Sampling,
) -> ClosedLoopSimulation:
    """A simulation of a chain, or of a world's, or of a run's."""
    if world is not None and run:
        raise BadInput("environment", "both world and run", "one of them")
    if run:
        from stillage_sim.reopen import world_of

        found = world_of(run)
        if not isinstance(found, Played):
            raise BadInput(run, "another scenario", "a run of closed-loop")
        world = found
    if world is None:
        model = chain_model(chain)
        policy = perceiving(model, perception)
    else:
        model = world.model
        policy = world.policy(perception) if isinstance(perception, str) else perception
    return ClosedLoopSimulation(model, policy, days, carbon_eur_per_t, sampling)


class ClosedLoopVectorEnv(ReplicaVectorEnv):
    """R chains that step together.

    Parameters
    ----------
    num_envs : int
        R; replica i is number ``first_replica + i``.
    chain : str, Path or ChainModel
        A shipped chain (``plastics``, ``batteries``, ``spare_parts``), or a TOML file.
    world : optional
        A world of the closed-loop scenario, instead of ``chain``.
    run : str
        Folder of a finished run of closed-loop, instead of ``chain``.
    perception : str or Policy
        ``declared`` (the file's own shares), ``ideal`` or ``blind``; with ``world`` or ``run`` the
        name of one of its policies, whose model then sorts.
    days : float
        Length of an episode.
    carbon_eur_per_t : float
        Price of CO2e in the reward.
    sampling : Sampling
        Antithetic pairs and strata.
    first_replica : int
    render_mode : {"rgb_array", "ansi"}, optional
    autoreset_mode : AutoresetMode or its value
        See :class:`stillage_sim.envs.ReplicaVectorEnv`.
    """

    def __init__(
        self,
        num_envs: int = 1,
        *,
        chain: Chain = "plastics",
        world: Played | None = None,
        run: str = "",
        perception: str | Policy = "declared",
        days: float = 30.0,
        carbon_eur_per_t: float = 0.0,
        sampling: Sampling = running.INDEPENDENT,
        first_replica: int = 0,
        render_mode: str | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    ) -> None:
        simulation = simulate(chain, world, run, perception, days, carbon_eur_per_t, sampling)
        super().__init__(simulation, num_envs, first_replica, render_mode, autoreset_mode)
        self.simulation = simulation


class ClosedLoopEnv(ReplicaEnv):
    """One chain; parameters as in :class:`ClosedLoopVectorEnv`, and ``replica``, its number."""

    def __init__(
        self,
        *,
        chain: Chain = "plastics",
        world: Played | None = None,
        run: str = "",
        perception: str | Policy = "declared",
        days: float = 30.0,
        carbon_eur_per_t: float = 0.0,
        sampling: Sampling = running.INDEPENDENT,
        replica: int = 0,
        render_mode: str | None = None,
    ) -> None:
        simulation = simulate(chain, world, run, perception, days, carbon_eur_per_t, sampling)
        super().__init__(simulation, replica, render_mode)
        self.simulation = simulation
