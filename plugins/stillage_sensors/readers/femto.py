"""Reader of the FEMTO (PRONOSTIA) bearings, run to failure (Nectoux et al. 2012).

Nine bearings with a thermometer: a 0.1 s vibration snapshot and the minute of temperature that
begins with it, every 60 s until the end.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording import RecordingWriter, Stream, TargetColumn
from stillage_sensors.life import remaining_life
from stillage_sensors.readers.cleaning import THERMOMETER, Limits, clean
from stillage_sensors.readers.files import arrays_of, wanted
from stillage_sensors.readers.options import FemtoOptions

NAME = re.compile(r"Bearing(\d)_(\d+)\.npz")
CONDITIONS = {1: (1800.0, 4000.0), 2: (1650.0, 4200.0), 3: (1500.0, 5000.0)}
"""Speed (rpm) and load (N) by the first digit of a bearing's name."""

_VIBRATION_HZ, _TEMPERATURE_HZ = 25_600.0, 10.0

NOTES = (
    "groups are bearings: snapshots of one bearing are alike, so a split must hold out whole ones",
    "each file ends when the bearing failed: life_fraction is time over its life, remaining_life "
    "(raw) the time left",
    "lives range from 38 minutes to 7 hours, so time since the start would tell the life "
    "fraction within a bearing: no time is among the modalities",
    "the source has a snapshot every 10 s; one nearest to each temperature file is kept",
    "vibration: exact (milli-g / 1000), horizontal and vertical",
    "setting: speed (Hz) and load (kN) of the operating condition",
)


def read(path: str | Path, out: str | Path, options: FemtoOptions = FemtoOptions()) -> Path:
    """Import the folder of ``BearingC_N.npz`` at ``path`` into the recording ``out``.

    Temperature readings that lost more than a tenth of their values (open thermocouple: above
    ``limit`` degC; short last file) are absent; fewer are bridged.

    Raises
    ------
    BadInput
        One line for a file that is missing or does not fit.
    """
    folder = Path(path)
    files = sorted(p for p in folder.glob("*.npz") if NAME.fullmatch(p.name) and p.is_file())
    if not files:
        raise BadInput(folder, "no BearingC_N.npz", "the folder of the FEMTO bearings")
    limit, cap = options.limit, options.cap
    limits = replace(THERMOMETER, high=limit)
    with RecordingWriter(
        out,
        reader="femto",
        provenance={
            "origin": "FEMTO-ST PRONOSTIA, IEEE PHM 2012 challenge, full test set",
            "licence": "none stated; cite Nectoux et al. 2012",
        },
        notes=NOTES,
        defaults={
            "teacher": ["vibration", "temperature"],
            "student": ["temperature"],
            "task": "life_fraction",
        },
    ) as writer:
        for file in files:
            streams, targets, note = _bearing(file, limits, cap)
            writer.add(streams, targets, [file.stem] * len(targets[0].values))
            if note:
                writer.note(note)
        writer.note(f"remaining_life_capped is the time left, but never above {cap:g} s")
        writer.note(
            f"temperature: an open thermometer reads up to 1,254 degC (Bearing2_6, Bearing2_7); "
            f"readings of which over a tenth lies above {limit:g} degC, or is missing in a short "
            "last file, are absent"
        )
    return Path(out)


def _bearing(
    file: Path, limits: Limits, cap: float
) -> tuple[list[Stream], list[TargetColumn], str]:
    """Read streams and targets of one bearing's file, and a note on its lost temperatures."""
    arrays = arrays_of(file)
    shapes: dict[str, tuple[int | None, ...]] = {
        "vib_mg": (None, 2560, 2),
        "temp_10hz_C": (None, 600),
        "t_s": (None,),
        "life_s": (),
    }
    wanted(file, arrays, shapes)
    match = NAME.fullmatch(file.name)
    condition = int(match[1]) if match else 0
    if condition not in CONDITIONS:
        raise BadInput(file, f"operating condition {condition}", f"one of {sorted(CONDITIONS)}")
    age = arrays["t_s"].astype(np.float64)
    count, life = len(age), float(arrays["life_s"])
    if not count or {len(arrays[name]) for name in ("vib_mg", "temp_10hz_C")} != {count}:
        raise BadInput(file, f"{count} times", "one for each snapshot and temperature")
    if not (np.isfinite(age).all() and age.min() >= 0 and age.max() <= life < np.inf):
        raise BadInput(f"{file} t_s", "times beyond the life", f"0 to {life:g} s")
    found = clean(arrays["temp_10hz_C"][:, None, :], limits)
    streams = [_vibration(arrays["vib_mg"], age), _setting(condition, count, age)]
    if found.present.any():
        streams.append(found.stream("temperature", "degC", age, _TEMPERATURE_HZ))
    targets = [
        TargetColumn("life_fraction", "regression", age / life, unit="1"),
        TargetColumn("remaining_life", "regression", remaining_life(age, life, "raw"), unit="s"),
        TargetColumn(
            "remaining_life_capped",
            "regression",
            remaining_life(age, life, "capped", cap),
            unit="s",
        ),
    ]
    return streams, targets, found.note(f"{file.stem} temperature") if found.lost else ""


def _vibration(counts: NDArray[Any], age: NDArray[np.float64]) -> Stream:
    values = np.ascontiguousarray(counts.transpose(0, 2, 1) / 1000.0, np.float32)
    axes = ("channel", "time")
    return Stream("vibration", values, "g", timestamps=age, rate_hz=_VIBRATION_HZ, axes=axes)


def _setting(condition: int, count: int, age: NDArray[np.float64]) -> Stream:
    speed, load = CONDITIONS[condition]
    values = np.tile(np.array([speed / 60.0, load / 1000.0], np.float32), (count, 1))
    return Stream("setting", values, "1", timestamps=age, axes=("point",))
