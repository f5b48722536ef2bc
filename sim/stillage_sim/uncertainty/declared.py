"""Settings that all declared quantities share: when they are drawn, and their factors."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from stillage.errors import BadInput

Floats = NDArray[np.float64]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Factor = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Declared(BaseModel):
    """Settings that laws and recorded series share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    every: Literal["period", "episode"] = Field(
        default="period", description="Draw anew every period, or once an episode."
    )
    season: tuple[Factor, ...] = Field(
        default=(), description="12 factors, January to December; none: 1 throughout."
    )
    weekday: tuple[Factor, ...] = Field(
        default=(), description="7 factors, Monday to Sunday; none: 1 throughout."
    )

    @model_validator(mode="after")
    def _counted(self) -> Declared:
        for name, factors, count in (("season", self.season, 12), ("weekday", self.weekday, 7)):
            if factors and len(factors) != count:
                raise BadInput(name, f"{len(factors)} factors", f"{count}")
        return self

    def factors(self) -> Floats:
        """Compute the factor of each month and weekday, float64 (12, 7)."""
        return np.outer(self.season or np.ones(12), self.weekday or np.ones(7))

    @property
    def scales_draws(self) -> bool:
        """Tell whether the factors multiply draws, and not the mean of a law of whole numbers."""
        return True


class DeclaredLaw(Declared):
    """The base of all laws of one number."""

    def table(self, factor: float = 1.0) -> Floats:
        """Tabulate equally likely values, rising: conditional means of equiprobable cells.

        Raises ``BadInput`` for a law without finite mean or cut down to under 1e-6 of itself.
        """
        raise NotImplementedError

    def expected(self) -> float:
        """Compute the mean, without season and weekday."""
        return float(self.table().mean())


class Truncatable(DeclaredLaw):
    """A law that ``low`` and ``high`` truncate; None: not on that side."""

    low: Finite | None = None
    high: Finite | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Truncatable:
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise BadInput("high", self.high, f"more than low ({self.low})")
        return self
