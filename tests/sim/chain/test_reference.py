"""The plastics loop: interpreted as compiled, in one batch as in many, and with cancelled luck."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from stillage_scenarios.chains.files import chain_path
from stillage_sim.chain.arrays import OPERATOR
from stillage_sim.chain.building.model import build
from stillage_sim.chain.file.load import load_chain
from stillage_sim.chain.model import ChainModel, ideal
from stillage_sim.chain.running import (
    advance,
    begun,
    new_history,
    totals,
    usual_policy,
)
from stillage_sim.chain.stages.step import States
from stillage_sim.uncertainty.sampling import Sampling, block_means
from tests.sim.interpreted import interpreted


@pytest.fixture(scope="module")
def model() -> ChainModel:
    return build(load_chain(chain_path("plastics")))


def flat(values: object) -> list[np.ndarray]:
    """All arrays in nested tuples."""
    if isinstance(values, tuple):
        return [array for value in values for array in flat(value)]
    return [np.asarray(values)]


def digests() -> dict[str, str]:
    """A digest of every byte that some rollouts of the plastics loop leave."""
    model = build(load_chain(chain_path("plastics")))
    found = {}
    for kind in ("declared", "ideal", "random"):
        policy = usual_policy(model)
        if kind == "ideal":
            policy = policy._replace(perception=ideal(model))
        sampling = Sampling(antithetic=True, strata=2 if kind == "ideal" else 1)
        states, history = begun(model, 2, 3, sampling=sampling), new_history(model, 2, 5)
        luck = np.random.default_rng(1)
        for _ in range(5):
            actions = luck.integers(-1, 3, (2, model.actions)) if kind == "random" else None
            advance(model, policy, states, 30, actions, history=history)
        parts = [array.tobytes() for array in (*flat(states), *flat(history))]
        found[kind] = hashlib.sha256(b"".join(parts)).hexdigest()
    return found


def test_interpreted_source_is_the_reference() -> None:
    assert interpreted(digests) == digests()
    assert len(set(digests().values())) == 3


def test_batches_do_not_matter(model: ChainModel) -> None:
    sampling = Sampling(antithetic=True, strata=4)

    def run(first: int, count: int) -> States:
        states = begun(model, count, 8, first=first, sampling=sampling)
        advance(model, usual_policy(model), states, 240)
        return states

    whole = totals(run(0, 64))
    parts = [totals(run(first, 32)) for first in (0, 32)]
    for name, values in whole.items():
        assert np.array_equal(values, np.concatenate([part[name] for part in parts])), name


def profit(model: ChainModel, replicas: int, sampling: Sampling) -> np.ndarray:
    """EUR earned in 60 days, (R,)."""
    states = begun(model, replicas, 6, sampling=sampling)
    advance(model, usual_policy(model), states, 60 * 24)
    return states.chain.money[:, OPERATOR, 0]


def test_pairs_and_strata_lower_the_variance_and_not_the_mean(model: ChainModel) -> None:
    """Most of the profit's variance is the price of virgin material, drawn once an episode."""
    plain = profit(model, 512, Sampling())
    for sampling, gain in (
        (Sampling(True), 0.1),
        (Sampling(False, 8), 0.3),
        (Sampling(True, 4), 0.1),
    ):
        means = block_means(profit(model, 512, sampling), sampling)
        alone = plain.var(ddof=1) / sampling.block
        assert means.var(ddof=1) < gain * alone, sampling
        error = np.hypot(means.std(ddof=1) / len(means) ** 0.5, plain.std(ddof=1) / 512**0.5)
        assert abs(means.mean() - plain.mean()) < 3.0 * error
