"""Every law of times is drawn exactly: against scipy's distributions, and antithetic."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from stillage import counter
from stillage.errors import BadInput
from stillage_sim.engine import kernel, wrapping
from stillage_sim.queueing.timelaws import (
    NO_TABLE,
    PARAMETERS,
    TimeLaw,
    constant,
    draw_time,
    erlang,
    exponential,
    hyperexponential,
    lognormal,
    tabled,
    uniform,
    weibull,
)

COUNT = 200_000
SPREAD = np.sqrt(np.log1p(0.25))


@kernel
def fill(
    kind: int,
    parameters: np.ndarray,
    table: np.ndarray,
    bits: np.ndarray,
    mirror: np.uint64,
    out: np.ndarray,
) -> None:
    for k in range(bits.shape[0]):
        out[k] = draw_time(kind, parameters, table, bits[k], mirror)


def draws(law: TimeLaw, count: int = COUNT, mirrored: bool = False) -> np.ndarray:
    parameters = np.zeros(PARAMETERS)
    parameters[: len(law.parameters)] = law.parameters
    table = NO_TABLE if law.table is None else law.table
    out = np.zeros(count)
    mirror = np.uint64(2**64 - 1 if mirrored else 0)
    with wrapping():
        fill(law.kind, parameters, table, counter.bits(3, np.arange(count)), mirror, out)
    return out


def mixture(mean: float, cv2: float) -> object:
    first = (1.0 + np.sqrt((cv2 - 1.0) / (cv2 + 1.0))) / 2.0
    parts = (stats.expon(scale=mean / 2 / first), stats.expon(scale=mean / 2 / (1 - first)))

    class Mixed:
        @staticmethod
        def cdf(x: np.ndarray) -> np.ndarray:
            return np.asarray(first * parts[0].cdf(x) + (1 - first) * parts[1].cdf(x))

        @staticmethod
        def mean() -> float:
            return mean

        @staticmethod
        def var() -> float:
            return cv2 * mean**2

    return Mixed()


LAWS = {
    "exponential": (exponential(2.0), stats.expon(scale=2.0)),
    "erlang": (erlang(3.0, 4), stats.gamma(4, scale=0.75)),
    "hyperexponential": (hyperexponential(2.0, 4.0), mixture(2.0, 4.0)),
    "uniform": (uniform(1.0, 4.0), stats.uniform(1.0, 3.0)),
    "weibull": (weibull(2.5, 10.0), stats.weibull_min(2.5, scale=10.0)),
    "lognormal": (lognormal(3.0, 0.25), stats.lognorm(SPREAD, scale=3 / np.exp(SPREAD**2 / 2))),
}


@pytest.mark.parametrize("name", LAWS)
def test_against_scipy(name: str) -> None:
    law, peer = LAWS[name]
    drawn = draws(law)
    assert law.mean == pytest.approx(peer.mean(), rel=1e-12)
    assert abs(drawn.mean() / law.mean - 1) < 4 * np.sqrt(peer.var() / COUNT) / law.mean
    assert stats.kstest(drawn, peer.cdf).pvalue > 1e-3
    assert drawn.min() >= 0


@pytest.mark.parametrize("name", LAWS)
def test_mirrored_draws_are_of_the_same_law_and_antithetic(name: str) -> None:
    law, peer = LAWS[name]
    mirrored = draws(law, mirrored=True)
    assert stats.kstest(mirrored, peer.cdf).pvalue > 1e-3
    assert np.corrcoef(draws(law), mirrored)[0, 1] < -0.1


def test_constant_and_tabled() -> None:
    assert set(draws(constant(1.5), 10)) == {1.5}
    table = np.array([1.0, 2.0, 6.0])
    drawn = draws(tabled(table))
    assert tabled(table).mean == 3.0
    for value in table:
        assert (drawn == value).mean() == pytest.approx(1 / 3, abs=0.005)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: constant(-1.0),
        lambda: exponential(0.0),
        lambda: exponential(float("nan")),
        lambda: erlang(1.0, 0),
        lambda: hyperexponential(1.0, 0.5),
        lambda: uniform(2.0, 1.0),
        lambda: weibull(0.0, 1.0),
        lambda: lognormal(1.0, -0.1),
        lambda: tabled(np.array([])),
        lambda: tabled(np.array([1.0, np.nan])),
        lambda: tabled(np.array([-1.0])),
    ],
)
def test_refuses(wrong: object) -> None:
    with pytest.raises(BadInput):
        wrong()  # type: ignore[operator]
