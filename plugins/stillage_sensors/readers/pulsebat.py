"""Reader of PulseBat: retired cells, pulse voltages and state of health (Tao et al. 2024)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from stillage.errors import BadInput
from stillage.recording import Stream, TargetColumn, write_recording
from stillage_sensors.readers.files import cells_of, locate, numbers
from stillage_sensors.readers.options import PulseBatOptions

FILE = "pulsebat_all.csv"
_MATERIALS = ("LFP", "LMO", "NMC")
POINTS = tuple(f"U{k}" for k in range(1, 22))
_COLUMNS = ("batch", "Mat", "ID", "Qn", "SOH", "SOC", *POINTS)

AGED = re.compile(r"([A-Z]\d+)-\d+")
"""An id of the NMC 2.1 Ah batch: the cell, then its ageing state."""

NOTES = (
    "groups are cells: ten charge states of a cell are alike",
    "NMC 2.1 Ah: 67 ageing states come from only 12 physical cells, which their ids name (D3-100 "
    "and D3-400 are cell D3): they share a group, unless -o by=state asks for the published "
    "grouping, which is optimistic",
    "batch 2 (194 LMO cells) is not in the published tables",
    "setting: state of charge as set, nominal capacity (Ah), and one number for each chemistry "
    "(LFP, LMO, NMC); the charge is known in the laboratory, to be estimated in the field",
    "setting names the chemistry: it may not teach or learn the target chemistry",
    "rest_voltage is U1; pulse is U1 to U5 (0.5 C, one half pulse); pulse_sweep is U1 to U21",
    "state_of_health is measured over nominal capacity; it exceeds 1 where a cell was better "
    "than rated",
)


def _cell_of(batch: str, name: str, by: str = "cell") -> str:
    """Name the group of a row: its physical cell, or with ``by="state"`` its ageing state.

    >>> _cell_of("NMC_2.1Ah_W_5000", "D3-100"), _cell_of("LMO_10Ah_W_5000", "PIP15827-1")
    ('NMC_2.1Ah_W_5000/D3', 'LMO_10Ah_W_5000/PIP15827-1')
    """
    match = AGED.fullmatch(name) if batch.startswith("NMC_2.1Ah") and by == "cell" else None
    return f"{batch}/{match[1] if match else name}"


def read(path: str | Path, out: str | Path, options: PulseBatOptions = PulseBatOptions()) -> Path:
    """Import the table at ``path`` (or in that folder) into the recording ``out``.

    Raises
    ------
    BadInput
        One line for a file that is missing or does not fit.
    """
    file = locate(path, FILE)
    cell = cells_of(file, _COLUMNS)
    unknown = sorted(set(cell["Mat"]) - set(_MATERIALS))
    if unknown:
        raise BadInput(f"{file} Mat", repr(unknown[0]), f"one of {', '.join(_MATERIALS)}")
    value = {n: numbers(file, n, cell[n]) for n in ("Qn", "SOH", "SOC", *POINTS)}
    bad = [n for n in POINTS if not ((value[n] > 1.0) & (value[n] < 5.0)).all()]
    if bad:
        raise BadInput(f"{file} {bad[0]}", "a voltage outside 1 to 5 V", "a cell's voltage")
    if not ((value["SOH"] > 0) & (value["SOH"] < 2)).all():
        raise BadInput(f"{file} SOH", "a value outside 0 to 2", "measured over nominal capacity")
    volts = np.stack([value[name] for name in POINTS], 1).astype(np.float32)
    chemistry = np.array([_MATERIALS.index(name) for name in cell["Mat"]])
    setting = np.column_stack([value["SOC"] / 100.0, value["Qn"], np.eye(3)[chemistry]])
    streams = [
        Stream("rest_voltage", volts[:, :1].copy(), "V", axes=("point",)),
        Stream("pulse", volts[:, :5].copy(), "V", axes=("point",)),
        Stream("pulse_sweep", volts, "V", axes=("point",)),
        Stream("setting", setting.astype(np.float32), "1", axes=("point",)),
    ]
    groups = [_cell_of(b, i, options.by) for b, i in zip(cell["batch"], cell["ID"], strict=True)]
    return write_recording(
        out,
        streams,
        [
            TargetColumn("state_of_health", "regression", value["SOH"], unit="1"),
            TargetColumn("chemistry", "classification", chemistry, classes=_MATERIALS),
        ],
        groups,
        provenance={
            "origin": "PulseBat, Nature Communications 2024, s41467-024-54454-0",
            "licence": "MIT (c) 2024 Terence (Shengyu) Tao",
        },
        notes=[*NOTES, f"{len(set(groups))} groups, {len(groups)} rows"],
        reader="pulsebat",
        defaults={
            "teacher": ["pulse_sweep", "setting"],
            "student": ["rest_voltage", "setting"],
            "task": "state_of_health",
        },
    )
