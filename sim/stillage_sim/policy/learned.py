"""Learned policies: a decision tree or a small ReLU network over the observation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_sim.engine import kernel, wrapping
from stillage_sim.envs import Simulation
from stillage_sim.policy.protocol import Observation
from stillage_sim.policy.scoring import (
    LEAF,
    Scorer,
    Scratch,
    check_scorer,
    choose,
    frozen,
    scratch_of,
)


@dataclass(frozen=True)
class LearnedPolicy:
    """A learned policy: a tree or a network scores the alternatives of every number of an action.

    Parameters
    ----------
    sees : str
        The perception table that it sees through (:class:`stillage_sim.policy.Policy`).
    fields : tuple of (str, shape)
        The observation's arrays that it reads, in the order of the row, without replica axis.
    choices : tuple of int
        Alternatives of each number of an action, as ``MultiDiscrete.nvec``.
    scorer : Scorer
        The tree or network.
    summary : str
        How it came about, for people.

    Raises
    ------
    BadInput
        If the scorer does not fit its fields and choices.

    >>> fields, choices = (("clock", (2,)),), (2,)
    >>> late = LearnedPolicy.tree(":blind", fields, choices, [0, -1, -1], [0.5, 0, 0],
    ...     [1, 0, 0], [2, 0, 0], [[0, 0], [1, 0], [0, 1]])
    >>> mask = np.ones((2, 1, 2), np.int8)
    >>> late.act({"clock": np.array([[0.2, 0.0], [0.7, 0.0]], np.float32)}, mask, late.room(2))
    array([[0],
           [1]])
    """

    sees: str
    fields: tuple[tuple[str, tuple[int, ...]], ...]
    choices: tuple[int, ...]
    scorer: Scorer
    summary: str = ""

    def __post_init__(self) -> None:
        check_scorer(self.scorer, self.width, self.choices)
        object.__setattr__(self, "scorer", frozen(self.scorer))

    @property
    def width(self) -> int:
        """Count the numbers of a row."""
        return sum(int(np.prod(shape)) for _, shape in self.fields)

    @classmethod
    def tree(
        cls,
        sees: str,
        fields: Sequence[tuple[str, Sequence[int]]],
        choices: Sequence[int],
        feature: Sequence[int] | NDArray[Any],
        threshold: Sequence[float] | NDArray[Any],
        left: Sequence[int] | NDArray[Any],
        right: Sequence[int] | NDArray[Any],
        scores: Sequence[Sequence[float]] | NDArray[Any],
        summary: str = "",
    ) -> Self:
        """Make a policy of a decision tree's arrays, one entry a node.

        ``feature`` below 0 marks a leaf. These are scikit-learn's ``tree_.feature``, ``threshold``,
        ``children_left`` and ``children_right``; ``scores`` (N, sum of choices) are its values.
        """
        at = np.asarray(feature, np.int64)
        nodes = Scorer(
            choices=np.array(choices, np.int64),
            feature=np.where(at < 0, LEAF, at),
            threshold=np.asarray(threshold, np.float64),
            left=np.where(at < 0, 0, np.asarray(left, np.int64)),
            right=np.where(at < 0, 0, np.asarray(right, np.int64)),
            scores=np.asarray(scores, np.float64),
            sizes=np.zeros(0, np.int64),
            weights=np.zeros(0),
            biases=np.zeros(0),
        )
        return cls(sees, _fields(fields), tuple(map(int, choices)), nodes, summary)

    @classmethod
    def network(
        cls,
        sees: str,
        fields: Sequence[tuple[str, Sequence[int]]],
        choices: Sequence[int],
        layers: Sequence[tuple[NDArray[Any], NDArray[Any]]],
        summary: str = "",
    ) -> Self:
        """Make a policy of a ReLU network's layers: ``(weight (out, in), bias (out,))`` each.

        The last layer's outputs are the scores, without a ReLU.
        """
        weights = [np.asarray(weight, np.float64) for weight, _ in layers]
        biases = [np.asarray(bias, np.float64) for _, bias in layers]
        where = "policy network"
        for n, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            inputs = weights[n - 1].shape[0] if n else weight.shape[-1]
            if weight.ndim != 2 or weight.shape[1] != inputs or bias.shape != weight.shape[:1]:
                found = f"layer {n} of weight {weight.shape} and bias {bias.shape}"
                raise BadInput(where, found, f"(out, {inputs}) and (out,)")
        if not layers:
            raise BadInput(where, "no layer", "at least one")
        net = Scorer(
            choices=np.array(choices, np.int64),
            feature=np.zeros(0, np.int64),
            threshold=np.zeros(0),
            left=np.zeros(0, np.int64),
            right=np.zeros(0, np.int64),
            scores=np.zeros((0, int(sum(choices)))),
            sizes=np.array([weights[0].shape[1], *(len(b) for b in biases)], np.int64),
            weights=np.concatenate([weight.ravel() for weight in weights]),
            biases=np.concatenate(biases),
        )
        return cls(sees, _fields(fields), tuple(map(int, choices)), net, summary)

    def begin(self, simulation: Simulation, replicas: int) -> Scratch:
        """Check that the world shows what the policy reads and takes what it chooses."""
        shown = fields_of(simulation)
        if shown != self.fields:
            raise BadInput("policy", f"made for {_told(self.fields)}", f"{_told(shown)}")
        nvec = tuple(int(count) for count in simulation.action_space.nvec)
        if nvec != self.choices:
            raise BadInput("policy", f"made for actions {self.choices}", f"{nvec}")
        return self.room(replicas)

    def room(self, replicas: int) -> Scratch:
        """Make the memory of replicas: room to score in."""
        return scratch_of(self.scorer, self.width)

    def act(
        self, observation: Observation, mask: NDArray[np.int8], memory: Scratch
    ) -> NDArray[np.int64]:
        """Choose the best legal alternatives, int64 (R, A)."""
        count = len(mask)
        parts = [observation[name].reshape(count, -1) for name, _ in self.fields]
        # float32, as the environment shows it; scoring itself is in float64.
        rows = np.ascontiguousarray(np.concatenate(parts, 1), np.float32)
        actions = np.zeros((count, len(self.choices)), np.int64)
        with wrapping():
            _choose_all(self.scorer, memory, rows, np.ascontiguousarray(mask), actions)
        return actions


def fields_of(simulation: Simulation) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """List names and shapes of what a world shows, in the order in which it shows them.

    A learner that flattens observations must do it in this order.
    """
    return tuple((name, tuple(shape)) for name, shape in simulation.shown.items())


def _fields(
    fields: Sequence[tuple[str, Sequence[int]]],
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return tuple((str(name), tuple(int(n) for n in shape)) for name, shape in fields)


def _told(fields: tuple[tuple[str, tuple[int, ...]], ...]) -> str:
    return "observation " + ", ".join(f"{name} {shape}" for name, shape in fields)


@kernel
def _choose_all(
    scorer: Scorer, scratch: Scratch, rows: np.ndarray, mask: np.ndarray, actions: np.ndarray
) -> None:
    for r in range(rows.shape[0]):
        for i in range(rows.shape[1]):
            scratch.row[i] = rows[r, i]
        choose(scorer, scratch, mask[r], actions, r)
