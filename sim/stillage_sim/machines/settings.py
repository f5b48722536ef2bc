"""Settings of machines, crews and spare parts: every number that a chain file may set."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from scipy import stats

from stillage.errors import BadInput
from stillage_sim.machines import theory

HoursLaw = Literal["exponential", "lognormal", "deterministic"]


def _number(
    default: Any, unit: str, description: str, source: str = "assumed", **limits: Any
) -> Any:
    return Field(
        default, description=description, json_schema_extra={"unit": unit, "source": source},
        allow_inf_nan=False, **limits,
    )  # fmt: skip


LEAST_SCATTER, MOST_SCATTER = 1e-4, 100.0
"""Standard deviation over mean of a path's life, beyond which no quadrature of it holds."""


def duration_law(law: HoursLaw, mean: float, variation: float) -> Any:
    """Build the law of hours of a mean and, if lognormal, a coefficient of variation.

    It is a frozen ``scipy.stats`` law.

    None for a duration that is always the same.

    >>> round(float(duration_law("lognormal", 8.0, 0.5).std()), 6)
    4.0
    """
    if law == "deterministic" or mean == 0.0:
        return None
    if law == "exponential":
        return stats.expon(scale=mean)
    spread = math.log1p(variation**2)
    return stats.lognorm(math.sqrt(spread), scale=mean * math.exp(-0.5 * spread))


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MachineSettings(_Settings):
    """Settings of one machine: how it fails, what its wear does, its repairs and their costs.

    >>> MachineSettings(name="shredder", shape=1.2).mean_life > 0
    True
    """

    name: str = Field(min_length=1, max_length=64, description="Name of the machine.")
    model: Literal["none", "bernoulli", "weibull", "gamma", "wiener"] = Field(
        "weibull",
        description="How it fails: never (`none`), by a coin each step (`bernoulli`), by age "
        "(`weibull`), by a path of wear (`gamma`, `wiener`).",
    )
    shape: float = _number(
        1.4, "1", "Weibull shape; 1 is exponential, above it ages.",
        "Barringer: bearings ~ 1.4, pumps and belts ~ 1.2", ge=0.2, le=50,
    )  # fmt: skip
    scale_h: float = _number(2000.0, "h", "Weibull scale (63 % have failed).", ge=1e-6, le=1e9)
    up_chance: float = _number(0.95, "1", "Bernoulli: chance to be up in a step.", ge=0, le=1)
    threshold: float = _number(1.0, "1", "Path: level of wear at which it fails.", ge=1e-9, le=1e9)
    drift_per_h: float = _number(5e-4, "1/h", "Path: mean wear in an hour.", ge=1e-12, le=1e9)
    diffusion: float = _number(
        5e-3, "1/h^0.5", "Path: standard deviation of the wear in an hour.", ge=1e-12, le=1e9
    )
    idle_ageing: bool = Field(
        False, description="Ages while it idles, too (else with the share that it works)."
    )
    staggered: bool = Field(False, description="Starts amid a life (else new).")

    slowdown: float = _number(0.0, "1", "Share of its rate lost when worn out.", ge=0, le=1)
    loss_new: float = _number(0.0, "1", "Share of its output it spoils when new.", ge=0, le=1)
    loss_worn: float = _number(0.0, "1", "Share of its output it spoils worn out.", ge=0, le=1)
    inspection_steps: int = _number(1, "1", "Steps between two inspections.", ge=1, le=10**9)
    noise: float = _number(
        0.0, "1", "Standard deviation of an observed level, in thresholds.", ge=0, le=10
    )

    repair_law: HoursLaw = Field("lognormal", description="Law of corrective hours.")
    repair_h: float = _number(12.0, "h", "Mean hours of a corrective repair.", ge=0, le=1e6)
    repair_variation: float = _number(
        0.5, "1", "Standard deviation over mean, if lognormal.", gt=0, le=10
    )
    preventive_law: HoursLaw = Field("deterministic", description="Law of preventive hours.")
    preventive_h: float = _number(4.0, "h", "Mean hours of a preventive job.", ge=0, le=1e6)
    preventive_variation: float = _number(
        0.5, "1", "Standard deviation over mean, if lognormal.", gt=0, le=10
    )
    spare: str = Field("", description="Spare part that a repair takes; empty: none.")
    spare_preventive: bool = Field(True, description="A preventive job takes the spare, too.")

    corrective_eur: float = _number(2000.0, "EUR", "Cost of a corrective job.", ge=0, le=1e9)
    preventive_eur: float = _number(400.0, "EUR", "Cost of a preventive job.", ge=0, le=1e9)
    crew_eur_per_h: float = _number(60.0, "EUR/h", "Cost of a crew at work.", ge=0, le=1e9)
    down_eur_per_h: float = _number(0.0, "EUR/h", "Cost of an hour down.", ge=0, le=1e9)
    inspection_eur: float = _number(0.0, "EUR", "Cost of an inspection.", ge=0, le=1e9)

    @model_validator(mode="after")
    def _scattered(self) -> MachineSettings:
        scatter = math.sqrt(self.diffusion**2 / (self.drift_per_h * self.threshold))
        if self.model in ("gamma", "wiener") and not LEAST_SCATTER <= scatter <= MOST_SCATTER:
            told = f"{self.diffusion:g}, which scatters lives by {scatter:.3g} of their mean"
            raise BadInput("diffusion", told, f"{LEAST_SCATTER:g} to {MOST_SCATTER:g} of it")
        return self

    @property
    def life_law(self) -> Any:
        """Return the frozen law of its wear hours until a failure; None if it does not age."""
        drift, diffusion = self.drift_per_h / self.threshold, self.diffusion / self.threshold
        if self.model == "weibull":
            return stats.weibull_min(self.shape, scale=self.scale_h)
        if self.model == "wiener":
            return theory.wiener_life(drift, diffusion)
        return theory.gamma_life(drift, diffusion) if self.model == "gamma" else None

    @property
    def mean_life(self) -> float:
        """Return the mean wear hours until a failure; infinite if it does not age."""
        return math.inf if self.life_law is None else float(self.life_law.mean())


