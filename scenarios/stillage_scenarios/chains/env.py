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

import functools
import math
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.plugin.suggest import one_of
from stillage_scenarios.chains import observing
from stillage_scenarios.chains.files import chain_path, shipped
from stillage_scenarios.chains.picture import drawing
from stillage_sim.chain import running
from stillage_sim.chain.arrays import AVOIDED, Floats, Ints
from stillage_sim.chain.building.model import build
from stillage_sim.chain.file.load import load_chain
from stillage_sim.chain.kernel_checks import check_policy, check_shares
from stillage_sim.chain.model import ChainModel, blind, ideal
from stillage_sim.chain.stages import step
from stillage_sim.chain.stages.decide import Policy
from stillage_sim.engine.compiled import bound, wrapping
from stillage_sim.envs import UNBEGUN, Bools, Observation, ReplicaEnv, ReplicaVectorEnv, Step
from stillage_sim.uncertainty.sampling import Sampling

Chain = str | Path | ChainModel
Masks = tuple[NDArray[np.int8], ...]
MOST_STEPS = 2.0**62
"""Of an episode that never ends."""


@runtime_checkable
class Played(Protocol):
    """What a world of the closed loop offers: its chain, and what its policies perceive with."""

    model: ChainModel
    sampling: Sampling

    def of(self, policy: str) -> Policy:
        """A policy by name; ``BadInput`` if there is none."""


