"""Laws that a chain file may declare, in the unit of the quantity that they are given to.

A plain number is a constant. ``low`` and ``high`` truncate a law: it is conditioned on lying
between them, not clipped. ``season`` (January to December) and ``weekday`` (from Monday) are
factors; they multiply what is drawn, but the mean of a Poisson law, whose draws stay whole.

>>> from pydantic import TypeAdapter
>>> law = TypeAdapter(Law).validate_python({"law": "normal", "mean": 50, "sd": 8, "low": 0})
>>> round(law.expected(), 4), len(law.table())
(50.0, 1024)
>>> TypeAdapter(Law).validate_python(3).table().tolist()
[3.0]
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, model_validator
from scipy import stats

from stillage.errors import BadInput
from stillage_sim.engine.quantiles import CELLS, discrete_table, quantile_table
from stillage_sim.uncertainty.declared import (
    DeclaredLaw,
    Factor,
    Finite,
    Positive,
    Truncatable,
)
from stillage_sim.uncertainty.truncation import Truncated

Floats = NDArray[np.float64]

MOST_CELLS, SPREAD_LOST = 16_384, 0.005
"""A table has 1,024 cells; it gets four times as many, at most twice, while its variance lacks
more than this share of the law's."""


class Constant(DeclaredLaw):
    """A law whose draws are always ``value``."""

    law: Literal["constant"] = "constant"
    value: Finite

    def table(self, factor: float = 1.0) -> Floats:
        return np.array([self.value])


class _Continuous(Truncatable):
    def distribution(self) -> Any:
        """Build the frozen ``scipy.stats`` law, before truncation."""
        raise NotImplementedError

    def table(self, factor: float = 1.0) -> Floats:
        try:
            with np.errstate(all="ignore"):  # what overflows is not finite, and refused
                return self._table()
        except (ValueError, ArithmeticError) as error:
            raise BadInput(" ".join(str(error).split())) from None

    def _table(self) -> Floats:
        law, cells = self.distribution(), CELLS
        if self.low is not None or self.high is not None:
            law = Truncated(law, self.low, self.high)
        table, variance = quantile_table(law, cells), float(law.var())
        while cells < MOST_CELLS and table.var() < (1.0 - SPREAD_LOST) * variance:
            cells *= 4
            table = quantile_table(law, cells)
        return table


class Uniform(_Continuous):
    """A uniform law: equally likely from ``low`` to ``high``."""

    law: Literal["uniform"] = "uniform"
    low: Finite
    high: Finite

    def distribution(self) -> Any:
        return stats.uniform(self.low, self.high - self.low)


class Triangular(_Continuous):
    """A triangular law: from ``low`` over its ``mode`` to ``high``."""

    law: Literal["triangular"] = "triangular"
    low: Finite
    mode: Finite
    high: Finite

    @model_validator(mode="after")
    def _inside(self) -> Triangular:
        if not self.low <= self.mode <= self.high:
            raise BadInput("mode", self.mode, f"{self.low} to {self.high}")
        return self

    def distribution(self) -> Any:
        width = self.high - self.low
        return stats.triang((self.mode - self.low) / width, self.low, width)


class Normal(_Continuous):
    """A normal law of ``mean`` and standard deviation ``sd`` before truncation."""

    law: Literal["normal"] = "normal"
    mean: Finite
    sd: Positive

    def distribution(self) -> Any:
        return stats.norm(self.mean, self.sd)


class Lognormal(_Continuous):
    """A lognormal law of ``mean`` and ``sd`` of the quantity itself, not of its logarithm."""

    law: Literal["lognormal"] = "lognormal"
    mean: Positive
    sd: Positive

    def distribution(self) -> Any:
        variance = float(np.log1p((self.sd / self.mean) ** 2))
        return stats.lognorm(variance**0.5, scale=self.mean / float(np.exp(variance / 2.0)))


class Gamma(_Continuous):
    """A gamma law of mean ``shape * scale``."""

    law: Literal["gamma"] = "gamma"
    shape: Positive
    scale: Positive

    def distribution(self) -> Any:
        return stats.gamma(self.shape, scale=self.scale)


class Beta(_Continuous):
    """A beta law of shapes ``alpha`` and ``beta``, on 0 to 1."""

    law: Literal["beta"] = "beta"
    alpha: Positive
    beta: Positive

    def distribution(self) -> Any:
        return stats.beta(self.alpha, self.beta)


class Weibull(_Continuous):
    """A Weibull law of ``shape`` (1: exponential) and ``scale`` (the 63 % quantile)."""

    law: Literal["weibull"] = "weibull"
    shape: Positive
    scale: Positive

    def distribution(self) -> Any:
        return stats.weibull_min(self.shape, scale=self.scale)


class _Discrete(Truncatable):
    def atoms(self, factor: float) -> tuple[Floats, Floats]:
        """Return the values, rising, and their weights before truncation."""
        raise NotImplementedError

    def table(self, factor: float = 1.0) -> Floats:
        values, weights = self.atoms(factor)
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        kept = (values >= low) & (values <= high)
        left = float(weights[kept].sum() / weights.sum())
        if left < 1e-6:
            raise BadInput("low, high", f"{left:g} of the law between", "at least 1e-06")
        return discrete_table(values[kept], weights[kept])


_MOST_MEAN = 1e8
"""Of a Poisson law, which has a table of every number that it may draw."""


class Poisson(_Discrete):
    """A Poisson law: a whole number of ``mean``; season and weekday multiply the mean."""

    law: Literal["poisson"] = "poisson"
    mean: Annotated[float, Field(ge=0, le=_MOST_MEAN, allow_inf_nan=False)]

    @property
    def scales_draws(self) -> bool:
        return False

    def atoms(self, factor: float) -> tuple[Floats, Floats]:
        if self.mean * factor > _MOST_MEAN:
            told = f"{self.mean * factor:g} with season and weekday"
            raise BadInput("mean", told, f"at most {_MOST_MEAN:g}")
        law = stats.poisson(self.mean * factor)
        # All numbers but those of the tails, which together weigh about 1e-15.
        values = np.arange(max(law.ppf(1e-18), 0.0), law.isf(1e-15) + 1.0)
        return values, np.asarray(law.pmf(values))


class Empirical(_Discrete):
    """An empirical law: one of the ``values``, equally likely or with ``weights``."""

    law: Literal["empirical"] = "empirical"
    values: tuple[Finite, ...] = Field(min_length=1)
    weights: tuple[Factor, ...] = ()

    @model_validator(mode="after")
    def _weighted(self) -> Empirical:
        if self.weights and len(self.weights) != len(self.values):
            raise BadInput("weights", len(self.weights), f"one for each of {len(self.values)}")
        if self.weights and sum(self.weights) <= 0.0:
            raise BadInput("weights", "nothing but zeros", "a positive weight")
        return self

    def atoms(self, factor: float) -> tuple[Floats, Floats]:
        values = np.array(self.values)
        order = np.argsort(values, kind="stable")
        weights = np.array(self.weights or np.ones(len(values)))
        return values[order], weights[order]


def number_as_constant(found: Any) -> Any:
    """Turn a plain number into the table that declares it."""
    if isinstance(found, int | float) and not isinstance(found, bool):
        return {"law": "constant", "value": found}
    return found


AnyLaw = (
    Constant
    | Uniform
    | Triangular
    | Normal
    | Lognormal
    | Gamma
    | Beta
    | Poisson
    | Weibull
    | Empirical
)
Law = Annotated[Annotated[AnyLaw, Field(discriminator="law")], BeforeValidator(number_as_constant)]
