"""Quantities in the loop: laws, seasons, series, bounds; compiled and interpreted alike."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from pydantic import BaseModel, ValidationError
from scipy import stats

from stillage.errors import BadInput
from stillage_sim.engine.randomness import fold, prefix
from stillage_sim.uncertainty.arrays import new_uncertain_state
from stillage_sim.uncertainty.build import Quantity, Uncertain, build_uncertainties, expected_values
from stillage_sim.uncertainty.laws import Constant, Lognormal, Normal, Poisson, Uniform
from stillage_sim.uncertainty.sampling import Sampling
from stillage_sim.uncertainty.series import Recorded
from stillage_sim.uncertainty.stages import quantity
from tests.sim.interpreted import interpreted
from tests.sim.uncertainty.rolling import draws

YEAR = tuple(1.0 + 0.05 * month for month in range(12))
WEEK = (1.2, 1.0, 1.0, 1.0, 1.0, 0.5, 0.0)


def hourly(folder: Path, hours: int = 72) -> Recorded:
    rows = "\n".join(str(hour) for hour in range(hours))
    (folder / "sun.csv").write_text(f"sun\n{rows}\n")
    return Recorded(file="sun.csv", column="sun", unit="W", interval_h=1.0)


def digest() -> str:
    made = build_uncertainties(
        [
            Quantity("demand", Normal(mean=50, sd=8, low=0, season=YEAR), "t"),
            Quantity("returns", Poisson(mean=3, weekday=WEEK), "1"),
            Quantity("price", Lognormal(mean=300, sd=90, every="episode"), "EUR/t"),
            Quantity("yield", 0.9, "1"),
        ],
        start_day=300,
    )
    seen = draws(made, np.arange(6), 40, Sampling(antithetic=True, strata=3))
    return hashlib.sha256(seen.tobytes()).hexdigest()


def test_interpreted_source_is_the_reference() -> None:
    assert interpreted(digest) == digest()


def test_periods_are_independent_draws_of_the_law() -> None:
    made = build_uncertainties([Quantity("x", Uniform(low=0, high=1), "1")])
    seen = draws(made, np.arange(100), 200)[:, :, 0]
    assert stats.kstest(seen.ravel(), "uniform").statistic < 0.001 + 1.6 / seen.size**0.5
    assert abs(np.corrcoef(seen[:, :-1].ravel(), seen[:, 1:].ravel())[0, 1]) < 4 / seen.size**0.5


def test_one_quantity_does_not_move_another() -> None:
    a, b = Quantity("a", Normal(mean=9, sd=1), "1"), Quantity("b", Uniform(low=0, high=1), "1")
    alone = draws(build_uncertainties([a]), np.arange(4), 9)
    assert (draws(build_uncertainties([a, b]), np.arange(4), 9)[..., :1] == alone).all()


def test_batches_do_not_matter() -> None:
    made = build_uncertainties([Quantity("a", Normal(mean=9, sd=1, every="episode"), "1")] * 3)
    for sampling in (Sampling(), Sampling(True), Sampling(False, 4), Sampling(True, 3)):
        whole = draws(made, np.arange(24), 3, sampling)
        parts = [draws(made, np.arange(a, b), 3, sampling) for a, b in ((0, 5), (5, 24))]
        assert (np.concatenate(parts) == whole).all()


def test_season_and_weekday_multiply_by_the_calendar() -> None:
    law = Uniform(low=10, high=10 + 1e-9, season=YEAR, weekday=WEEK)
    made = build_uncertainties([Quantity("x", law, "t")], start_day=30, start_weekday=4)
    seen = draws(made, np.arange(1), 400)[0, :, 0]
    for period in (0, 1, 2, 28, 29, 335, 364, 399):
        month = np.searchsorted(np.cumsum([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]),
                                (30 + period) % 365, side="right")  # fmt: skip
        assert seen[period] == pytest.approx(10 * YEAR[month] * WEEK[(4 + period) % 7])


@pytest.mark.parametrize("parts", [1, 10, 24, 120])
def test_parts_of_a_day_stay_on_their_day(parts: int) -> None:
    law = Uniform(low=1, high=1 + 1e-9, weekday=WEEK)
    made = build_uncertainties([Quantity("x", law, "t")], period_h=24.0 / parts)
    seen = draws(made, np.arange(1), parts * 35)[0, :, 0]
    expected = np.tile(np.repeat(WEEK, parts), 5)
    assert seen == pytest.approx(expected, abs=1e-8)
    assert expected_values(made, parts * 35) == pytest.approx([expected.mean()])


def test_a_poisson_season_moves_its_mean_and_keeps_it_whole() -> None:
    made = build_uncertainties([Quantity("x", Poisson(mean=4, weekday=WEEK), "1")])
    seen = draws(made, np.arange(400), 70)[:, :, 0].reshape(400, 10, 7)
    assert (np.mod(seen, 1.0) == 0.0).mean() > 0.97
    for day, factor in enumerate(WEEK):
        sample = seen[:, :, day]
        assert sample.mean() == pytest.approx(4 * factor, abs=4 * (4 * factor / 4000) ** 0.5)
        assert sample.var() == pytest.approx(4 * factor, abs=0.4)


def test_a_series_wraps_and_may_begin_anywhere(tmp_path: Path) -> None:
    series = hourly(tmp_path)
    made = build_uncertainties([Quantity("sun", series, "W")], 24.0, tmp_path)
    assert draws(made, np.arange(2), 7)[1, :, 0].tolist() == [11.5, 35.5, 59.5] * 2 + [11.5]
    moved = series.model_copy(update={"every": "episode"})
    made = build_uncertainties([Quantity("sun", moved, "W")], 24.0, tmp_path)
    seen = draws(made, np.arange(300), 4)[:, :, 0]
    assert (seen[:, 0] == seen[:, 3]).all()
    assert set(np.mod(np.diff(seen, axis=1), 72.0).ravel()) == {24.0}
    assert stats.chisquare(np.unique(seen[:, 0], return_counts=True)[1]).pvalue > 1e-4
    assert expected_values(made, 5).tolist() == [35.5]


@pytest.mark.parametrize("every", ["period", "episode"])
def test_a_pair_sees_opposite_luck_in_every_period(every: Literal["period", "episode"]) -> None:
    law = Normal(mean=50, sd=8, every=every)
    made = build_uncertainties([Quantity("x", law, "t", -1e9)])
    seen = draws(made, np.arange(800), 50, Sampling(antithetic=True))[:, :, 0]
    assert (seen[::2] + seen[1::2]) / 2.0 == pytest.approx(np.full((400, 50), 50.0), abs=1e-9)
    assert seen[::2].std() == pytest.approx(8.0, rel=0.15 if every == "episode" else 0.02)


def test_a_quantity_of_the_episode_stays() -> None:
    law = Uniform(low=0, high=1, every="episode")
    seen = draws(build_uncertainties([Quantity("x", law, "1")]), np.arange(50), 5)[:, :, 0]
    assert (seen == seen[:, :1]).all()
    assert len(set(seen[:, 0])) > 40


def test_quantity_alone_is_what_the_stage_gives() -> None:
    made = build_uncertainties([Quantity("x", Normal(mean=9, sd=1), "1")] * 2)
    seen = draws(made, np.arange(2), 3, seed=5)
    with np.errstate(over="ignore"):
        now = np.uint64(fold(prefix(5, 1, 0), np.uint64(48)))
        assert quantity(made, 1, 2, now, np.uint64(0)) == seen[1, 2, 1]


def test_expected_values_are_the_means(tmp_path: Path) -> None:
    made = build_uncertainties(
        [
            Quantity("a", Normal(mean=50, sd=8, season=YEAR, weekday=WEEK), "t", -1e9),
            Quantity("b", Poisson(mean=3, season=YEAR), "1"),
            Quantity("c", hourly(tmp_path), "W"),
        ],
        folder=tmp_path,
    )
    seen = draws(made, np.arange(200), 365)
    se = seen.mean(1).std(0) / 200**0.5
    assert (abs(seen.mean((0, 1)) - expected_values(made, 365)) <= 4 * se + 1e-9).all()


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (Quantity("demand", Normal(mean=1, sd=1), "t"), "demand: found values of -"),
        (Quantity("share", Uniform(low=0, high=1, season=YEAR), "1", 0, 1), "to 1.5"),
        (Quantity("price", Normal(mean=0, sd=1, low=20), "t"), "price: low, high"),
        (Quantity("sun", Recorded(file="a", column="b", unit="c", interval_h=1), "c"), "folder"),
    ],
)
def test_what_leaves_its_bounds_is_refused(one: Quantity, found: str) -> None:
    with pytest.raises(BadInput, match=found):
        build_uncertainties([one])


class Chain(BaseModel):
    demand: Uncertain
    sun: Uncertain = 1.0  # type: ignore[assignment]


def test_a_chain_file_declares_any_of_them(tmp_path: Path) -> None:
    hourly(tmp_path)
    text = """
    demand = {law = "normal", mean = 50, sd = 8, low = 0, weekday = [1, 1, 1, 1, 1, 1, 0]}
    sun = {law = "recorded", file = "sun.csv", column = "sun", unit = "kW", interval_h = 1}
    """
    chain = Chain.model_validate(tomllib.loads(text))
    quantities = [Quantity("demand", chain.demand, "t"), Quantity("sun", chain.sun, "W")]
    made = build_uncertainties(quantities, folder=tmp_path)
    assert expected_values(made, 7) == pytest.approx([50 * 6 / 7, 1e3 * np.mean(
        [11.5, 35.5, 59.5, 11.5, 35.5, 59.5, 11.5])])  # fmt: skip
    seven = Chain.model_validate({"demand": 7}).demand
    assert isinstance(seven, Constant)
    assert seven.expected() == 7.0
    assert "recorded" in str(Chain.model_json_schema())
    with pytest.raises(ValidationError, match="law"):
        Chain.model_validate({"demand": {"law": "gauss"}})


def test_no_quantities_and_no_replicas_work() -> None:
    none = build_uncertainties([])
    assert draws(none, np.arange(3), 2).shape == (3, 2, 0)
    assert new_uncertain_state(none, 0).value.shape == (0, 0)
    assert expected_values(none, 10).shape == (0,)
