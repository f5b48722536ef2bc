"""Score the alternatives of an action by a tree or a small ReLU network, compiled.

Comparisons, + and x and look-ups only, in a fixed order, so that a fused rollout, a stepped one
and an interpreted one give the same bits everywhere. Scoring reads one row: the observation's
arrays one after another, as float64.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_sim.engine import changing, shared

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LEAF = -1
_WHERE = "policy"
INTEGERS = frozenset({"choices", "feature", "left", "right", "sizes"})
MOST = 1 << 20
"""Numbers that a layer may have."""


class Scorer(NamedTuple):
    """A tree or a network, and the alternatives that it scores.

    ``choices`` (A,) alternatives of each number of an action; a score belongs to each of them in
    a row, ``sum(choices)`` in all. A tree asks ``row[feature] <= threshold`` (N,) at node n, goes
    ``left`` or ``right``, and ends where ``feature`` is ``LEAF`` with the ``scores`` (N, outputs)
    of that node. A network has layers of ``sizes`` (L + 1,) numbers, the first of which is the
    row's length; ``weights`` and ``biases`` lie flat, layer after layer, (out, in) each, with a
    ReLU between layers. A network has no node, a tree has no layer.
    """

    choices: Ints
    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    scores: Floats
    sizes: Ints
    weights: Floats
    biases: Floats


@changing
class Scratch(NamedTuple):
    """Room to score one row in: ``row`` (F,), ``one`` and ``other`` (widest layer,) float64."""

    row: Floats
    one: Floats
    other: Floats


def frozen(scorer: Scorer) -> Scorer:
    """Copy a scorer with read-only arrays, as those from shared memory are: one signature."""
    arrays: list[Any] = [np.array(values, order="C") for values in scorer]
    for values in arrays:
        values.flags.writeable = False
    return Scorer(*arrays)


def scratch_of(scorer: Scorer, width: int) -> Scratch:
    """Make room for a scorer and rows of so many numbers."""
    widest = max(int(scorer.sizes.max(initial=0)), int(scorer.choices.sum()), 1)
    return Scratch(np.zeros(width), np.zeros(widest), np.zeros(widest))


def check_scorer(scorer: Scorer, width: int, choices: Sequence[int]) -> None:
    """Refuse arrays with which compiled code would read elsewhere, or never end.

    Raises
    ------
    BadInput
        One line on what does not fit rows of ``width`` numbers and these ``choices``.
    """
    outputs = int(sum(choices))
    for name, values in scorer._asdict().items():
        kind, axes = (np.int64 if name in INTEGERS else np.float64), 1 + (name == "scores")
        if values.dtype != kind or values.ndim != axes:
            found = f"{name} of {values.dtype} {values.shape}"
            raise BadInput(_WHERE, found, f"{np.dtype(kind)} of {axes} axes")
        if not np.isfinite(values).all():
            raise BadInput(_WHERE, f"NaN or infinity in {name}", "finite numbers")
    if scorer.choices.tolist() != list(choices) or min(choices, default=0) < 1 or outputs > MOST:
        raise BadInput(_WHERE, f"choices {scorer.choices}", f"{list(choices)}, each at least 1")
    if not 1 <= width <= MOST:
        raise BadInput(_WHERE, f"rows of {width} numbers", f"1 to {MOST}")
    tree = {name: len(getattr(scorer, name)) for name in ("feature", "threshold", "left", "right")}
    net = {name: len(getattr(scorer, name)) for name in ("sizes", "weights", "biases")}
    if any(tree.values()) == any(net.values()):
        raise BadInput(_WHERE, f"arrays {tree | net} long", "those of a tree, or of a network")
    if any(tree.values()):
        _check_tree(scorer, width, outputs)
    else:
        _check_network(scorer, width, outputs)


def _check_tree(scorer: Scorer, width: int, outputs: int) -> None:
    nodes = len(scorer.feature)
    lengths = {len(scorer.threshold), len(scorer.left), len(scorer.right)}
    if lengths != {nodes} or scorer.scores.shape != (nodes, outputs):
        found = f"{nodes} nodes, scores {scorer.scores.shape}"
        raise BadInput(_WHERE, found, f"scores ({nodes}, {outputs}), one column an alternative")
    inner = np.flatnonzero(scorer.feature >= 0)
    if scorer.feature.max() >= width:
        raise BadInput(_WHERE, f"feature {scorer.feature.max()}", f"one of {width}")
    for child in (scorer.left[inner], scorer.right[inner]):
        # children come after their parents, so that every walk ends
        if (child <= inner).any() or (child >= nodes).any():
            raise BadInput(_WHERE, "a node that leads back or nowhere", "children after parents")


def _check_network(scorer: Scorer, width: int, outputs: int) -> None:
    sizes = scorer.sizes.tolist()
    fits = len(sizes) > 1 and min(sizes) >= 1 and max(sizes) <= MOST
    if not fits or (sizes[0], sizes[-1]) != (width, outputs):
        raise BadInput(_WHERE, f"layers of {sizes}", f"{width} numbers first, {outputs} last")
    weights = sum(a * b for a, b in itertools.pairwise(sizes))
    if scorer.weights.shape != (weights,) or scorer.biases.shape != (sum(sizes[1:]),):
        found = f"{scorer.weights.shape} weights and {scorer.biases.shape} biases"
        raise BadInput(_WHERE, found, f"({weights},) and ({sum(sizes[1:])},)")


@shared
def _score_tree(scorer: Scorer, scratch: Scratch) -> None:
    """Write the scores of the leaf that the row falls into into ``scratch.one``."""
    node = 0
    while scorer.feature[node] >= 0:
        if scratch.row[scorer.feature[node]] <= scorer.threshold[node]:
            node = scorer.left[node]
        else:
            node = scorer.right[node]
    for k in range(scorer.scores.shape[1]):
        scratch.one[k] = scorer.scores[node, k]


@shared
def _score_network(scorer: Scorer, scratch: Scratch) -> None:
    """Write the scores of the row into ``scratch.one``."""
    layers = scorer.sizes.shape[0] - 1
    weight, bias = 0, 0
    for layer in range(layers):
        inputs, outputs = scorer.sizes[layer], scorer.sizes[layer + 1]
        for k in range(outputs):
            total = scorer.biases[bias + k]
            for i in range(inputs):
                value = scratch.row[i] if layer == 0 else scratch.one[i]
                total += scorer.weights[weight + k * inputs + i] * value
            if layer < layers - 1 and total < 0.0:
                total = 0.0
            scratch.other[k] = total
        for k in range(outputs):
            scratch.one[k] = scratch.other[k]
        weight += inputs * outputs
        bias += outputs


@shared
def choose(scorer: Scorer, scratch: Scratch, mask: np.ndarray, actions: np.ndarray, r: int) -> None:
    """Choose the best legal alternative of each number of an action, into ``actions[r]``.

    ``mask`` is int8 (A, alternatives) of one replica; the first of equals is taken, and 0 where
    nothing is legal.
    """
    if scorer.feature.shape[0] > 0:
        _score_tree(scorer, scratch)
    else:
        _score_network(scorer, scratch)
    first = 0
    for a in range(scorer.choices.shape[0]):
        best = -1
        for k in range(scorer.choices[a]):
            if mask[a, k] == 1 and (best < 0 or scratch.one[first + k] > scratch.one[first + best]):
                best = k
        actions[r, a] = max(best, 0)
        first += scorer.choices[a]
