"""Settings of a chain world; the chain's own numbers are in its TOML file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stillage.errors import BadInput
from stillage_scenarios.chains.files import chain_path, shipped
from stillage_sim.uncertainty.sampling import Sampling

MOST_BYTES = 1_000_000
"""Of a chain file, as :func:`stillage_sim.chain.file.load.load_chain` reads."""

Maintenance = Literal["age_replacement", "run_to_failure", "condition_based", "opportunistic"]


def _field(default: Any, unit: str, description: str, source: str = "assumed", **more: Any) -> Any:
    return Field(
        default,
        description=description,
        json_schema_extra={"unit": unit, "source": source},
        **more,
    )


class ChainWorldSettings(BaseModel):
    """Settings of a chain world: which chain is run, how replicas are drawn, what is kept.

    Raises
    ------
    BadInput
        If the chain cannot be found, or its file is another than that of ``digest``.

    >>> ChainWorldSettings().path.name
    'plastics.toml'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    chain: str = _field(
        "plastics", "", "A shipped chain (plastics, batteries, spare_parts) or a path (*.toml).",
        "docs/simulator/chains.md",
    )  # fmt: skip
    digest: str = _field("", "", "Content of the chain's file, always checked.", "the file")
    maintenance: Maintenance = _field(
        "age_replacement", "", "Rule of maintenance of policies that name none of their own.",
        "docs/simulator/closed-loop.md",
    )  # fmt: skip
    antithetic: bool = _field(
        False, "1", "Replicas come in pairs of opposite luck (an even number of them)."
    )
    strata: int = _field(
        1, "1", "Strata of episode-level quantities over consecutive replicas; 1: independent.",
        ge=1, le=1024,
    )  # fmt: skip
    frames: int = _field(
        60, "1", "Points in time at which stocks, machines and KPIs of a replica are kept.",
        ge=1, le=1000,
    )  # fmt: skip
    batches: int = _field(
        16, "1", "Batches of held-out items that the steps of a world draw from.", ge=1, le=256
    )
    batch_items: int = _field(
        4096, "1", "Items of a batch at most; a belt's own number where that is less.",
        ge=1, le=1_000_000,
    )  # fmt: skip
    material: str = _field(
        "", "", "Target that names an item's material; empty: material, polymer or the only task.",
        "role",
    )  # fmt: skip
    quality: str = _field(
        "", "", "Target with classes reuse, repair, recycle; empty: quality.", "role"
    )
    mass: str = _field("", "", "Target of an item's mass in kg or g; empty: mass.", "role")

    @model_validator(mode="after")
    def _found(self) -> ChainWorldSettings:
        """Keep a file's absolute path and its content's digest, so that a run can resume."""
        path = self.path
        try:
            if path.exists() and not path.is_file() and not path.is_dir():
                raise OSError(0, "No regular file")  # a pipe would be waited for
            with path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
        except (OSError, ValueError) as error:
            known = f"a chain file (*.toml), or one of {', '.join(shipped())}"
            told = getattr(error, "strerror", None) or error
            raise BadInput("chain", f"{self.chain!r} ({told})", known) from None
        if len(content) > MOST_BYTES:
            raise BadInput(f"chain {path.name}", "a longer file", f"at most {MOST_BYTES} bytes")
        digest = hashlib.sha256(content).hexdigest()[:16]
        if self.digest not in ("", digest):
            told = f"content {digest}"
            raise BadInput(f"chain {path.name}", told, f"the chain of this run ({self.digest})")
        if self.chain not in shipped():
            object.__setattr__(self, "chain", str(path))
            object.__setattr__(self, "digest", digest)
        return self

    @property
    def path(self) -> Path:
        """Return the chain's file."""
        if self.chain.endswith(".toml"):
            return Path(self.chain).resolve()
        return chain_path(self.chain)

    @property
    def sampling(self) -> Sampling:
        """Return how replicas are drawn."""
        return Sampling(self.antithetic, self.strata)
