"""Reader of UniWear: force, vibration and tool wear of milling (NUAA Ideahouse, PHM 2010)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording import Stream, TargetColumn, write_recording
from stillage_sensors.life import windows_of
from stillage_sensors.readers.files import cells_of, locate, numbers
from stillage_sensors.readers.options import UniWearOptions

FILE = "uniwear.csv.gz"
_CHANNELS = ("force_z", "vibration_x", "vibration_y")
_COLUMNS = ("timestamp", *_CHANNELS, "tool_wear", "experiment_tag", "dataset_tag")

NOTES = (
    "groups are experiments (one tool each): hold out whole ones",
    "the source is already smoothed and sampled down to about 2 Hz: tooth passes are gone",
    "the two sources' units differ: each channel is divided by the RMS of its experiment's first "
    "window (a new tool), so readings are relative to a sharp tool and of unit 1",
    "wear was measured now and then and interpolated by the source between measurements",
    "wear only grows: time since the start would tell it within an experiment, so no time is "
    "among the modalities",
    "simple models that leave one experiment out reach no positive R2 here",
)


def read(path: str | Path, out: str | Path, options: UniWearOptions = UniWearOptions()) -> Path:
    """Import the table at ``path`` (or in that folder) into the recording ``out``.

    Raises
    ------
    BadInput
        One line for a file that is missing or does not fit.
    """
    file, window = locate(path, FILE), options.window
    cell = cells_of(file, _COLUMNS)
    series = np.stack([numbers(file, name, cell[name]) for name in _CHANNELS])
    time, wear = (numbers(file, name, cell[name]) for name in ("timestamp", "tool_wear"))
    tags = np.array(
        [f"{d}/{e}" for d, e in zip(cell["dataset_tag"], cell["experiment_tag"], strict=True)]
    )
    parts: list[NDArray[np.float32]] = []
    groups: list[str] = []
    ends: list[int] = []
    for tag in dict.fromkeys(tags.tolist()):
        mine = np.flatnonzero(tags == tag)
        if (np.diff(time[mine]) < 0).any():
            raise BadInput(f"{file} timestamp", f"time that runs back in {tag}", "rows in order")
        found = windows_of(len(mine), window, window)
        if not len(found.starts):
            continue
        base = np.sqrt((series[:, mine[:window]] ** 2).mean(1, keepdims=True))
        if not (base > 0).all():
            raise BadInput(f"{file} {tag}", "a channel of zeros in the first window", "readings")
        parts.append(found.cut(series[:, mine] / base).astype(np.float32))
        groups += [tag] * len(found.starts)
        ends += mine[found.ends].tolist()
    if not parts:
        raise BadInput(file, f"no experiment of {window} rows", "a shorter -o window")
    return write_recording(
        out,
        [
            Stream(
                "series",
                np.concatenate(parts),
                "1",
                timestamps=time[ends],
                axes=("channel", "time"),
            ),
        ],
        [TargetColumn("tool_wear", "regression", wear[ends], unit="mm")],
        groups,
        provenance={
            "origin": "github.com/katulu-io/uniwear-dataset: NUAA Ideahouse and PHM 2010 milling",
            "licence": "CC BY 4.0",
            "channels_series": ", ".join(_CHANNELS),
        },
        notes=[*NOTES, f"windows of {window} rows without overlap, truth at a window's end"],
        reader="uniwear",
        defaults={"teacher": ["series"], "student": ["series"], "task": "tool_wear"},
    )
