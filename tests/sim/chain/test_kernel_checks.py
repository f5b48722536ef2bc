"""Nothing enters a compiled kernel that would make it read or write where it must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage_sim.chain import running
from stillage_sim.chain.kernel_checks import check_shares
from stillage_sim.chain.model import ChainModel, ideal
from tests.sim.chain.examples import GLASS, loaded

R = 2
MODEL = loaded(GLASS)
POLICY = running.usual_policy(MODEL)
ACTIONS, QUIET = np.zeros((R, MODEL.actions), np.int64), np.zeros(R, np.bool_)


def advance(model: ChainModel = MODEL, **changed: Any) -> Any:
    given = {"policy": POLICY, "states": running.begun(MODEL, R), "steps": 30, **changed}
    return running.advance(model, **given)


def share(change: Callable[[np.ndarray], np.ndarray]) -> dict[str, Any]:
    """A policy with other shares."""
    return {"policy": POLICY._replace(perception=ideal(MODEL)._replace(share=change(SHARE)))}


def rules(**changed: Any) -> dict[str, Any]:
    return {"policy": POLICY._replace(rules=POLICY.rules._replace(**changed))}


def states(**changed: Any) -> dict[str, Any]:
    found = running.begun(MODEL, R)
    return {"states": found._replace(chain=found.chain._replace(**changed))}


def history(**changed: Any) -> dict[str, Any]:
    return {"history": running.new_history(MODEL, R, 9)._replace(**changed)}


SHARE = ideal(MODEL).share


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"steps": -1}, "steps: found -1, expected 0 to"),
        ({"steps": 1.5}, "steps: found 1.5, expected a whole number"),
        ({"actions": ACTIONS[:, 1:]}, "actions: found int64"),
        ({"actions": np.zeros((9, MODEL.actions), np.int64)}, "actions: found int64 (9,"),
        ({"actions": ACTIONS + 0.0}, "actions: found float64"),
        ({"actions": ACTIONS.astype(">i8")}, "actions: found >i8"),
        ({"actions": ACTIONS.tolist()}, "actions: found list"),
        ({"actions": np.asfortranarray(ACTIONS)}, "actions: found strides"),
        ({"skip": np.zeros(1, np.bool_)}, "skip: found bool (1,), expected bool (2,)"),
        ({"history": running.new_history(MODEL, 1, 9)}, "history.stock: found float64 (1, 9,"),
        (history(mains=np.zeros((R, 99))), "history.stock: found float64 (2, 9,"),
        (history(stock=np.zeros((R, 9, 1))), "history.stock: found float64 (2, 9, 1)"),
        (states(mass=np.zeros((R, 1, 1))), "states.chain.mass: found float64 (2, 1, 1)"),
        (states(step=np.zeros(1, np.int64)), "states.chain.prefix: found uint64 (2,)"),
        (states(world=np.array([0, 7])), "states.chain.world: found world 7"),
        (states(world=np.array([0, -1])), "states.chain.world: found world"),
        ({"states": running.begun(MODEL, R).chain}, "states: found State, expected States"),
        (rules(level=np.zeros(500, np.int64)), "policy.rules.level: found int64 (500,)"),
        (rules(prefer=np.zeros((0, 1), np.int64)), "policy.rules.prefer: found int64 (0, 1)"),
        (share(lambda table: table[:, :, :0].copy()), "policy.perception.share: found float64"),
        (share(lambda table: table[..., :1].copy()), "policy.perception.share: found float64"),
        (share(lambda table: table[..., :1, :].copy()), "policy.perception.share: found float64"),
        (share(lambda table: table[:0].copy()), "policy.perception.share: found float64"),
        ({"policy": POLICY._replace(reading_j=np.zeros(9))}, "policy.reading_j: found float64"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(BadInput) as caught:
        advance(**given)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_states_of_another_chain_are_refused() -> None:
    other = loaded({**GLASS, "materials": {**GLASS["materials"], "blue": {}}})
    with pytest.raises(BadInput, match=r"states\.chain\.mass: found"):
        advance(model=other, policy=running.usual_policy(other))


def test_what_cannot_be_written_is_refused() -> None:
    found = running.begun(MODEL, R)
    found.chain.money.setflags(write=False)
    with pytest.raises(BadInput, match=r"states\.chain\.money: found an array that cannot be"):
        advance(states=found)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"replicas": -1}, "replicas: found -1"),
        ({"replicas": 10**12}, "replicas: found 1000000000000"),
        ({"replicas": 2.5}, "replicas: found 2.5, expected a whole number"),
        ({"first": -1}, "first: found -1"),
        ({"first": 2**63}, "first: found"),
        ({"worlds": 0}, "worlds: found 0"),
        ({"seed": 1.5}, "seed: found 1.5"),
        ({"seed": 2**64}, "seed: found"),
    ],
)
def test_replicas_that_cannot_be_are_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(BadInput) as caught:
        running.begun(MODEL, **{"replicas": R, **given})
    assert told in str(caught.value)


@pytest.mark.parametrize("place", range(4))
def test_an_episode_begins_in_its_own_replicas(place: int) -> None:
    given: list[Any] = [
        np.ones(R, np.bool_),
        np.arange(R),
        np.zeros(R, np.uint64),
        np.zeros(R, np.int64),
    ]
    given[place] = np.ones(R + 5000, given[place].dtype)
    with pytest.raises(BadInput, match=r"found \w+ \(5002,\), expected \w+ \(2,\)"):
        running.begin(MODEL, running.begun(MODEL, R), *given)


def test_a_world_that_comes_after_binding_is_not_looked_for() -> None:
    found = running.begun(MODEL, R)
    run = running.bind(MODEL, POLICY._replace(perception=ideal(MODEL)), found, 30)
    found.chain.world[1] = 10**9
    if not MODEL.perceived:
        pytest.skip("nothing perceives")
    rewards = run()
    assert np.isfinite(rewards[0])
    assert np.isnan(rewards[1])
    assert found.chain.step.tolist() == [30, 0]


@pytest.mark.parametrize("change", [lambda t: t * 2.0, lambda t: -t, lambda t: t * np.nan])
def test_shares_of_more_than_there_is_are_refused(change: Any) -> None:
    check_shares(MODEL, ideal(MODEL))
    with pytest.raises(BadInput, match=r"share\[0\]: found shares below 0, or more than 1"):
        check_shares(MODEL, ideal(MODEL)._replace(share=change(SHARE)))
