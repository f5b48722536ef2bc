"""The configuration of a run, complete and typed, saved as TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from stillage.distillation.plan import DistillPlan
from stillage.errors import BadInput
from stillage.perception.device import DEFAULT_PROFILE
from stillage.plugin.overrides import checked

SEEDS, LABELS = 5, 4
"""Training seeds, and labels a class, of a run by default: a demonstration, not a study."""


PolicyName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,200}$")]
"""A name that a user gives; it is printed, and never becomes a path."""


class RunOptions(BaseModel):
    """The options of a run that ``-o`` sets, besides its plan and the scenario's settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=0, ge=0, lt=2**31, description="all randomness comes from it")
    recording: str = Field(default="", description="recording; empty: the scenario renders one")
    items: int = Field(default=1500, ge=30, le=1_000_000, description="items of a rendered one")
    replicas: int = Field(
        default=200, ge=1, le=10_000_000, description="replicas that are simulated"
    )
    days: float = Field(
        default=2.0,
        gt=0,
        le=36_500,
        description="simulated time of a replica",
        json_schema_extra={"unit": "d"},
    )
    worlds: int = Field(
        default=40, ge=1, le=10_000, description="draws of held-out items that intervals span"
    )
    policies: tuple[str, ...] = Field(default=(), description="policies; empty: all there are")
    profile: str = Field(default=DEFAULT_PROFILE, description="device on which models perceive")


class RunConfig(RunOptions):
    """The configuration that decides a run's figures; how and where it runs is not in it.

    ``distillation`` is the complete plan and ``settings`` the scenario's complete settings,
    which the scenario validates.
    """

    kind: Literal["run", "evaluate"] = Field(
        default="run", description="run shows what was trained; evaluate compares policies"
    )
    scenario: str = Field(description="name of the scenario")
    fingerprint: str = Field(default="", description="content of the recording, always checked")
    bundles: dict[PolicyName, str] = Field(
        default={}, description="exported bundles, by policy name"
    )
    outside: dict[PolicyName, str] = Field(
        default={}, description="saved policies and module:attribute, by policy name"
    )
    distillation: DistillPlan = Field(
        default=DistillPlan(seeds=SEEDS, labels=LABELS), description="the distillation plan"
    )
    settings: dict[str, Any] = Field(default={}, description="settings of the scenario")

    def to_toml(self) -> str:
        """Write the configuration as TOML text; values that are None are left out."""
        import tomli_w

        return tomli_w.dumps(_without_none(self.model_dump(mode="json")))

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a configuration that :meth:`to_toml` wrote, or one written by hand.

        Raises
        ------
        BadInput
            If the file cannot be read, is no TOML, or has an unknown key or wrong value.
        """
        path = Path(path)
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise BadInput(path, "no such file", "a configuration (TOML)") from None
        except OSError as error:
            raise BadInput(path, error.strerror, "a readable file") from error
        except (ValueError, RecursionError) as error:
            raise BadInput(path, f"no TOML ({error})", "a configuration") from error
        return checked(cls, values, str(path))


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            k: _without_none(v) for k, v in sorted(value.items(), key=_tables_last) if v is not None
        }
    return [_without_none(v) for v in value] if isinstance(value, list) else value


def _tables_last(item: tuple[str, Any]) -> bool:
    return isinstance(item[1], dict)
