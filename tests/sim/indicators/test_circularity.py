"""The Material Circularity Indicator against worked numbers, and its bounds and monotonicity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillage.errors import BadInput
from stillage_sim.indicators.circularity import (
    circularity_of_flows,
    collection_rate,
    combined_circularity,
    material_circularity,
    processing_rate,
    recycled_input_rate,
    recycling_rate,
    utility,
)

shares = st.floats(0.0, 1.0)


def test_the_worked_number() -> None:
    """FR .3, CR .5, EF = EC = .8: WF .075, WC .1, W .5875, LFI 1.2875 / 1.9875."""
    found = material_circularity(1.0, 0.3, 0.0, 0.5, 0.0, 0.8, 0.8)
    assert found.virgin == pytest.approx(0.7, rel=1e-12)
    assert found.waste == pytest.approx(0.5875, rel=1e-12)
    assert found.linear_flow == pytest.approx(1.2875 / 1.9875, rel=1e-12)
    assert round(float(found.indicator), 5) == 0.41698


def test_dropping_the_half_difference_would_be_seen() -> None:
    """With (WF - WC) / 2 left out LFI were .64375, the indicator .42063."""
    found = material_circularity(1.0, 0.3, 0.0, 0.5, 0.0, 0.8, 0.8)
    assert abs(float(found.indicator) - (1 - 0.9 * 1.2875 / 2)) > 0.003


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, 0.1),
        ({"reused_input": 1.0, "sent_to_reuse": 1.0}, 1.0),
        ({"recycled_input": 1.0, "sent_to_recycling": 1.0}, 1.0),
        ({"utility": 3.0}, 0.7),
        ({"utility": 0.5}, 0.0),
        ({"utility": 0.0}, 0.0),
        ({"reused_input": 0.5}, 1 - 0.9 * 0.75),
        ({"sent_to_recycling": 1.0, "output_recycling_yield": 0.5}, 1 - 0.9 * 1.25 / 1.75),
        ({"recycled_input": 1.0, "input_recycling_yield": 0.5}, 1 - 0.9 * 1.5 / 2.5),
    ],
)
def test_by_hand(arguments: dict[str, float], expected: float) -> None:
    assert material_circularity(1.0, **arguments).indicator == pytest.approx(expected, abs=1e-12)


@given(mass=st.floats(1e-9, 1e12), a=shares, b=shares, ef=st.floats(0.01, 1), ec=shares,
       x=st.floats(0.01, 100), fr=shares, cr=shares)  # fmt: skip
def test_bounds_and_scale(
    mass: float, a: float, b: float, ef: float, ec: float, x: float, fr: float, cr: float
) -> None:
    flows = (fr * a, (1 - fr) * a, cr * b, (1 - cr) * b)
    found = material_circularity(mass, *flows, ef, ec, x)
    assert 0.0 <= found.linear_flow <= 1.0 + 1e-12
    assert max(0.0, 1.0 - 0.9 / x) - 1e-9 <= found.indicator <= 1.0
    unit = material_circularity(1.0, *flows, ef, ec, x)
    assert found.indicator == pytest.approx(float(unit.indicator), abs=1e-9)
    assert found.waste == pytest.approx(mass * float(unit.waste), rel=1e-9)


@pytest.mark.parametrize(
    "name", ["reused_input", "sent_to_reuse", "sent_to_recycling", "utility",
             "input_recycling_yield", "output_recycling_yield"],
)  # fmt: skip
@given(base=st.tuples(*[st.floats(0.0, 0.4)] * 4), yields=st.tuples(*[st.floats(0.05, 0.5)] * 2),
       more=st.floats(0.0, 0.2), x=st.floats(0.2, 5))  # fmt: skip
def test_more_of_a_good_thing_never_lowers_it(
    name: str,
    base: tuple[float, float, float, float],
    yields: tuple[float, float],
    more: float,
    x: float,
) -> None:
    fr, fu, cr, cu = base
    arguments = {"recycled_input": fr, "reused_input": fu, "sent_to_recycling": cr,
                 "sent_to_reuse": cu, "input_recycling_yield": yields[0],
                 "output_recycling_yield": yields[1], "utility": x}  # fmt: skip
    before = material_circularity(1.0, **arguments)
    after = material_circularity(1.0, **{**arguments, name: arguments[name] + more})
    assert after.indicator >= before.indicator - 1e-12


@given(flows=st.lists(st.floats(0.0, 1e12), min_size=6, max_size=6))
def test_any_flows_have_an_indicator(flows: list[float]) -> None:
    yields: dict[str, Any] = {"input_recycling_yield": 0.8, "output_recycling_yield": 0.7}
    found = circularity_of_flows(*flows, **yields)
    assert 0.0 <= found.indicator <= 1.0
    assert (found.indicator >= 0.1 - 1e-9) == (sum(flows[:3]) > 0.0)


def test_an_idle_chain_has_none_and_one_without_returns_is_linear() -> None:
    found = circularity_of_flows([0.0, 5.0], 0.0, 0.0, 0.0, 0.0, 0.0)
    assert found.indicator == pytest.approx([0.0, 0.1])


def test_arrays_broadcast_without_warnings() -> None:
    recycled = np.linspace(0.0, 1.0, 5)[:, None]
    found = material_circularity(np.array([1.0, 0.0, 1e9]), recycled, utility=2.0)
    assert found.indicator.shape == found.waste.shape == (5, 3)
    assert (found.indicator[:, 1] == 0.0).all()
    assert found.indicator[:, 0] == pytest.approx(found.indicator[:, 2])


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"recycled_input": 1.1}, "recycled_input"),
        ({"recycled_input": 0.6, "reused_input": 0.6}, r"recycled_input \+ reused_input"),
        ({"sent_to_recycling": 0.6, "sent_to_reuse": 0.6}, "sent_to_reuse"),
        ({"sent_to_reuse": -0.1}, "sent_to_reuse"),
        ({"recycled_input": float("nan")}, "recycled_input"),
        ({"utility": -1.0}, "utility"),
        ({"recycled_input": 0.1, "input_recycling_yield": 0.0}, "input_recycling_yield"),
        ({"output_recycling_yield": 2.0}, "output_recycling_yield"),
    ],
)
def test_impossible_flows_are_refused(arguments: dict[str, float], name: str) -> None:
    with pytest.raises(BadInput, match=name):
        material_circularity(1.0, **arguments)


def test_rates_by_hand_and_empty_chains() -> None:
    assert recycled_input_rate(30.0, 120.0) == 0.25
    assert recycled_input_rate([30.0, 0.0], [120.0, 0.0]).tolist() == [0.25, 0.0]
    assert utility(10.0, 8.0, 1.0, 2.0) == 0.625
    assert combined_circularity([[0.2, 0.8]], [[1.0, 3.0]]).tolist() == pytest.approx([0.65])
    assert combined_circularity([0.2, 0.8], [0.0, 0.0]) == 0.0


@given(available=st.floats(1e-3, 1e9), collected=shares, processed=shares)
def test_recycling_is_collection_times_processing(
    available: float, collected: float, processed: float
) -> None:
    got = available * collected
    recycled = got * processed
    product = collection_rate(got, available) * processing_rate(recycled, got)
    assert recycling_rate(recycled, available) == pytest.approx(float(product), abs=1e-12)
