"""What policies decide, what they may know, and what happens at the edges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from stillage.errors import BadInput
from stillage.plugin.host import get_host
from stillage.plugin.spec import PolicySpec
from stillage_scenarios import plugin
from stillage_scenarios.sorting.casting import build_world
from stillage_scenarios.sorting.example import example_cast
from stillage_scenarios.sorting.kpis import KPIS
from stillage_scenarios.sorting.plant import COUNTS
from stillage_scenarios.sorting.policies import Choice, Hand, Market
from stillage_scenarios.sorting.scenario import SortingScenario
from stillage_scenarios.sorting.settings import SortingSettings
from stillage_sim.policy import BLIND
from stillage_sim.policy.registered import registered
from stillage_sim.scenario import Cast, SeedCast
from tests.scenarios.conftest import ALWAYS_ON, Make, one_group_cast

HOUR = 1 / 24


def test_better_perception_earns_more_and_nobody_beats_the_oracle(make_world: Make) -> None:
    world = make_world(**ALWAYS_ON, picks_per_min=3600.0)
    value = {
        policy: world.kpis(world.rollout(policy, 0, 8, 6 * HOUR, 1))["recovered_value_eur"].mean()
        for policy in world.policies
    }
    ranked = ["oracle", "teacher", "distilled", "labels_only", "random"]
    assert sorted(ranked, key=lambda name: -value[name]) == ranked
    assert value["oracle"] == max(value.values())


def test_under_a_pick_budget_the_dear_ones_go_first(make_world: Make) -> None:
    rich = make_world(**ALWAYS_ON, arrivals_per_min=120.0, picks_per_min=20.0)
    totals = rich.rollout("oracle", 0, 2, 4 * HOUR, 1)
    fed = -totals["mass"][:, 0].reshape(2, 7, -1).sum((0, 2))
    share = totals["mass"][:, 2:-1].sum((0, 2)) / fed[:-1]
    dear = rich.labels.index("aluminium")
    assert share[dear] == share.max() > 2 * share[rich.labels.index("carton")]


def test_rule_sends_the_unsure_to_residue() -> None:
    truth = {"material": np.array([0, 0, 1, 1])}
    heads = {"material": np.array([[0.9, 0.1], [0.55, 0.45], [0.2, 0.8], [0.41, 0.59]])}
    cast = one_group_cast(truth, heads, ("PET", "HDPE"))
    seed = cast.seeds[0]
    tables = {"labels_only": seed.tables["distilled"]}
    cast = Cast(
        [SeedCast(0, seed.samples, seed.groups, seed.truth, tables)], cast.tasks, cast.roles
    )
    world = build_world(SortingSettings(reject_below=0.6), cast)
    assert world.of("rule").chute[:, 0].tolist() == [1, 3, 2, 3]
    assert world.of("labels_only").chute[:, 0].tolist() == [1, 1, 2, 2]
    assert world.of("oracle").chute[:, 0].tolist() == [1, 1, 2, 2]


def test_random_uses_every_chute_alike(make_world: Make) -> None:
    world = make_world(**ALWAYS_ON, picks_per_min=3600.0)
    counts = world.rollout("random", 0, 8, 6 * HOUR, 1)["counts"].sum(0)
    left = counts[COUNTS.index("released")]
    both = left + counts[COUNTS.index("picked")]
    assert left / both == pytest.approx(1 / 7, abs=4 * (6 / 49 / both) ** 0.5)


def test_majority_counts_groups_not_samples() -> None:
    truth = np.array([0, 0, 0, 1, 1])
    cast = one_group_cast({"material": truth}, {"material": np.full((5, 2), 0.5)}, ("PET", "HDPE"))
    seed = cast.seeds[0]
    grouped = SeedCast(0, seed.samples, np.array(["a", "a", "a", "b", "c"]), seed.truth, {})
    world = build_world(SortingSettings(), Cast([grouped], cast.tasks, cast.roles))
    assert world.of("majority").chute[:, 0].tolist() == [2] * 5


def test_contaminants_have_no_right_chute(make_world: Make) -> None:
    cast = one_group_cast(
        {"material": np.array([-1, -1])}, {"material": np.full((2, 2), 0.5)}, ("PET", "HDPE")
    )
    world = make_world(cast, **ALWAYS_ON, picks_per_min=3600.0)
    for policy in ("oracle", "distilled"):
        kpis = world.kpis(world.rollout(policy, 0, 2, HOUR, 1))
        assert (kpis["purity"] == 0).all()
        assert (kpis["recovery"] == 0).all()
    assert (world.of("oracle").chute == 3).all()
    assert (kpis["recovered_value_eur"] < 0).all()


def test_a_policy_without_its_table_says_which() -> None:
    cast = example_cast(12, models={"distilled": (0.9, 0.0, 0.0)})
    world = build_world(SortingSettings(), cast)
    assert world.policies == ("oracle", "random", "majority", "distilled")
    with pytest.raises(BadInput) as error:
        world.rollout("rule", 0, 1, 1, 0)
    said = "policy 'rule': found perception tables: distilled, expected table 'labels_only'"
    assert str(error.value) == said
    with pytest.raises(BadInput, match="policy: found 'typo', expected one of oracle, random"):
        world.rollout("typo", 0, 1, 1, 0)


def test_a_further_table_is_a_policy_and_a_plugin_may_add_one() -> None:
    class Timid:
        sees = BLIND

        def choose(self, market: Market, hand: Hand) -> Choice:
            chute = np.full((len(hand.material), 1), market.residue, np.int64)
            return Choice(chute, np.zeros(chute.shape))

    models = {"distilled": (0.9, 0.0, 0.0), "bundle-7": (1.0, 0.0, 0.0)}
    world = build_world(SortingSettings(), example_cast(12, models=models), {"timid": Timid()})
    assert world.policies == ("timid", "distilled", "bundle-7")
    perfect = world.kpis(world.rollout("bundle-7", 0, 2, HOUR, 1))
    assert (perfect["purity"] == 1.0).all()
    idle = world.rollout("timid", 0, 2, HOUR, 1)["counts"]
    assert (idle[:, COUNTS.index("picked")] == 0).all()
    assert (idle[:, COUNTS.index("released")] > 0).all()


def test_a_table_of_other_classes_is_refused() -> None:
    truth = {"material": np.zeros(3, np.int64)}
    cast = one_group_cast(truth, {"material": np.full((3, 4), 0.25)}, ("PET", "HDPE"))
    with pytest.raises(BadInput, match=r"found \(3, 4\) for 'material', expected \(3, 2\)"):
        build_world(SortingSettings(), cast)


EDGES: list[dict[str, float]] = [
    {"solar_peak_w": 0.0, "battery_start": 0.0},
    {"battery_wh": 0.0},
    {"arrivals_per_min": 0.0},
    {"picks_per_min": 0.0},
    {"arrivals_per_min": 3600.0, "picks_per_min": 36_000.0, "slots": 64},
    {"arrivals_per_min": 3600.0, "slots": 1, "reach_s": 1},
    {"shift_h": 0.0},
    {"reach_s": 86_400},
]


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_edges_give_finite_figures(make_world: Make, edge: dict[str, float]) -> None:
    world = make_world(**edge)
    for policy in world.policies:
        totals = world.rollout(policy, 0, 1, HOUR, 1)
        kpis = world.kpis(totals)
        assert all(np.isfinite(values).all() for values in kpis.values())
        assert max(world.audit(totals).values()) < 1e-9
        assert 0 <= kpis["purity"][0] <= 1
        assert 0 <= kpis["recovery"][0] <= 1 + 1e-12
        if edge.get("picks_per_min") == 0.0 or edge.get("shift_h") == 0.0:
            assert kpis["purity"][0] == kpis["recovered_value_eur"][0] == 0.0


def test_no_sun_and_no_charge_means_no_perception(make_world: Make) -> None:
    world = make_world(solar_peak_w=0.0, battery_start=0.0)
    kpis = world.kpis(world.rollout("distilled", 0, 2, HOUR, 1))
    assert kpis["battery_empty_h"].tolist() == [1.0, 1.0]
    assert kpis["energy_j"].tolist() == [0.0, 0.0]
    assert (kpis["missed_items"] > 0).all()


@pytest.mark.parametrize("bad", [{"slots": 0}, {"picks_per_min": float("nan")}, {"pick": 1}])
def test_settings_have_limits(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SortingSettings(**bad)


def test_settings_that_contradict_are_refused() -> None:
    with pytest.raises(ValueError, match=r"sunset_h: found 5\.0, expected at least sunrise_h"):
        SortingSettings(sunrise_h=6.0, sunset_h=5.0)
    with pytest.raises(ValueError, match="clearness_high"):
        SortingSettings(clearness_low=0.9, clearness_high=0.1)


def test_every_setting_is_explained() -> None:
    for name, info in SortingSettings.model_fields.items():
        assert info.description, name
        assert isinstance(info.json_schema_extra, dict)
        assert {"unit", "source"} <= info.json_schema_extra.keys(), name


def test_specs_name_what_there_is() -> None:
    every = plugin.register()
    specs = [spec for spec in every if getattr(spec, "scenario", spec.name) == "sorting"]
    policies = [spec for spec in specs if isinstance(spec, PolicySpec)]
    assert list(registered("sorting")) == [spec.name for spec in policies]
    assert {spec.table for spec in policies if spec.role == "student"} == {
        "distilled", "distilled_int8",
    }  # fmt: skip
    assert [s.name for s in specs if s.kind == "kpi"] == list(KPIS)
    host = get_host()
    for spec in specs:
        assert callable(host.resolve(spec)), spec.name


@pytest.mark.parametrize("days", [0.0, -1.0, float("nan"), float("inf")])
def test_days_must_be_positive(make_world: Make, days: float) -> None:
    with pytest.raises(BadInput, match="days"):
        make_world().rollout("oracle", 0, 1, days, 0)


def test_the_synthetic_recording_binds_its_roles(tmp_path: Path) -> None:
    from stillage.recording import Recording

    scenario = SortingScenario()
    path = tmp_path / "sorting.h5"
    scenario.record(8, 3, path)
    with Recording.open(path) as recording:
        assert set(scenario.teacher) | set(scenario.student) == set(recording.modalities)
        assert set(scenario.tasks) <= set(recording.targets)
        roles = scenario.roles(recording, SortingSettings())
        assert roles == {"material": "material", "quality": "quality", "mass": "mass"}
        assert recording.targets["mass"].unit == "kg"
        with pytest.raises(BadInput, match="material: found 'colour', expected a target"):
            scenario.roles(recording, SortingSettings(material="colour"))
