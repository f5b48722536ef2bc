"""Options of the readers of thermal pictures; light."""

from __future__ import annotations

from typing import Literal

from stillage.plugin.options import Options, option

_EXAMPLE = "an example camera"


class RadiometricOptions(Options):
    """Options of the reader ``radiometric``; by default nothing is corrected for."""

    counts: Literal["tlinear", "planck"] = option(
        "tlinear", "what a count is: step kelvin, or raw signal of a camera with r1, r2, b, f, o"
    )
    step: float = option(
        0.01, "of a temperature-linear count", "K", "Lepton, high gain", gt=0, le=1
    )
    r1: float = option(21106.77, "Planck constant R1", "1", _EXAMPLE)
    r2: float = option(0.012545258, "Planck constant R2", "1", _EXAMPLE)
    b: float = option(1501.0, "Planck constant B", "K", _EXAMPLE)
    f: float = option(1.0, "Planck constant F", "1", _EXAMPLE)
    o: float = option(-7340.0, "Planck constant O", "1", _EXAMPLE)
    emissivity: float = option(1.0, "of the items", "1")
    reflected: float = option(20.0, "temperature of what items reflect", "degC")
    air: float = option(20.0, "temperature of the air", "degC")
    distance: float = option(0.0, "from item to camera", "m")
    humidity: float = option(0.5, "relative, of the air", "1")
    rate: float = option(0.0, "of the pages of a clip; 0: not told", "Hz", ge=0)


class RoadSceneOptions(Options):
    """Options of the reader ``roadscene``."""

    width: int = option(192, "of all pictures", "px", ge=1, le=4096)
    height: int = option(128, "of all pictures", "px", ge=1, le=4096)
    span: int = option(
        250, "frame numbers of one group", "1", "assumed: about 8 s of the drive at 30 Hz", ge=1
    )
