"""Learned policies: a decision tree or a small ReLU network over the observation."""

from __future__ import annotations

import math
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
        if len({name for name, _ in self.fields}) < len(self.fields):
            raise BadInput("policy", "a field twice", "each field once")
        check_scorer(self.scorer, self.width, self.choices)
        object.__setattr__(self, "scorer", frozen(self.scorer))

    @property
    def width(self) -> int:
        """Count the numbers of a row."""
        return sum(math.prod(shape) for _, shape in self.fields)

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

        ``feature`` below 0 marks a leaf; ``scores`` is (N, sum of choices), one column an
        alternative. See :meth:`of_tree` for a tree of scikit-learn.
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
    def of_tree(
        cls,
        sees: str,
        fields: Sequence[tuple[str, Sequence[int]]],
        choices: Sequence[int],
        fitted: Any,
        summary: str = "",
    ) -> Self:
        """Make a policy of scikit-learn's ``DecisionTreeClassifier``, fitted to actions (n, A).

        Its rows hold the fields one after another, its classes are alternatives; one that was
        never taken in training is never chosen while another is legal.

        Raises
        ------
        BadInput
            If its outputs or classes are not those of ``choices``.
        """
        nodes = fitted.tree_
        each = fitted.classes_ if nodes.n_outputs > 1 else [fitted.classes_]
        if len(each) != len(choices):
            raise BadInput("policy tree", f"{len(each)} outputs", f"{len(choices)}, one a number")
        scores = np.full((nodes.node_count, int(sum(choices))), -1.0)  # below any share
        starts = np.cumsum([0, *choices])
        for place, taken in enumerate(each):
            columns = np.asarray(taken, np.int64)
            if (columns < 0).any() or (columns >= choices[place]).any():
                raise BadInput("policy tree", f"classes {taken}", f"0 to {choices[place] - 1}")
            scores[:, starts[place] + columns] = nodes.value[:, place, : len(columns)]
        return cls.tree(
            sees, fields, choices, nodes.feature, nodes.threshold, nodes.children_left,
            nodes.children_right, scores, summary,
        )  # fmt: skip

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
        may = np.ascontiguousarray(mask, np.int8)
        count, numbers = len(may), len(self.choices)
        shapes = {name: np.shape(observation[name]) for name, _ in self.fields}
        # compiled code reads and writes without asking
        if shapes != {name: (count, *shape) for name, shape in self.fields}:
            raise BadInput("policy", f"observation {shapes}", f"{count} x {_told(self.fields)}")
        if may.ndim != 3 or may.shape[1] != numbers or may.shape[2] < max(self.choices):
            wanted = f"({count}, {numbers}, {max(self.choices)})"
            raise BadInput("policy", f"mask {may.shape}", wanted)
        if [part.shape for part in memory] != [part.shape for part in self.room(count)]:
            raise BadInput("policy", "the memory of another policy", "that of its own begin()")
        parts = [np.asarray(observation[name]).reshape(count, -1) for name, _ in self.fields]
        # float32, as the environment shows it; scoring itself is in float64.
        rows = np.ascontiguousarray(np.concatenate(parts, 1), np.float32)
        actions = np.zeros((count, numbers), np.int64)
        with wrapping():
            _choose_all(self.scorer, memory, rows, may, actions)
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
