"""What theory says of a sorter, a belt and a battery, and what the belt does."""

from __future__ import annotations

import numpy as np
import pytest

from stillage.perception.device import DEFAULT_PROFILE, profile
from stillage.task import Task
from stillage_scenarios.sorting.plant import BUYERS, COUNTS, DISPOSAL
from stillage_scenarios.sorting.world import SortingWorld
from tests.scenarios.conftest import ALWAYS_ON, Make, one_group_cast

AMPLE = {**ALWAYS_ON, "picks_per_min": 36_000.0, "slots": 32, "reach_s": 30}


def counts(world: SortingWorld, policy: str, hours: float, replicas: int = 4) -> dict[str, float]:
    """Counts summed over replicas."""
    totals = world.rollout(policy, 0, replicas, hours / 24, 1)
    return dict(zip(COUNTS, totals["counts"].sum(0), strict=True))


def test_purity_of_a_sorter_with_known_confusion(make_world: Make) -> None:
    """Purity r x / (r x + f (1 - x)) = .9507 for x = .3, r = .9, f = .02; recovery r."""
    x, r, f, count = 0.3, 0.9, 0.02, 1000
    truth = (np.arange(count) >= x * count).astype(np.int64)
    to_first = np.where(truth == 0, np.arange(count) < r * x * count, False)
    false = np.flatnonzero(truth == 1)[: round(f * (1 - x) * count)]
    to_first[false] = True
    heads = {"material": np.where(to_first[:, None], [0.8, 0.2], [0.2, 0.8])}
    mass = Task(target="mass", kind="regression", unit="kg")
    cast = one_group_cast(
        {"material": truth, "mass": np.full(count, 0.05)},
        heads,
        ("PET", "HDPE"),
        roles={"mass": "mass"},
        tasks={"mass": mass},
    )
    world = make_world(cast, arrivals_per_min=240.0, **AMPLE)
    totals = world.rollout("distilled", 0, 4, 4 / 24, 1)
    first = totals["mass"][:, 2].sum(0)
    passed = totals["mass"][:, 2:].sum((0, 1))
    picked = first.sum() / 0.05
    expected = r * x / (r * x + f * (1 - x))
    assert expected == pytest.approx(0.9507, abs=1e-4)
    spread = 4 * (expected * (1 - expected) / picked) ** 0.5
    assert first[0] / first.sum() == pytest.approx(expected, abs=spread)
    items = passed[0] / 0.05
    assert first[0] / passed[0] == pytest.approx(r, abs=4 * (r * (1 - r) / items) ** 0.5)
    assert totals["counts"][:, COUNTS.index("missed")].sum() == 0


def test_arrivals_are_poisson(make_world: Make) -> None:
    world = make_world(arrivals_per_min=50.0, **AMPLE)
    arrived = world.rollout("majority", 0, 200, 1 / 24, 1)["counts"][:, 0]
    mean = 50.0 * 60
    assert arrived.mean() == pytest.approx(mean, abs=4 * (mean / 200) ** 0.5)
    assert arrived.var(ddof=1) / mean == pytest.approx(1.0, abs=4 * (2 / 199) ** 0.5)


def test_one_slot_of_one_second_loses_all_but_the_first(make_world: Make) -> None:
    """Missed share 1 - (1 - exp(-l)) / l of items that come l a second."""
    rate = 1.2
    settings = {**AMPLE, "slots": 1, "reach_s": 1, "arrivals_per_min": rate * 60}
    seen = counts(make_world(**settings), "oracle", 6.0)
    expected = 1 - (1 - np.exp(-rate)) / rate
    spread = 4 * (expected * (1 - expected) / seen["arrived"]) ** 0.5
    assert seen["missed"] / seen["arrived"] == pytest.approx(expected, abs=spread)


@pytest.mark.parametrize("picks", [7.0, 42.0, 60.0, 90.0])
def test_an_overloaded_robot_makes_all_its_picks(make_world: Make, picks: float) -> None:
    """Missed share 1 - m / l where far more arrive than can be picked."""
    rate = 240.0
    world = make_world(
        **{**AMPLE, "slots": 16, "reach_s": 4, "arrivals_per_min": rate, "picks_per_min": picks}
    )
    seen = counts(world, "oracle", 4.0)
    seconds = seen["on_s"]
    assert seen["picked"] == pytest.approx(picks / 60 * seconds, abs=4 + 0.002 * seconds)
    spread = 4 * (1 / (rate / 60 * seconds)) ** 0.5
    assert seen["missed"] / seen["arrived"] == pytest.approx(1 - picks / rate, abs=spread + 0.002)


