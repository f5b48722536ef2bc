"""Gymnasium environments over replicas: a native vector environment, and a thin single one.

Both hold :class:`Replicas`, so ``Env(replica=i)`` is replica i of the vector environment, step
by step and through every autoreset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from stillage.errors import BadInput

Observation = dict[str, NDArray[np.float32]]
Bools = NDArray[np.bool_]
Step = tuple[NDArray[np.float64], Observation, NDArray[np.int8]]
"""Rewards (R,), observations and action masks of all replicas, in new arrays."""

Seeds = int | Sequence[int | None] | None

_RENDER_MODES = ("rgb_array", "ansi")
_LAST_REPLICA = 2**62
UNBEGUN = "step", "replicas that were never reset", "reset() before the first step"


class Simulation(Protocol):
    """A world as an environment needs it; states are its own and mutable."""

    action_space: gymnasium.spaces.MultiDiscrete
    observation_space: gymnasium.Space[Observation]
    horizon: int

    @property
    def shown(self) -> Mapping[str, tuple[int, ...]]:
        """Name the observation's arrays with their shapes, in the order in which a row has them."""

    def new_state(self, replicas: int) -> Any:
        """Make room for R replicas, not begun yet."""

    def begin(
        self,
        state: Any,
        which: Bools,
        replicas: NDArray[np.int64],
        seeds: NDArray[np.uint64],
        episodes: NDArray[np.int64],
    ) -> None:
        """Begin an episode in the replicas marked in ``which``."""

    def step(self, state: Any, actions: NDArray[np.int64], skip: Bools) -> Step:
        """Step all replicas but those in ``skip``, whose reward is 0, and observe all."""

    def steps(self, state: Any) -> NDArray[np.int64]:
        """Count the steps since each replica's episode began (R,)."""

    def picture(self, state: Any, replica: int) -> NDArray[np.uint8]:
        """Draw one replica as a picture (H, W, 3)."""

    def text(self, state: Any, replica: int) -> str:
        """Describe one replica in words."""


class Replicas:
    """R replicas with their seeds and episodes, which both environments step."""

    def __init__(self, simulation: Simulation, numbers: NDArray[np.int64]) -> None:
        self.simulation = simulation
        self.numbers = numbers
        self.state = simulation.new_state(len(numbers))
        self.seeds = np.zeros(len(numbers), np.uint64)
        self.episodes = np.full(len(numbers), -1, np.int64)
        self.shape = (len(numbers), len(simulation.action_space.nvec))
        self.begun = False

    def begin(self, which: Bools, seeds: Sequence[int | None], spare: int) -> None:
        """Begin an episode: the first of a seed that is given, else the next one.

        ``spare`` seeds the replicas that never had a seed.
        """
        for i in map(int, np.flatnonzero(which)):
            seed = seeds[i]
            if seed is None and self.episodes[i] < 0:
                seed = spare
            if seed is not None:
                if not isinstance(seed, int | np.integer):
                    raise BadInput(f"seed[{i}]", repr(seed), "a whole number or None")
                self.seeds[i] = np.uint64(int(seed) % 2**64)
                self.episodes[i] = -1
        self.episodes[which] += 1
        self.begun = bool((self.episodes >= 0).all())
        self.simulation.begin(self.state, which, self.numbers, self.seeds, self.episodes)

    def step(self, actions: Any, skip: Bools) -> tuple[Step, Bools]:
        """Step once; return what the step gave, and which replicas it ended (R,)."""
        if not self.begun:
            raise BadInput(*UNBEGUN)
        wanted = np.ascontiguousarray(actions, np.int64)
        if wanted.shape != self.shape:
            raise BadInput("actions", f"shape {wanted.shape}", f"{self.shape}")
        step = self.simulation.step(self.state, wanted, skip)
        return step, self.simulation.steps(self.state) >= self.simulation.horizon

    def observe(self) -> tuple[Observation, NDArray[np.int8]]:
        """Observe the replicas as they are: observations and action masks."""
        # A step that skips every replica changes nothing, and observes.
        still = np.zeros(self.shape, np.int64)
        return self.simulation.step(self.state, still, np.ones(len(self.numbers), np.bool_))[1:]


