"""The loop keeps its books, its periods add up, and its numbers depend on nothing else."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage_scenarios.chains.kpis import ADDITIVE, KPIS
from stillage_scenarios.chains.policies import myopic
from stillage_scenarios.chains.settings import ChainWorldSettings
from stillage_scenarios.chains.world import ChainWorld, frame_ends
from stillage_sim.machines.arrays import FAILURES, PREVENTIVE
from stillage_sim.policy.registered import registered
from stillage_sim.scenario import Totals
from tests.scenarios.chains.conftest import DAYS, REPLICAS, SEED, Make

Rolled = dict[str, Totals]


def same(a: Totals, b: Totals) -> bool:
    return a.keys() == b.keys() and all((a[name] == b[name]).all() for name in a)


def mean(loop: ChainWorld, rolled: Rolled, policy: str, kpi: str) -> float:
    return float(loop.kpis(rolled[policy])[kpi].mean())


def test_books_balance_under_every_policy(loop: ChainWorld, rolled: Rolled) -> None:
    assert set(rolled) == set(registered("closed-loop")) - {"distilled_int8"}
    for totals in rolled.values():
        assert max(loop.audit(totals).values()) < 1e-12
        assert (totals["illegal"] == 0).all()


def test_lost_mass_is_found(loop: ChainWorld, rolled: Rolled) -> None:
    forged = {**rolled["oracle"], "mass": rolled["oracle"]["mass"].copy()}
    forged["mass"][0, 3, 0] += 1.0
    assert loop.audit(forged)["mass"] > 1e-8


def test_periods_add_up_to_the_whole(loop: ChainWorld, rolled: Rolled) -> None:
    names = list(KPIS)
    for totals in rolled.values():
        whole = loop.kpis(totals)
        assert totals["frame_kpis"].shape == (REPLICAS, 10, len(names))
        for name in ADDITIVE:
            parts = totals["frame_kpis"][..., names.index(name)].sum(1)
            np.testing.assert_allclose(parts, whole[name], rtol=1e-9, atol=1e-6)
    assert {"profit_eur", "co2e_kg", "energy_kwh", "downtime_h", "failures"} <= set(ADDITIVE)
    assert not {"mci", "purity", "oee", "fill_rate"} & set(ADDITIVE)


def test_the_last_frame_is_the_end(rolled: Rolled) -> None:
    totals = rolled["distilled"]
    np.testing.assert_allclose(totals["frame_stock"][:, -1], totals["mass"].sum(2), rtol=1e-12)
    np.testing.assert_array_equal(totals["frame_energy"][:, -1], totals["energy"])
    np.testing.assert_array_equal(totals["frame_h"][0], 24.0 * np.arange(1, 11))
    assert (totals["frame_up"] <= 1.0 + 1e-9).all()
    up = totals["frame_up"].mean(1) * DAYS * 24.0
    np.testing.assert_allclose(up, totals["machine_hours"][..., :2].sum(-1), rtol=1e-9)


def test_shares_are_shares(loop: ChainWorld, rolled: Rolled) -> None:
    shares = (
        "mci", "recycled_input_rate", "collection_rate", "recovery", "purity", "oee",
        "availability", "fill_rate",
    )  # fmt: skip
    for totals in rolled.values():
        kpis = loop.kpis(totals)
        for name in shares:
            assert (kpis[name] >= 0.0).all(), name
            assert (kpis[name] <= 1.0 + 1e-12).all(), name


def test_scopes_add_up(loop: ChainWorld, rolled: Rolled) -> None:
    kpis = loop.kpis(rolled["oracle"])
    scopes = sum(kpis[f"co2e_scope_{n}_kg"] for n in (1, 2, 3))
    np.testing.assert_allclose(kpis["co2e_kg"], scopes, rtol=1e-12)


def test_all_policies_meet_the_same_luck(rolled: Rolled) -> None:
    demand = [totals["service"][:, :, 0] for totals in rolled.values()]
    assert all((each == demand[0]).all() for each in demand)
    assert len(np.unique(demand[0])) == REPLICAS


def test_knowing_more_is_worth_more(loop: ChainWorld, rolled: Rolled) -> None:
    order = ("oracle", "distilled", "labels_only", "majority")
    for kpi in ("recovered_value_eur", "profit_eur", "recovered_value_eur", "mci"):
        values = [mean(loop, rolled, policy, kpi) for policy in order]
        assert values == sorted(values, reverse=True), kpi
    for policy in rolled:
        assert mean(loop, rolled, "oracle", "purity") >= mean(loop, rolled, policy, "purity")


def test_each_decision_differs_alone(loop: ChainWorld, rolled: Rolled) -> None:
    base = loop.of("distilled")
    for name in ("distilled_myopic", "distilled_run_to_failure", "distilled_condition_based"):
        assert loop.of(name).perception is base.perception
        assert not same(rolled[name], rolled["distilled"])
    assert (
        loop.of("distilled_myopic").rules.maintenance.age_h == base.rules.maintenance.age_h
    ).all()
    counts = rolled["distilled_run_to_failure"]["machine_counts"]
    assert counts[..., PREVENTIVE].sum() == 0.0
    assert rolled["distilled"]["machine_counts"][..., PREVENTIVE].sum() > 0.0
    assert counts[..., FAILURES].sum() > 0.0
    value = "recovered_value_eur"
    assert mean(loop, rolled, "distilled", value) > mean(loop, rolled, "distilled_myopic", value)
    assert mean(loop, rolled, "bare", value) == 0.0


def test_myopic_routes_take_the_cheapest_step(loop: ChainWorld) -> None:
    (choice,) = loop.model.choices
    assert choice.alternatives == ("sorter: second pass", "no second pass")
    assert myopic(loop.model).tolist() == [[2, 1]]


def test_a_slow_and_hungry_teacher_leaves_readings_undone(rolled: Rolled) -> None:
    wanted, done = rolled["teacher"]["device_counts"][:, :2, 0].mean(0)
    assert done < 0.5 * wanted
    wanted, done = rolled["distilled"]["device_counts"][:, :2, 0].mean(0)
    assert done > 0.99 * wanted
    unread = rolled["oracle"]["energy"][:, 2, 0], rolled["distilled"]["energy"][:, 2, 0]
    assert (unread[0] < unread[1]).all()


def test_replicas_are_the_same_in_any_batch(loop: ChainWorld) -> None:
    whole = loop.rollout("distilled", 0, 8, 3.0, 7)
    for size in (4, 1):
        parts = [loop.rollout("distilled", first, size, 3.0, 7) for first in range(0, 8, size)]
        assert same(whole, {name: np.concatenate([p[name] for p in parts]) for name in whole})
    assert not same(whole, loop.rollout("distilled", 0, 8, 3.0, 8))


def test_a_world_from_shared_memory_rolls_out_the_same(loop: ChainWorld) -> None:
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(loop, 5, buffer_callback=buffers.append)
    frozen = [memoryview(bytes(buffer.raw())) for buffer in buffers]
    copy: ChainWorld = pickle.loads(data, buffers=frozen)
    assert copy.model.parts.chain.room.flags.writeable
    assert copy.of("oracle").perception.share.flags.writeable
    assert same(copy.rollout("oracle", 0, 2, 1.0, 1), loop.rollout("oracle", 0, 2, 1.0, 1))


def test_antithetic_pairs_have_opposite_luck(make_loop: Make) -> None:
    loop = make_loop(antithetic=True, strata=2)
    totals = loop.rollout("oracle", 0, 40, 5.0, SEED)
    demand = totals["service"][:, 0, 0]
    usual = 5.0 * 30_000.0
    assert np.corrcoef(demand[::2], demand[1::2])[0, 1] < -0.9
    assert abs(demand.mean() / usual - 1.0) < 0.06  # weekdays: 5 of 7


def test_frames_are_few_when_runs_are_long(make_loop: Make) -> None:
    totals = make_loop(frames=3).rollout("oracle", 0, 1, 8.0, 0)
    assert totals["frame_h"][0].tolist() == [72.0, 144.0, 192.0]
    assert frame_ends(5, 24, 60) == [5]


@pytest.mark.parametrize(
    ("policy", "replicas", "days", "said"),
    [
        ("orcale", 1, 1.0, "one of"),
        ("distilled_int8", 1, 1.0, "table 'distilled_int8'"),
        ("oracle", 0, 1.0, "at least one"),
        ("oracle", 1, 0.0, "a positive number"),
        ("oracle", 1, float("nan"), "a positive number"),
    ],
)
def test_bad_input_is_named(
    loop: ChainWorld, policy: str, replicas: int, days: float, said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        loop.rollout(policy, 0, replicas, days, 0)


def test_settings_name_a_chain_that_exists() -> None:
    with pytest.raises(ValueError, match="did you mean 'plastics'"):
        ChainWorldSettings(chain="plastic")
    with pytest.raises(ValueError, match="No such file"):
        ChainWorldSettings(chain="absent.toml")