def test_a_slow_reader_sees_one_item_a_service_time(make_world: Make) -> None:
    """A device that needs 2.5 s an item perceives 24 a minute however many come."""
    truth = np.zeros(10, np.int64)
    heads = {"material": np.tile([0.9, 0.1], (10, 1))}
    cast = one_group_cast({"material": truth}, heads, ("PET", "HDPE"), latency_s=2.5)
    seen = counts(make_world(cast, arrivals_per_min=300.0, **AMPLE), "distilled", 2.0)
    assert seen["perceived"] / seen["on_s"] == pytest.approx(1 / 2.5, rel=0.003)


def test_a_reader_slower_than_the_belt_sees_nothing(make_world: Make) -> None:
    heads = {"material": np.tile([0.9, 0.1], (10, 1))}
    truth = {"material": np.zeros(10, np.int64)}
    cast = one_group_cast(truth, heads, ("PET", "HDPE"), latency_s=7.0, energy_j=1.0)
    world = make_world(cast, **{**AMPLE, "reach_s": 6})
    seen = counts(world, "distilled", 1.0)
    assert seen["perceived"] == seen["picked"] == 0
    kpis = world.kpis(world.rollout("distilled", 0, 2, 1 / 24, 1))
    assert kpis["energy_j"] == pytest.approx(3600 * (0.2 + profile(DEFAULT_PROFILE).idle_w))
    assert (kpis["purity"] == 0).all()


def test_a_battery_pays_for_so_many_readings(make_world: Make) -> None:
    heads = {"material": np.tile([0.9, 0.1], (10, 1))}
    truth = {"material": np.zeros(10, np.int64)}
    cast = one_group_cast(truth, heads, ("PET", "HDPE"), energy_j=4.0)
    settings = {
        **AMPLE,
        "solar_peak_w": 0.0,
        "battery_wh": 1.0,
        "battery_start": 1.0,
        "idle_w": 0.0,
        "sleep_w": 0.0,
    }
    seen = counts(make_world(cast, **settings), "distilled", 4.0, replicas=1)
    awake = seen["on_s"] - seen["empty_s"]
    left = 3600 - 4.0 * seen["perceived"] - profile(DEFAULT_PROFILE).idle_w * awake
    assert 0 < awake < seen["on_s"]
    assert 0 <= left < 4.0 + profile(DEFAULT_PROFILE).idle_w


def test_idling_empties_the_battery_on_time(make_world: Make) -> None:
    world = make_world(
        **{
            **AMPLE,
            "arrivals_per_min": 0.0,
            "solar_peak_w": 0.0,
            "battery_wh": 1.0,
            "battery_start": 0.5,
            "battery_wake": 0.5,
            "idle_w": 2.5 - profile(DEFAULT_PROFILE).idle_w,
            "sleep_w": 0.0,
        }
    )
    totals = world.rollout("distilled", 0, 2, 1 / 24, 1)
    assert world.kpis(totals)["battery_empty_h"].tolist() == [(3600 - 720) / 3600] * 2
    assert world.kpis(totals)["energy_j"].tolist() == [1800.0] * 2


def test_money_is_price_times_mass(make_world: Make) -> None:
    """PET at its price, reuse and recycle grades, contamination and the gate fee, by hand."""
    from stillage_scenarios.items.materials import GATE_FEE, MATERIALS

    grades = Task(target="quality", kind="ordinal", classes=("reuse", "repair", "recycle"))
    cast = one_group_cast(
        {"material": [0, 0, 0, 1, -1], "quality": [0, 2, -1, 0, 0]},
        {"material": np.tile([0.9, 0.1], (5, 1))},
        ("PET", "HDPE"),
        roles={"quality": "quality"},
        tasks={"quality": grades},
    )
    world = make_world(cast, **{**AMPLE, "contamination_cost": 0.5, "picks_per_min": 30.0})
    totals = world.rollout("distilled", 0, 1, 2 / 24, 1)
    mass, price = totals["mass"][0].reshape(5, 3, 4), MATERIALS["PET"].price.value / 1000
    pet, hdpe, other = mass[2]
    expected = price * (pet @ [3.0, 1.8, 1.0, 1.0] - 0.5 * (hdpe.sum() + other.sum()))
    assert min(pet[0], pet[2], pet[3], hdpe[0], other[0]) > 0
    assert -totals["money"][0, BUYERS, 0] == pytest.approx(expected, rel=1e-9)
    fee = mass[4].sum() * GATE_FEE.value / 1000
    assert totals["money"][0, DISPOSAL, 0] == pytest.approx(fee, rel=1e-9)
    kpis = world.kpis(totals)
    assert kpis["purity"][0] == pytest.approx(pet.sum() / mass[2].sum())
    wanted = mass[2:, :2].sum()
    assert kpis["recovery"][0] == pytest.approx(pet.sum() / wanted)
    mains = totals["counts"][0, COUNTS.index("picked")] * 300.0 / 3.6e6 * 0.25
    saved = pet.sum() * MATERIALS["PET"].co2e_avoided.value - mains
    assert kpis["co2e_avoided_kg"][0] == pytest.approx(saved)
