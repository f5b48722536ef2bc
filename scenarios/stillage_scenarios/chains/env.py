"""Gymnasium environments of a chain world, ``stillage/ClosedLoop-v0``.

* action ``MultiDiscrete``: for every choice of the chain 0 (wait) or an alternative 1..L, for
  every market the number of an order level, for every machine 0 or 1 (maintain now). What cannot
  be done is a counted no-op; ``info["action_mask"]`` int8 (actions, widest) shows it beforehand,
  padded with 0: :func:`split_mask` makes of it what ``MultiDiscrete.sample(mask=...)`` takes.
* observation: a ``Dict`` of float32 arrays, see :func:`.observing.fields`; what a chain has none
  of is left out. ``simulation.fields`` names every number.
* reward: EUR earned in that step, less ``carbon_eur_per_t`` times the CO2e of scopes 1 to 3 in
  it. (What recycling avoids is in there: it is virgin material that was not bought.)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.plugin.suggest import one_of
from stillage_scenarios.chains.files import chain_path, shipped
from stillage_scenarios.chains.simulation import ChainSimulation
from stillage_sim.chain import running
from stillage_sim.chain.building.model import build
from stillage_sim.chain.file.load import load_chain
from stillage_sim.chain.kernel_checks import check_policy, check_shares
from stillage_sim.chain.model import ChainModel, blind, ideal
from stillage_sim.chain.stages.decide import CompiledPolicy
from stillage_sim.envs import UNBEGUN, Bools, Observation, ReplicaEnv, ReplicaVectorEnv
from stillage_sim.uncertainty.sampling import Sampling

Chain = str | Path | ChainModel
Masks = tuple[NDArray[np.int8], ...]


@runtime_checkable
class Played(Protocol):
    """A chain world as an environment needs it: its chain, and what its policies perceive with."""

    model: ChainModel
    sampling: Sampling

    def of(self, policy: str) -> CompiledPolicy:
        """Return a policy by name; ``BadInput`` if there is none."""


def split_mask(mask: NDArray[np.int8], choices: tuple[int, ...]) -> Masks:
    """Split a padded mask (actions, widest) into the tuple that ``MultiDiscrete.sample`` takes.

    >>> split_mask(np.array([[1, 1, 0], [1, 0, 1]], np.int8), (2, 3))
    (array([1, 1], dtype=int8), array([1, 0, 1], dtype=int8))
    """
    return tuple(row[:count] for row, count in zip(mask, choices, strict=True))


def chain_model(chain: Chain) -> ChainModel:
    """Return a model itself, or build that of a shipped chain or of a TOML file.

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


def perceiving(model: ChainModel, perception: str | CompiledPolicy) -> CompiledPolicy:
    """Make a policy that perceives as the chain declares, without error, or nothing at all.

    Raises
    ------
    BadInput
        For any other name, or a policy whose shares are none of a mass.
    """
    if isinstance(perception, CompiledPolicy):
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
    perception: str | CompiledPolicy,
    days: float,
    carbon_eur_per_t: float,
    sampling: Sampling | None,
) -> ChainSimulation:
    """Make a simulation of a chain, or of a world's, or of a run's."""
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
    return ChainSimulation(model, policy, days, carbon_eur_per_t, drawn)


class ChainVectorEnv(ReplicaVectorEnv):
    """A vector environment: R chains that step together.

    Parameters
    ----------
    num_envs : int
        R; replica i is number ``first_replica + i``.
    chain : str, Path or ChainModel
        A shipped chain (``plastics``, ``batteries``, ``spare_parts``), or a TOML file.
    world : optional
        A chain world, instead of ``chain``.
    run : str
        Folder of a finished run of closed-loop, instead of ``chain``.
    perception : str or CompiledPolicy
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
        perception: str | CompiledPolicy = "declared",
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


class ChainEnv(ReplicaEnv):
    """An environment of one chain, whose number is ``replica``.

    All other parameters are those of :class:`ChainVectorEnv`.
    """

    def __init__(
        self,
        *,
        chain: Chain = "plastics",
        world: Played | None = None,
        run: str = "",
        perception: str | CompiledPolicy = "declared",
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
        """Step once, for the world's length of a step, by ``action`` (A,)."""
        wanted, state = np.asarray(action, np.int64), self.replicas.state
        if not self.replicas.begun:
            raise BadInput(*UNBEGUN)
        if wanted.shape != self.replicas.shape[1:]:
            raise BadInput("action", f"shape {wanted.shape}", f"{self.replicas.shape[1:]}")
        reward, seen, mask = self.simulation.step_one(state, wanted)
        over = bool(state.states.chain.step[0] >= self.simulation.horizon)
        return seen, reward, False, over, {"action_mask": mask}

    def action_masks(self) -> Bools:
        """Return what is legal now, as sb3-contrib's learners ask for it (alternatives,)."""
        return self.simulation.flat_masks(self.replicas.state.mask[0])
