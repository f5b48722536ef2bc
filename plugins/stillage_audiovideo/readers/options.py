"""Options of the readers of sound and pictures; light."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from stillage.errors import BadInput
from stillage.plugin.options import Options, option


class ClipOptions(Options):
    """Options of the reader ``clips``."""

    seconds: float = option(1.0, "length of a sample", unit="s", ge=0.05, le=60.0)
    rate: float = option(
        10.0, "pictures a second, shown at evenly spaced moments", unit="Hz", gt=0.0, le=240.0
    )
    width: int = option(64, "scale pictures to it", unit="px", ge=1, le=4096)
    height: int = option(64, "scale pictures to it", unit="px", ge=1, le=4096)
    align: bool = option(
        False, "pair pictures with the sound that belongs to them by the offset found, where sure"
    )

    @model_validator(mode="after")
    def _pictured(self) -> Self:
        if round(self.seconds * self.rate) < 1:
            raise BadInput("-o rate", self.rate, "one picture a sample or more")
        return self
