"""Reader of the hydraulic rig (ZeMA; Helwig, Pignanelli and Schuetze 2015), at 1 Hz.

2,205 load cycles of 60 s, in order of time, with the states of four components.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording import Stream, TargetColumn, write_recording
from stillage_sensors.readers.files import arrays_of, locate, wanted
from stillage_sensors.readers.options import HydraulicOptions

FILE = "hydraulic_1hz.npz"
_CYCLE_S = 60.0

STREAMS: dict[str, tuple[tuple[str, ...], str]] = {
    "temperature": (("TS1", "TS2", "TS3", "TS4"), "degC"),
    "vibration_level": (("VS1",), "mm/s"),
    "pressure": (("PS1", "PS2", "PS3", "PS4", "PS5", "PS6"), "bar"),
    "flow": (("FS1", "FS2"), "l/min"),
    "power": (("EPS1",), "W"),
    "series": (("CE", "CP", "SE"), "1"),
}
"""Channels and unit of each modality."""

TARGETS: dict[str, tuple[str, tuple[int, ...], tuple[str, ...]]] = {
    "cooler": ("cooler", (3, 20, 100), ("near_failure", "reduced", "full")),
    "valve": ("valve", (73, 80, 90, 100), ("near_failure", "severe_lag", "small_lag", "optimal")),
    "pump": ("pump leak", (0, 1, 2), ("none", "weak", "severe")),
    "accumulator": (
        "accumulator",
        (90, 100, 115, 130),
        ("near_failure", "severely_reduced", "slightly_reduced", "optimal"),
    ),
    "stable": ("stable flag", (0, 1), ("stable", "settling")),
}
"""What each column of ``profile`` holds: its values and what they mean, in order."""

NOTES = (
    "cycles are in order of time and drift slowly: the groups are contiguous blocks of cycles; "
    "shuffled folds inflate (valve from temperatures .31 by blocks, .69 shuffled)",
    "all channels are at 1 Hz: pressures, power and flow were averaged from 100 or 10 Hz by the "
    "mirror's author, so fast transients are gone",
    "pressure: two thirds of PS4's values are zero (over half of its cycles throughout), and a "
    "tenth of PS2's and PS3's; these are the rig's own readings, kept as they are",
    "series: CE (%), CP (kW) and SE (%) are computed by the rig from its other sensors, not sensed",
    "cooler is told by any channel (.98): no test of anything",
    "each component's state was held over long stretches, so the order alone says much: the "
    "shortcut check warns",
)


def _blocks_of(count: int, blocks: int) -> NDArray[np.int64]:
    """Number the contiguous block of each of ``count`` cycles; sizes differ by one at most.

    >>> _blocks_of(5, 2)
    array([0, 0, 0, 1, 1])
    """
    if not 1 <= blocks <= count:
        raise BadInput("-o blocks", str(blocks), f"1 to {count}")
    return np.arange(count, dtype=np.int64) * blocks // count


def read(path: str | Path, out: str | Path, options: HydraulicOptions = HydraulicOptions()) -> Path:
    """Import the rig's NPZ (or its folder) into the recording ``out``.

    Groups are contiguous blocks of cycles.

    Raises
    ------
    BadInput
        One line for a file that is missing or does not fit.
    """
    file, blocks = locate(path, FILE), options.blocks
    arrays = arrays_of(file)
    wanted(file, arrays, {"x": (None, None, 60), "profile": (None, 5)})
    values, profile = arrays["x"], arrays["profile"]
    channels = [str(name) for name in arrays.get("channels", np.zeros(0, "U1")).tolist()]
    known = [name for names, _ in STREAMS.values() for name in names]
    if sorted(channels) != sorted(known) or values.shape[1] != len(known):
        raise BadInput(f"{file} channels", channels, known)
    if len(values) != len(profile):
        raise BadInput(file, f"{len(profile)} states", f"{len(values)}, one for each cycle")
    start = np.asarray(np.arange(len(values)) * _CYCLE_S, np.float64)
    streams = [
        Stream(
            name,
            np.ascontiguousarray(values[:, [channels.index(c) for c in names]], np.float32),
            unit,
            timestamps=start,
            rate_hz=1.0,
            axes=("channel", "time"),
        )
        for name, (names, unit) in STREAMS.items()
    ]
    group = _blocks_of(len(values), blocks)
    return write_recording(
        out,
        streams,
        [_target(file, name, profile[:, k]) for k, name in enumerate(TARGETS)],
        [f"block-{number:03d}" for number in group],
        provenance={
            "origin": "ZeMA hydraulic systems (Helwig, Pignanelli and Schuetze 2015), via "
            "github.com/Machine-Learning-FGA/Hydraulic-systems",
            "licence": "none stated with the data",
            **{f"channels_{n}": ", ".join(c) for n, (c, _) in STREAMS.items()},
        },
        notes=[*NOTES, f"{blocks} blocks of about {len(values) // blocks} cycles are the groups"],
        reader="hydraulic",
        defaults={
            "teacher": ["pressure", "flow", "power"],
            "student": ["temperature", "vibration_level"],
            "task": "valve",
        },
    )


def _target(file: Path, name: str, values: NDArray[Any]) -> TargetColumn:
    column, codes, classes = TARGETS[name]
    unknown = sorted(set(values.tolist()) - set(codes))
    if unknown:
        raise BadInput(f"{file} profile {column}", unknown[0], f"one of {codes}")
    numbers = np.searchsorted(codes, values)
    return TargetColumn(name, "classification", numbers.astype(np.int64), classes=classes)
