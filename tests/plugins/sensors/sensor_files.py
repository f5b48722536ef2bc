"""Small files in the layouts of the real sets of sensor series."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np

from stillage_sensors.readers import hydraulic, pulsebat


def rig_file(path: Path, cycles: int = 40, **changes: np.ndarray) -> None:
    channels = [name for names, _ in hydraulic.STREAMS.values() for name in names]
    values = np.random.default_rng(0).random((cycles, 17, 60)).astype(np.float32)
    profile = np.tile(np.array([[3, 73, 0, 90, 0], [100, 100, 2, 130, 1]], np.int16), (20, 1))
    arrays: dict[str, Any] = {
        "x": values,
        "profile": np.asfortranarray(profile),
        "channels": np.array(channels),
    }
    np.savez(path, **(arrays | changes))


def bearing_file(path: Path, hot: int = 0, count: int = 6) -> None:
    generator = np.random.default_rng(1)
    temperature = 70 + generator.random((count, 600)).astype(np.float32)
    temperature[1, :hot] = 900.0
    np.savez(
        path,
        vib_mg=generator.integers(-900, 900, (count, 2560, 2)).astype(np.int16),
        temp_10hz_C=temperature,
        t_s=60.0 * np.arange(1, count + 1),
        life_s=np.float32(60.0 * count),
    )


def pulse_file(path: Path) -> Path:
    """Three rows of two cells, one in two ageing states."""
    header = ["batch", "Mat", "ID", "Qn", "SOH", "SOC", *pulsebat.POINTS]
    rows = [
        ["NMC_2.1Ah_W_5000", "NMC", "D3-100", "2.1", "0.9", "5"],
        ["NMC_2.1Ah_W_5000", "NMC", "D3-400", "2.1", "0.8", "5"],
        ["LFP_35Ah_W_5000", "LFP", "K-7", "35", "0.7", "50"],
    ]
    volts = [f"{3.0 + 0.01 * k}" for k in range(21)]
    path.write_text("\n".join(",".join(row) for row in [header, *[[*row, *volts] for row in rows]]))
    return path


def wear_file(path: Path) -> Path:
    """Two experiments of 25 rows whose channels differ by their unit alone."""
    lines = [",timestamp,force_z,vibration_x,vibration_y,tool_wear,experiment_tag,dataset_tag"]
    for tag, unit in (("W1", 1.0), ("c1", 50.0)):
        for k in range(25):
            level = unit * (1 if k < 10 else 2)
            lines.append(f"{k},{0.5 * k},{level},{-level},{level},{0.01 * k},{tag},nuaa")
    with gzip.open(path, "wt") as handle:
        handle.write("\n".join(lines))
    return path


def plant(folder: Path) -> Path:
    """Two units of other lengths: channels at 100, 10 and 1 Hz in five units."""
    folder.mkdir()
    for unit, seconds in (("a", 10), ("b", 7)):
        arrays: dict[str, Any] = {
            "bearing[m/s2]@100": 9.80665 * np.arange(100.0 * seconds) % 7,
            "oil[K]@10": 273.15 + np.arange(10.0 * seconds),
            "case[degC]@1": np.arange(float(seconds)),
            "torque[N m]@1": np.full(seconds, 3.0) + np.arange(seconds),
        }
        np.savez(folder / f"{unit}.npz", **arrays)
    return folder


def rig(folder: Path) -> Path:
    """Two CSV files, the pressure of one lost after half, and the table of their units."""
    folder.mkdir()
    for name, dead in (("one.csv", False), ("two.csv", True)):
        lines = ["time[s],line[kPa],oil[degC]@1,target:wear[mm]"]
        for k in range(40):
            pressure = "" if dead and k >= 20 else f"{100.0 + k}"
            oil = f"{50 + k}" if k % 2 == 0 else ""
            lines.append(f"{0.5 * k},{pressure},{oil},{k // 10 if k % 10 == 0 else ''}")
        (folder / name).write_text("\n".join(lines))
    (folder / "units.csv").write_text(
        "file,group,split,target:tool{hss|carbide}\none.csv,m1,train,carbide\ntwo.csv,m2,test,wood"
    )
    return folder