class SpareSettings(_Settings):
    """Settings of a type of spare part: one is ordered whenever one is demanded (base stock)."""

    name: str = Field(min_length=1, max_length=64, description="Name of the part.")
    base_stock: int = _number(1, "1", "Parts on stock and on order, less backorders.", ge=0, le=999)
    lead_law: HoursLaw = Field("deterministic", description="Law of lead times.")
    lead_h: float = _number(72.0, "h", "Mean lead time.", ge=0, le=1e6)
    lead_variation: float = _number(
        0.5, "1", "Standard deviation over mean, if lognormal.", gt=0, le=10
    )
    part_eur: float = _number(300.0, "EUR", "Price of a part.", ge=0, le=1e9)
    order_eur: float = _number(30.0, "EUR", "Cost of an order.", ge=0, le=1e9)
    holding_eur_per_h: float = _number(0.01, "EUR/h", "Cost of a part on stock.", ge=0, le=1e9)


class MaintenanceSettings(_Settings):
    """Settings of all machines of a plant, the crews that serve them, and their spare parts.

    >>> MaintenanceSettings().crews
    1
    """

    machines: tuple[MachineSettings, ...] = Field((), max_length=4096, description="Machines.")
    spares: tuple[SpareSettings, ...] = Field((), max_length=256, description="Spare parts.")
    crews: int = _number(1, "1", "Repair crews.", ge=0, le=4096)
    stride_h: float = _number(
        0.0, "h", "Wear hours by which paths are drawn ahead, straight between; 0: a step.",
        ge=0, le=1e6,
    )  # fmt: skip
    callout_eur: float = _number(
        0.0, "EUR", "Cost of a crew that comes while none is there.", ge=0, le=1e9
    )

    @model_validator(mode="after")
    def _known(self) -> MaintenanceSettings:
        for kind, entries in (("machines", self.machines), ("spares", self.spares)):
            names = [entry.name for entry in entries]
            for name in names:
                if names.count(name) > 1:
                    raise BadInput(f"{kind}.name", name, "a name that occurs once")
        parts = [spare.name for spare in self.spares]
        for machine in self.machines:
            if machine.spare and machine.spare not in parts:
                found = ", ".join(parts) or "no spares"
                raise BadInput(f"machines.{machine.name}.spare", machine.spare, f"one of: {found}")
        return self
