"""Options of the readers of sensors' series and tables; light."""

from __future__ import annotations

from typing import Literal

from stillage.plugin.options import Options, option


class SeriesOptions(Options):
    """Options of the reader ``series``."""

    window: float = option(
        0.0, "length of a window; 0: a whole file is one, and all last equally long", "s", ge=0
    )
    step: float = option(0.0, "from window to window; 0: the window, no overlap", "s", ge=0)
    life: bool = option(
        False,
        "each file ends in failure: add remaining_life (s) and life_fraction at a window's end",
    )
    cap: float = option(0.0, "cap of remaining_life; 0: raw", "s", ge=0)


class HydraulicOptions(Options):
    """Options of the reader ``hydraulic``."""

    blocks: int = option(20, "contiguous blocks of cycles that make the groups", "1", ge=1)


class FemtoOptions(Options):
    """Options of the reader ``femto``."""

    limit: float = option(
        200.0,
        "above it a thermometer is taken for open",
        "degC",
        "no bearing grease lives beyond 200 degC",
    )
    cap: float = option(7500.0, "cap of remaining_life_capped", "s", "125 cycles of 60 s", gt=0)


class PulseBatOptions(Options):
    """Options of the reader ``pulsebat``."""

    by: Literal["cell", "state"] = option(
        "cell", "groups: physical cells, or ageing states as published (optimistic)"
    )


class UniWearOptions(Options):
    """Options of the reader ``uniwear``."""

    window: int = option(60, "rows (about 0.5 s each) of a window", "rows", ge=1)
