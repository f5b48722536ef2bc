"""Cohorts: the stock in use is inflow times mean life, whatever the life and the width."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from stillage_sim.chain.building.uses import cohorts_of
from stillage_sim.chain.running import advance, begun, usual_policy
from stillage_sim.engine.quantiles import quantile_table
from tests.sim.chain.examples import GLASS, loaded


def test_dynamic_stock_of_the_reference() -> None:
    # PV modules: Weibull 5.3759, 30 years; E[L] = 30 gamma(1 + 1/5.3759) = 27.660 years
    values = copy.deepcopy(GLASS)
    days = 30 * 365.0
    values["products"]["bottle"]["life_d"] = {"law": "weibull", "shape": 5.3759, "scale": days}
    uses = loaded(values).parts.chain.uses
    demand_kg_a = 50.0 * 365.0
    assert uses.hazard.shape[1] <= 400
    assert uses.start.sum() / demand_kg_a == pytest.approx(27.660, rel=1e-3)


@given(shape=st.floats(0.8, 8.0), mean=st.floats(1.3, 150.0))
@settings(max_examples=50, deadline=None)
def test_mean_life_is_kept_and_shares_fall(shape: float, mean: float) -> None:
    law = stats.weibull_min(shape)
    cohorts = cohorts_of(quantile_table(stats.weibull_min(shape, scale=mean / law.mean()), 1024))
    assert cohorts.left.sum() == pytest.approx(mean, rel=1e-4)
    assert cohorts.left[0] == 1.0
    assert (np.diff(cohorts.left) <= 1e-12).all()
    assert cohorts.hazard[-1] == 1.0
    assert ((cohorts.hazard >= 0.0) & (cohorts.hazard <= 1.0)).all()


@pytest.mark.parametrize(
    "life",
    [
        {"law": "gamma", "shape": 2.0, "scale": 10.0},
        {"law": "weibull", "shape": 5.3759, "scale": 150.0},
        {"law": "constant", "value": 6.5},
        {"law": "empirical", "values": [3.0, 9.0]},
        {"law": "normal", "mean": 40.0, "sd": 5.0, "low": 30.0, "high": 50.0},
    ],
)
@pytest.mark.parametrize("width", [1, 3])
def test_stock_stays_at_inflow_times_mean_life(life: dict[str, Any], width: int) -> None:
    values = copy.deepcopy(GLASS)
    values["products"]["bottle"].update(life_d=life, cohort_periods=width)
    values["quantities"]["demand"]["value"] = 100
    values["quantities"]["collected"]["value"] = 1.0
    values["start"]["shop"] = 1000.0
    values["machines"]["belt"] = {"model": "none"}
    values["nodes"]["furnace"]["capacity_t_per_h"] = 10.0
    model = loaded(values)
    table = {"gamma": 20.0, "weibull": 138.30, "constant": 6.5, "empirical": 6.0, "normal": 40.0}
    expected = 50.0 * table[life["law"]]
    states = begun(model, 1)
    use = model.account("bottle in use")
    assert states.chain.mass[0, use].sum() == pytest.approx(expected, rel=1e-3)
    advance(model, usual_policy(model), states, 24 * 360)
    assert states.chain.mass[0, use].sum() == pytest.approx(expected, rel=5e-3)


def test_what_lasts_longer_comes_back_worse() -> None:
    uses = loaded(GLASS).parts.chain.uses
    whole = uses.grade[0, :, 0]
    assert (np.diff(whole) <= 0.0).all()
    np.testing.assert_allclose(uses.grade.sum(2), 1.0)
    assert whole[19] == pytest.approx(0.5, abs=0.01)  # age 20 d: one mean life
