"""Options of the readers of spectra; light."""

from __future__ import annotations

from typing import Literal

from stillage.plugin.options import Options, option

Unit = Literal["nm", "um", "1/cm"]
Quantity = Literal["reflectance", "percent", "absorbance", "transmittance", "kubelka-munk"]


class SpectraOptions(Options):
    """Options of the reader ``spectra``; JCAMP-DX and ENVI state their own unit and quantity."""

    unit: Unit = option("nm", "of the wavelengths in CSV files")
    quantity: Quantity = option("reflectance", "what the values in CSV files are")
    group: str = option(
        "",
        "what stays together: a column, name, file, folder or tile; "
        "default: tiles of cubes, else names",
    )
    target: str = option(
        "",
        "what to learn: a column, folder, label (a cube's classification), or a label of "
        "JCAMP-DX in lower case",
    )
    target_unit: str = option("", "makes the target a number in that unit")
    grid: str = option("", "resample to START:STOP:STEP; notes say what that loses", unit="nm")
    like: str = option("", "resample to the grid of another recording")
    continuum: bool = option(
        False,
        "divide each spectrum by its continuum, the upper convex hull",
        source="Clark, Roush 1984",
    )
    dark: str = option("", "dark cube's header, inside the folder")
    white: str = option("", "white cube's header, inside the folder")
    every: int = option(1, "take each k-th pixel of cubes", unit="px", ge=1)
    tile: int = option(16, "side of a tile of cubes, a group", unit="px", ge=1)