class Playing:
    """R replicas that are stepped: their states, and kernels bound to them and to buffers.

    A copy, pickled or not, has states and buffers of its own, and kernels bound to those.

    Attributes
    ----------
    states : States
    actions, skip, rows, mask
        Buffers that the kernels read and write.
    """

    def __init__(self, simulation: ClosedLoopSimulation, replicas: int) -> None:
        actions = len(simulation.choices)
        self.simulation = simulation
        self.states = running.new_states(simulation.model, replicas)
        self.actions = np.zeros((replicas, actions), np.int64)
        self.skip = np.zeros(replicas, np.bool_)
        self.rows = np.zeros((replicas, simulation.width), np.float32)
        self.mask = np.zeros((replicas, actions, max(simulation.choices)), np.int8)
        self._bind()

    def _bind(self) -> None:
        """Bind the kernels to where states and buffers lie in memory now."""
        simulation = self.simulation
        model, policy = simulation.model, simulation.policy
        self.advance = running.bind(model, policy, self.states, 1, self.actions, self.skip)
        self.observe = bound(
            observing.observe_replicas,
            simulation.sight,
            model.parts,
            self.states,
            self.rows,
            self.mask,
        )
        self.decide = bound(
            step.decide_replicas, model.parts, policy.rules, self.states, self.actions
        )

    def __getstate__(self) -> dict[str, Any]:
        """All but what points at memory."""
        bound_ones = ("advance", "observe", "decide")
        return {name: value for name, value in self.__dict__.items() if name not in bound_ones}

    def __setstate__(self, kept: dict[str, Any]) -> None:
        self.__dict__.update(kept)
        self._bind()


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
        self.horizon = max(round(min(days * 24.0 / model.parts.chain.step_h, MOST_STEPS)), 1)
        self.carbon_eur_per_kg = carbon_eur_per_t / 1000.0
        self.fields = observing.fields(model)
        self.sight = observing.sight_of(model)
        self.choices = observing.choices(model)
        self.action_space = gymnasium.spaces.MultiDiscrete(np.array(self.choices))
        self.observation_space: gymnasium.Space[Any] = gymnasium.spaces.Dict(
            {f.name: gymnasium.spaces.Box(f.low, 1.0, f.shape, np.float32) for f in self.fields}
        )
        ends = np.cumsum([math.prod(field.shape) for field in self.fields]).tolist()
        self.width = ends[-1]
        self._places = [
            (field.name, slice(end - math.prod(field.shape), end), field.shape)
            for field, end in zip(self.fields, ends, strict=True)
        ]

    @functools.cached_property
    def sheet(self) -> drawing.Sheet:
        """What all pictures have in common."""
        return drawing.sheet(self.model)

    def new_state(self, replicas: int) -> Playing:
        """Room for R replicas."""
        return Playing(self, replicas)

    def begin(
        self,
        state: Playing,
        which: Bools,
        replicas: Ints,
        seeds: NDArray[np.uint64],
        episodes: Ints,
    ) -> None:
        """Begin an episode in the replicas marked in ``which``."""
        worlds = self.policy.perception.share.shape[1]
        running.begin(
            self.model, state.states, which, replicas, seeds, episodes, worlds, self.sampling
        )

    def step(self, state: Playing, actions: Ints, skip: Bools) -> Step:
        """One step of the chain."""
        rewards = self._run(state, actions, skip)
        rows, count = state.rows.copy(), len(skip)
        seen = {
            name: rows[:, at] if len(shape) == 1 else rows[:, at].reshape(count, *shape)
            for name, at, shape in self._places
        }
        return rewards, seen, state.mask.copy()

    def step_one(self, state: Playing, action: Ints) -> tuple[float, Observation, NDArray[np.int8]]:
        """As :meth:`step` of one replica alone, without the replica axis, which costs half."""
        rewards = self._run(state, action, False)
        row = state.rows[0].copy()
        seen = {
            name: row[at] if len(shape) == 1 else row[at].reshape(shape)
            for name, at, shape in self._places
        }
        return float(rewards[0]), seen, state.mask[0].copy()

    def _run(self, state: Playing, actions: Ints, skip: Bools | bool) -> Floats:
        """Step and observe into the buffers of ``state``; the rewards (R,)."""
        state.actions[:] = actions
        state.skip[:] = skip
        emitted = self._emitted(state) if self.carbon_eur_per_kg else 0.0
        rewards = state.advance().copy()
        with wrapping():
            state.observe()
        if self.carbon_eur_per_kg:
            rewards -= self.carbon_eur_per_kg * (self._emitted(state) - emitted)
        return rewards

    def _emitted(self, state: Playing) -> Floats:
        """CO2e so far, kg (R,)."""
        return np.asarray(state.states.chain.emissions[:, :AVOIDED].sum(1))

    def steps(self, state: Playing) -> Ints:
        """Steps since the episode began (R,)."""
        return state.states.chain.step

    def decide(self, state: Playing) -> Ints:
        """What the policy's own rules would do, int64 (R, actions)."""
        with wrapping():
            state.decide()
        return state.actions.copy()

    def flat_masks(self, mask: NDArray[np.int8]) -> Bools:
        """Masks (..., actions, widest) without padding, all numbers in a row: (..., alternatives).

        What sb3-contrib's learners take.
        """
        flat = [mask[..., n, :count] for n, count in enumerate(self.choices)]
        return np.concatenate(flat, -1).astype(np.bool_)

    def picture(self, state: Playing, replica: int) -> NDArray[np.uint8]:
        """A picture (H, W, 3) of the network."""
        return drawing.picture(self.sheet, state.states, replica)

    def text(self, state: Playing, replica: int) -> str:
        """In words."""
        return drawing.text(self.sheet, state.states, replica)


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
        For any other name, or a policy whose shares are none of a mass.
    """
    if isinstance(perception, Policy):
        check_policy(model, perception)
        check_shares(model, perception.perception)
        return perception
    tables = {"declared": model.declared, "ideal": ideal(model), "blind": blind(model)}
    if not isinstance(perception, str) or perception not in tables:
        raise BadInput("perception", repr(perception), one_of(str(perception), tables))
    return running.usual_policy(model)._replace(perception=tables[perception])


def simulate(
    chain: Chain,
    world: Played | None,
    run: str,
    perception: str | Policy,
    days: float,
    carbon_eur_per_t: float,
    sampling: Sampling | None,
) -> ClosedLoopSimulation:
    """A simulation of a chain, or of a world's, or of a run's."""
    if world is not None and run:
        raise BadInput("environment", "both world and run", "one of them")
    if run:
        from stillage_sim.run.reopen import world_of

        found = world_of(run)
        if not isinstance(found, Played):
            raise BadInput(run, "another scenario", "a run of closed-loop")
        world = found
    if world is None:
        model, chosen = chain_model(chain), running.INDEPENDENT
        policy = perceiving(model, perception)
    else:
        model, chosen = world.model, world.sampling
        policy = world.of(perception) if isinstance(perception, str) else perception
    drawn = chosen if sampling is None else sampling
    return ClosedLoopSimulation(model, policy, days, carbon_eur_per_t, drawn)


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
    sampling : Sampling, optional
        Antithetic pairs and strata; default: the world's, else none.
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
        sampling: Sampling | None = None,
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
        sampling: Sampling | None = None,
        replica: int = 0,
        render_mode: str | None = None,
    ) -> None:
        simulation = simulate(chain, world, run, perception, days, carbon_eur_per_t, sampling)
        super().__init__(simulation, replica, render_mode)
        self.simulation = simulation

    def step(
        self, action: NDArray[np.int64]
    ) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """One step."""
        wanted, state = np.asarray(action, np.int64), self.replicas.state
        if not self.replicas.begun:
            raise BadInput(*UNBEGUN)
        if wanted.shape != self.replicas.shape[1:]:
            raise BadInput("action", f"shape {wanted.shape}", f"{self.replicas.shape[1:]}")
        reward, seen, mask = self.simulation.step_one(state, wanted)
        over = bool(state.states.chain.step[0] >= self.simulation.horizon)
        return seen, reward, False, over, {"action_mask": mask}

    def action_masks(self) -> Bools:
        """What is legal now, as sb3-contrib's learners ask for it (alternatives,)."""
        return self.simulation.flat_masks(self.replicas.state.mask[0])
