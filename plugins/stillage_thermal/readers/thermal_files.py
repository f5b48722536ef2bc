"""Reader ``radiometric``: a folder of 16-bit TIFFs, one clip each, as ``thermal``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording import RecordingWriter, Stream, TargetColumn, files_under
from stillage_thermal.conversion import (
    HIGHEST,
    Scenery,
    centikelvin,
    converted,
    looked_up,
    transmission,
)
from stillage_thermal.radiometry import ZERO_CELSIUS, Planck
from stillage_thermal.readers.options import RadiometricOptions
from stillage_thermal.readers.pictures import TIFF, read_frames


def _files(folder: Path) -> list[Path]:
    found = files_under(folder, TIFF)
    if not found:
        raise BadInput(folder, "no TIFF in it", ", ".join(TIFF))
    return found


class _Lookup(NamedTuple):
    """The centikelvin of each of the 65,536 counts, and whether a temperature gives it."""

    centikelvin: NDArray[np.uint16]
    known: NDArray[np.bool_]

    @classmethod
    def of(cls, step: float | None, camera: Planck, scenery: Scenery) -> _Lookup:
        """Make the table for counts of ``step`` kelvin, or (None) for the camera's raw signal.

        A clip may have 64 million pixels: a table costs no more than its own size to apply.
        """
        counts = np.arange(2**16, dtype=np.uint16)
        kelvin: NDArray[Any]
        if step is None:
            kelvin = looked_up(counts, camera, scenery).astype(np.float64)
        elif scenery == Scenery(reflected=scenery.reflected, air=scenery.air):
            kelvin = counts * step
        else:
            # A temperature-linear camera assumed emissivity 1: back to its signal, then as usual.
            kelvin = converted(camera.signal(np.maximum(counts * step, 50.0)), camera, scenery)
        known = (kelvin >= 0) & (kelvin <= HIGHEST)
        return cls(centikelvin(np.where(known, kelvin, 0.0), "counts"), known)

    def __call__(self, path: Path) -> NDArray[np.uint16]:
        """Read the clip in a file, in centikelvin."""
        frames = read_frames(path)
        known = self.known[frames]
        if not known.all():
            place = tuple(map(int, np.unravel_index(int(np.argmin(known)), known.shape)))
            lost = known.size - int(known.sum())
            told = f"{lost} pixels without a temperature, the first at {place}"
            expected = "0 to 655.35 K: are these the camera's constants and scale?"
            raise BadInput(path, told, expected)
        return self.centikelvin[frames]


def read(
    path: str | Path, out: str | Path, options: RadiometricOptions = RadiometricOptions()
) -> Path:
    """Import all TIFFs under the folder ``path`` into the recording ``out``, as centikelvin.

    A file is a clip (pages are frames) and a group; the folder that it lies in is its class,
    where there are two folders or more. Clips in which nothing changes from pixel to pixel (a
    closed shutter) are marked absent.

    Raises
    ------
    BadInput
        One line: a damaged file, clips of different sizes, counts that no temperature gives.
    """
    folder = Path(path)
    counts, emissivity = options.counts, options.emissivity
    reflected, air = options.reflected, options.air
    tau = transmission(options.distance, air + ZERO_CELSIUS, options.humidity)
    scenery = Scenery(emissivity, reflected + ZERO_CELSIUS, air + ZERO_CELSIUS, tau)
    camera = Planck(options.r1, options.r2, options.b, options.f, options.o)
    files = _files(folder)
    lookup = _Lookup.of(options.step if counts == "tlinear" else None, camera, scenery)
    classes = sorted({file.parent.name for file in files})
    labelled = len(classes) > 1
    provenance = {
        "source": folder.name,
        "thermal_conversion": f"{counts}, emissivity {emissivity:g}, reflected {reflected:g} degC, "
        f"air {air:g} degC, transmission {tau:.4f}",
    }
    dead = 0
    first: tuple[int, ...] | None = None
    defaults = {"teacher": ["thermal"], "student": ["thermal"], "task": "class" * labelled}
    with RecordingWriter(
        out, reader="radiometric", provenance=provenance, defaults=defaults
    ) as writer:
        told = "a class is the folder that it lies in" if labelled else "one folder, so no class"
        writer.note(f"a group is a file; {told}")
        for file in files:
            clip = lookup(file)
            if first is not None and clip.shape != first:
                raise BadInput(file, f"a clip of {clip.shape}", f"{first}, as the first")
            first = clip.shape
            flat = bool((np.ptp(clip, axis=(1, 2)) == 0).all())
            dead += flat
            index = np.array([-1 if flat else 0])
            axes = ("frame", "height", "width")
            stream = Stream(
                "thermal", clip[None], "cK", index, rate_hz=options.rate or None, axes=axes
            )
            columns = []
            if labelled:
                code = np.array([classes.index(file.parent.name)])
                columns = [TargetColumn("class", "classification", code, classes=classes)]
            writer.add([stream], columns, [file.relative_to(folder).as_posix()])
        if dead:
            writer.note(f"{dead} clips without any contrast (a closed shutter?) marked absent")
        if counts == "tlinear" and tau * emissivity == 1.0:
            writer.note("temperatures are the camera's own, for the emissivity that it was set to")
    return Path(out)
