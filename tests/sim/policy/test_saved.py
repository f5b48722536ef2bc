"""Saved policies come back with the same bits, and nothing else is taken for one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage_sim.policy import BLIND, LearnedPolicy, load_policy, save_policy
from stillage_sim.policy.registered import content_of, outside

FIELDS = (("queue", (2, 3)), ("clock", (2,)))
CHOICES = (3, 2)


def network(seed: int = 0) -> LearnedPolicy:
    draw = np.random.default_rng(seed)
    layers = [
        (draw.normal(size=(7, 8)), draw.normal(size=7)),
        (draw.normal(size=(5, 7)), np.ones(5)),
    ]
    return LearnedPolicy.network("distilled", FIELDS, CHOICES, layers, "drawn at random")


def shown(count: int, seed: int = 1) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.int8]]:
    draw = np.random.default_rng(seed)
    seen = {n: draw.random((count, *shape)).astype(np.float32) for n, shape in FIELDS}
    mask = np.ones((count, 2, 3), np.int8)
    mask[:, 1, 2] = 0
    return seen, mask


def test_a_network_scores_as_numpy_does() -> None:
    policy = network()
    seen, mask = shown(200)
    row = np.concatenate([seen[n].reshape(200, -1) for n, _ in FIELDS], 1).astype(np.float64)
    draw = np.random.default_rng(0)
    first, bias, second = draw.normal(size=(7, 8)), draw.normal(size=7), draw.normal(size=(5, 7))
    scores = np.maximum(row @ first.T + bias, 0.0) @ second.T + 1.0
    wanted = np.stack([scores[:, :3].argmax(1), scores[:, 3:].argmax(1)], 1)
    np.testing.assert_array_equal(policy.act(seen, mask, policy.room(200)), wanted)


def test_a_tree_decides_as_scikit_learn_does() -> None:
    from sklearn.tree import DecisionTreeClassifier

    seen, mask = shown(300)
    row = np.concatenate([seen[n].reshape(300, -1) for n, _ in FIELDS], 1)
    label = (row[:, 0] > 0.4).astype(int) + (row[:, 3] > 0.6)
    fitted = DecisionTreeClassifier(random_state=0).fit(row, label)
    policy = LearnedPolicy.of_tree(BLIND, FIELDS, (3,), fitted)
    told = policy.act(seen, mask[:, :1], policy.room(300))
    np.testing.assert_array_equal(told[:, 0], fitted.predict(row))
    with pytest.raises(BadInput, match="1 outputs, expected 2"):
        LearnedPolicy.of_tree(BLIND, FIELDS, CHOICES, fitted)
    with pytest.raises(BadInput, match="expected 0 to 1"):
        LearnedPolicy.of_tree(BLIND, FIELDS, (2,), fitted)


def test_a_tree_of_several_numbers_keeps_alternatives_that_were_never_taken() -> None:
    from sklearn.tree import DecisionTreeClassifier

    seen, mask = shown(300)
    mask[:] = 1
    row = np.concatenate([seen[n].reshape(300, -1) for n, _ in FIELDS], 1)
    taken = np.stack([2 * (row[:, 0] > 0.4), 1 + (row[:, 3] > 0.6)], 1).astype(int)
    fitted = DecisionTreeClassifier(random_state=0).fit(row, taken)  # 1 and 0 are never taken
    policy = LearnedPolicy.of_tree(BLIND, FIELDS, (3, 3), fitted)
    np.testing.assert_array_equal(policy.act(seen, mask, policy.room(300)), taken)


def test_what_is_masked_is_never_chosen() -> None:
    policy = network()
    seen, mask = shown(50)
    mask[:] = 0
    mask[:, 0, 1] = 1
    assert policy.act(seen, mask, policy.room(50)).tolist() == [[1, 0]] * 50


def test_saving_keeps_every_bit(tmp_path: Path) -> None:
    policy = network()
    save_policy(policy, tmp_path / "mine")
    loaded = load_policy(tmp_path / "mine")
    assert (loaded.sees, loaded.fields, loaded.choices) == ("distilled", FIELDS, CHOICES)
    for name, values in policy.scorer._asdict().items():
        np.testing.assert_array_equal(values, getattr(loaded.scorer, name))
    assert isinstance(outside(str(tmp_path / "mine")), LearnedPolicy)
    before = content_of(str(tmp_path / "mine"))
    save_policy(network(5), tmp_path / "mine")
    assert content_of(str(tmp_path / "mine")) != before


def damage(folder: Path, **changes: Any) -> None:
    file = folder / "policy.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"choices": [3, 3]}, "layers of"),
        ({"fields": [["queue", [2, 3]]]}, "layers of"),
        ({"fields": [["queue", [2, -3]]]}, "fields"),
        ({"format_version": 2}, "format_version"),
        ({"code": "import os"}, "code"),
        ({"choices": [10**9]}, "choices"),
    ],
)
def test_damaged_descriptions_are_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    save_policy(network(), tmp_path / "mine")
    damage(tmp_path / "mine", **changes)
    with pytest.raises(BadInput, match=message) as caught:
        load_policy(tmp_path / "mine")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("feature", np.array([0, -1]), "those of a tree, or of a network"),
        ("weights", np.full(91, np.nan), "NaN or infinity in weights"),
        ("weights", np.zeros(90), "90"),
        ("sizes", np.array([8.0, 7.0, 5.0]), "sizes of float64"),
        ("sizes", np.array([8, 10**12, 5]), "layers of"),
        ("scores", np.zeros(3), "scores of float64"),
    ],
)
def test_damaged_arrays_are_refused(
    tmp_path: Path, name: str, values: NDArray[Any], message: str
) -> None:
    save_policy(network(), tmp_path / "mine")
    file = tmp_path / "mine" / "arrays.npz"
    with np.load(file) as stored:
        arrays = {**stored, name: values}
    with file.open("wb") as handle:
        np.savez(handle, **arrays)
    with pytest.raises(BadInput, match=message):
        load_policy(tmp_path / "mine")


@pytest.mark.parametrize(
    ("left", "message"), [([0, 0, 0], "leads back"), ([7, 0, 0], "leads back or nowhere")]
)
def test_trees_that_never_end_are_refused(left: list[int], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        LearnedPolicy.tree(
            BLIND, FIELDS, (2,), [0, -1, -1], [0.5, 0, 0], left, [2, 0, 0], np.zeros((3, 2))
        )


SHORT = {"queue": np.zeros((2, 2, 3), np.float32), "clock": np.zeros((2, 1), np.float32)}


@pytest.mark.parametrize(
    ("seen", "mask", "message"),
    [
        (SHORT, np.ones((2, 2, 3), np.int8), "observation"),
        (None, np.ones((2, 2, 2), np.int8), r"mask \(2, 2, 2\), expected \(2, 2, 3\)"),
        (None, np.ones((2, 1, 3), np.int8), "mask"),
        (None, np.ones((3, 2, 3), np.int8), "observation"),
    ],
)
def test_kernels_get_nothing_that_does_not_fit(
    seen: dict[str, NDArray[np.float32]] | None, mask: NDArray[np.int8], message: str
) -> None:
    policy = network()
    with pytest.raises(BadInput, match=message):
        policy.act(seen or shown(2)[0], mask, policy.room(2))


def test_the_memory_of_another_policy_is_refused() -> None:
    other = LearnedPolicy.network(BLIND, (("clock", (2,)),), (2,), [(np.ones((2, 2)), np.ones(2))])
    with pytest.raises(BadInput, match="memory of another policy"):
        network().act(*shown(2), other.room(2))


@pytest.mark.parametrize(
    "change",
    [
        {"choices": np.array([3, 2, 9])},
        {"choices": np.array([10**8, 2])},
        {"sizes": np.array([8.0, 7.0, 5.0])},
        {"left": np.array([1])},
    ],
)
def test_a_scorer_of_other_choices_or_types_is_refused(change: dict[str, NDArray[Any]]) -> None:
    scorer = network().scorer._replace(**change)
    with pytest.raises(BadInput, match="policy: found"):
        LearnedPolicy(BLIND, FIELDS, CHOICES, scorer)


def test_a_tree_takes_no_arrays_of_a_network() -> None:
    tree = LearnedPolicy.tree(
        BLIND, FIELDS, (2,), [0, -1, -1], [0.5, 0, 0], [1, 0, 0], [2, 0, 0], np.zeros((3, 2))
    )
    with pytest.raises(BadInput, match="those of a tree, or of a network"):
        LearnedPolicy(BLIND, FIELDS, (2,), tree.scorer._replace(sizes=np.array([2**62])))
