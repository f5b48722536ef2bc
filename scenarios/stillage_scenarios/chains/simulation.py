"""Step a chain for environments and policies: what is shown, what may be done, what it earns."""

from __future__ import annotations

import functools
import math
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_scenarios.chains import observing
from stillage_scenarios.chains.picture import drawing
from stillage_sim.chain import running
from stillage_sim.chain.arrays import AVOIDED, Floats, Ints
from stillage_sim.chain.model import ChainModel
from stillage_sim.chain.stages import step
from stillage_sim.chain.stages.decide import CompiledPolicy
from stillage_sim.engine import bound, wrapping
from stillage_sim.envs import Bools, Observation, Step
from stillage_sim.uncertainty.sampling import Sampling

_MOST_STEPS = 2.0**62
"""Of an episode that never ends."""


class Playing:
    """R replicas that are being stepped: their states, and kernels bound to them and to buffers.

    A copy, pickled or not, has states and buffers of its own, and kernels bound to those.

    Attributes
    ----------
    states : States
    actions, skip, rows, mask
        Buffers that the kernels read and write.
    """

    def __init__(self, simulation: ChainSimulation, replicas: int) -> None:
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
        """Keep all but what points at memory."""
        bound_ones = ("advance", "observe", "decide")
        return {name: value for name, value in self.__dict__.items() if name not in bound_ones}

    def __setstate__(self, kept: dict[str, Any]) -> None:
        self.__dict__.update(kept)
        self._bind()


class ChainSimulation:
    """A chain under a policy's perception; see :class:`stillage_sim.envs.Simulation`.

    Parameters
    ----------
    model : ChainModel
    policy : CompiledPolicy
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
        policy: CompiledPolicy,
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
        self.horizon = max(round(min(days * 24.0 / model.parts.chain.step_h, _MOST_STEPS)), 1)
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
        self.shown = {field.name: field.shape for field in self.fields}
        self._places = [
            (field.name, slice(end - math.prod(field.shape), end), field.shape)
            for field, end in zip(self.fields, ends, strict=True)
        ]

    @functools.cached_property
    def sheet(self) -> drawing.Sheet:
        """Make the sheet that all pictures have in common."""
        return drawing.sheet(self.model)

    def new_state(self, replicas: int) -> Playing:
        """Make room for R replicas."""
        return Playing(self, replicas)

    def begin(
        self,
        state: Playing,
        which: Bools,
        replicas: Ints,
        seeds: NDArray[np.uint64],
        episodes: Ints,
    ) -> None:
        """Begin an episode in the replicas marked in ``which``; all arrays are (R,)."""
        worlds = self.policy.perception.share.shape[1]
        running.begin(
            self.model, state.states, which, replicas, seeds, episodes, worlds, self.sampling
        )

    def step(self, state: Playing, actions: Ints, skip: Bools) -> Step:
        """Step the chain once."""
        rewards = self._run(state, actions, skip)
        rows, count = state.rows.copy(), len(skip)
        seen = {
            name: rows[:, at] if len(shape) == 1 else rows[:, at].reshape(count, *shape)
            for name, at, shape in self._places
        }
        return rewards, seen, state.mask.copy()

    def step_one(self, state: Playing, action: Ints) -> tuple[float, Observation, NDArray[np.int8]]:
        """Step one replica alone as :meth:`step` does, without its axis: that costs half."""
        rewards = self._run(state, action, False)
        row = state.rows[0].copy()
        seen = {
            name: row[at] if len(shape) == 1 else row[at].reshape(shape)
            for name, at, shape in self._places
        }
        return float(rewards[0]), seen, state.mask[0].copy()

    def _run(self, state: Playing, actions: Ints, skip: Bools | bool) -> Floats:
        """Step and observe into the buffers of ``state``; return the rewards (R,)."""
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
        """Sum the CO2e so far, kg (R,)."""
        return np.asarray(state.states.chain.emissions[:, :AVOIDED].sum(1))

    def steps(self, state: Playing) -> Ints:
        """Count the steps since the episode began (R,)."""
        return state.states.chain.step

    def decide(self, state: Playing) -> Ints:
        """Decide by the policy's own rules, int64 (R, actions)."""
        with wrapping():
            state.decide()
        return state.actions.copy()

    def flat_masks(self, mask: NDArray[np.int8]) -> Bools:
        """Join masks (..., actions, widest) without padding into (..., alternatives).

        All numbers stand in a row, as sb3-contrib's learners take them.
        """
        flat = [mask[..., n, :count] for n, count in enumerate(self.choices)]
        return np.concatenate(flat, -1).astype(np.bool_)

    def picture(self, state: Playing, replica: int) -> NDArray[np.uint8]:
        """Draw a picture (H, W, 3) of the network."""
        return drawing.picture(self.sheet, state.states, replica)

    def text(self, state: Playing, replica: int) -> str:
        """Describe a replica in words."""
        return drawing.text(self.sheet, state.states, replica)