def _check_render_mode(render_mode: str | None) -> None:
    """Refuse a render mode that we have not."""
    if render_mode is not None and render_mode not in _RENDER_MODES:
        raise BadInput("render_mode", repr(render_mode), f"one of {', '.join(_RENDER_MODES)}")


def check_autoreset_mode(mode: AutoresetMode | str) -> AutoresetMode:
    """Return a mode, given itself or its value; ``BadInput`` for what is none.

    >>> check_autoreset_mode("SameStep")
    <AutoresetMode.SAME_STEP: 'SameStep'>
    """
    known = [each.value for each in AutoresetMode]
    value = mode.value if isinstance(mode, AutoresetMode) else mode
    if value not in known:
        raise BadInput("autoreset_mode", repr(mode), f"one of {', '.join(known)}")
    return AutoresetMode(value)


class ReplicaVectorEnv(VectorEnv[Observation, NDArray[np.int64], NDArray[Any]]):
    """R replicas that step together, in any of Gymnasium's autoreset modes.

    ``reset(seed=s)`` gives every replica the seed s: replicas differ by their number.

    Parameters
    ----------
    simulation : Simulation
    num_envs : int
        R.
    first_replica : int
        Number of the first replica.
    render_mode : {"rgb_array", "ansi"}, optional
    autoreset_mode : AutoresetMode or its value
        ``NextStep``: the step after an episode's last ignores its action, begins the next episode
        and rewards 0. ``SameStep``: an episode's last step begins the next one and observes that;
        ``info["final_obs"]`` (R, objects) and ``info["final_info"]`` are of the episode that
        ended. ``Disabled``: whoever steps resets the replicas that ended, by
        ``reset(options={"reset_mask": ...})``, before the next step; else that raises
        :class:`stillage.errors.BadInput`.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "render_modes": list(_RENDER_MODES),
        "render_fps": 10,
        "autoreset_mode": AutoresetMode.NEXT_STEP,
    }

    def __init__(
        self,
        simulation: Simulation,
        num_envs: int,
        first_replica: int = 0,
        render_mode: str | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    ) -> None:
        _check_render_mode(render_mode)
        if num_envs < 1 or not 0 <= first_replica <= _LAST_REPLICA:
            raise BadInput("num_envs", f"{num_envs} from {first_replica}", "at least one from 0")
        self.autoreset_mode = check_autoreset_mode(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        self.num_envs = num_envs
        self.render_mode = render_mode
        self.single_action_space = simulation.action_space
        self.single_observation_space = simulation.observation_space
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        numbers = np.arange(first_replica, first_replica + num_envs, dtype=np.int64)
        self.replicas = Replicas(simulation, numbers)
        self._over = np.zeros(num_envs, np.bool_)

    def reset(
        self, *, seed: Seeds = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode in all replicas, or in those of ``options["reset_mask"]``."""
        if seed is None or isinstance(seed, int):
            super().reset(seed=seed)
            seeds: Sequence[int | None] = [seed] * self.num_envs
        else:
            seeds = seed
        if len(seeds) != self.num_envs:
            raise BadInput("seed", f"{len(seeds)} seeds", f"{self.num_envs}")
        which = np.asarray((options or {}).get("reset_mask", np.ones(self.num_envs)), np.bool_)
        if which.shape != (self.num_envs,):
            raise BadInput("reset_mask", f"shape {which.shape}", f"({self.num_envs},)")
        self.replicas.begin(which, seeds, int(self.np_random.integers(2**63)))
        self._over[which] = False
        observation, mask = self.replicas.observe()
        return observation, _info(mask, which)

    def step(
        self, actions: NDArray[np.int64]
    ) -> tuple[Observation, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Step every replica, and begin episodes as the autoreset mode says."""
        none = np.zeros(self.num_envs, np.bool_)
        again = self._over
        if again.any():
            if self.autoreset_mode is AutoresetMode.DISABLED:
                ended = np.flatnonzero(again).tolist()
                raise BadInput("step", f"replicas {ended} whose episode is over", "a reset of them")
            self.replicas.begin(again, [None] * self.num_envs, 0)
        (rewards, observation, mask), over = self.replicas.step(actions, again)
        over &= ~again
        if self.autoreset_mode is AutoresetMode.SAME_STEP and over.any():
            final = _finals(observation, mask, over)
            self.replicas.begin(over, [None] * self.num_envs, 0)
            observation, mask = self.replicas.observe()
            return observation, rewards, none, over, {**final, **_info(mask, ~none)}
        self._over = over if self.autoreset_mode is not AutoresetMode.SAME_STEP else none
        return observation, rewards, none, over.copy(), _info(mask, ~none)

    def render(self) -> tuple[Any, ...] | None:
        """Draw a frame of every replica, as ``render_mode`` says."""
        frames = (frame(self.replicas, i, self.render_mode) for i in range(self.num_envs))
        return tuple(frames) if self.render_mode else None


class ReplicaEnv(gymnasium.Env[Observation, NDArray[np.int64]]):
    """A single replica; ``reset()`` without a seed begins the next episode of the same seed."""

    metadata: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        "render_modes": list(_RENDER_MODES),
        "render_fps": 10,
    }

    def __init__(
        self, simulation: Simulation, replica: int = 0, render_mode: str | None = None
    ) -> None:
        _check_render_mode(render_mode)
        if not 0 <= replica <= _LAST_REPLICA:
            raise BadInput("replica", replica, f"0 to {_LAST_REPLICA}")
        self.render_mode = render_mode
        self.action_space = simulation.action_space
        self.observation_space = simulation.observation_space
        self.replicas = Replicas(simulation, np.array([replica], np.int64))
        self._one, self._none = np.ones(1, np.bool_), np.zeros(1, np.bool_)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode."""
        super().reset(seed=seed)
        fresh = seed is None and self.replicas.episodes[0] < 0
        spare = int(self.np_random.integers(2**63)) if fresh else 0
        self.replicas.begin(self._one, [seed], spare)
        observation, mask = self.replicas.observe()
        return _first(observation), {"action_mask": mask[0]}

    def step(
        self, action: NDArray[np.int64]
    ) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Step once."""
        wanted = np.asarray(action, np.int64)[None]
        (rewards, observation, mask), over = self.replicas.step(wanted, self._none)
        info = {"action_mask": mask[0]}
        return _first(observation), float(rewards[0]), False, bool(over[0]), info

    def render(self) -> Any:
        """Draw the replica as ``render_mode`` says."""
        return frame(self.replicas, 0, self.render_mode)


def _info(mask: NDArray[np.int8], which: Bools) -> dict[str, Any]:
    """Make the info of vector environments: masks of the replicas in ``which``, 0 elsewhere."""
    told = mask if which.all() else np.where(_spread(which, mask.ndim), mask, np.int8(0))
    return {"action_mask": told, "_action_mask": which.copy()}


def _spread(which: Bools, axes: int) -> Bools:
    return which.reshape(-1, *[1] * (axes - 1))


def _finals(observation: Observation, mask: NDArray[np.int8], over: Bools) -> dict[str, Any]:
    """Make the info of episodes that ended in a step that also began the next ones."""
    last = np.full(len(over), None, object)
    for i in map(int, np.flatnonzero(over)):
        last[i] = {name: value[i].copy() for name, value in observation.items()}
    return {
        "final_obs": last,
        "_final_obs": over.copy(),
        "final_info": _info(mask, over),
        "_final_info": over.copy(),
    }


def _first(observation: Observation) -> Observation:
    return {name: value[0] for name, value in observation.items()}


def frame(replicas: Replicas, index: int, render_mode: str | None) -> Any:
    """Show one replica as a picture or in words."""
    if render_mode == "ansi":
        return replicas.simulation.text(replicas.state, index)
    if render_mode == "rgb_array":
        return replicas.simulation.picture(replicas.state, index)
    return None
