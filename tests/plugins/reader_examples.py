"""A tiny example of every format of every built-in reader, made to the format's specification.

``EXAMPLES[reader][format]`` makes one in an empty folder. A registered reader that is not here
fails ``test_reader_conformance``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest

from stillage_sensors.readers import hydraulic, pulsebat, uniwear
from tests.plugins.audiovideo.av_files import knock_set, write_clip, write_sound
from tests.plugins.events import event_files
from tests.plugins.sensors import sensor_files
from tests.plugins.spectral.envi_files import listed, write_envi
from tests.plugins.spectral.scanner_set import write_photos, write_set
from tests.plugins.spectral.spectra_files import GRID, VALUES, write_jcamp, write_table
from tests.plugins.thermal.thermal_files import KELVIN, folder_of, road


class Example(NamedTuple):
    """What a reader is given, its parameters, and the file in it that is cut short."""

    path: Path
    parameters: Mapping[str, Any] = MappingProxyType({})
    cut: str = ""


def manifest(folder: Path) -> Example:
    """Small tables, as people have them."""
    draw = np.random.default_rng(0)
    lines = ["group,split,path:led,target:polymer"]
    for k in range(6):
        np.save(folder / f"{k}.npy", draw.random(8, np.float32))
        lines.append(f"item-{k},{'train' if k < 4 else 'test'},{k}.npy,{'PP' if k % 2 else 'PET'}")
    (folder / "set.csv").write_text("\n".join(lines) + "\n")
    return Example(folder / "set.csv", {"task": "polymer"})


def _manifest_of_tables(folder: Path) -> Example:
    return manifest(folder)._replace(cut="3.npy")


def _nmnist_packed(folder: Path) -> Example:
    return Example(event_files.packed(folder / "nmnist_3.npz"))


def _nmnist_folder(folder: Path) -> Example:
    return Example(event_files.digit_folder(folder / "set"))


def _slider_packed(folder: Path) -> Example:
    return Example(event_files.slider(folder / "set"), {"window_ms": 4.0})


def _slider_text(folder: Path) -> Example:
    packed = event_files.slider(folder / "packed")
    text = event_files.slider_text(packed, folder / "text")
    return Example(text, {"window_ms": 4.0}, cut="events.txt")


def _windows(path: Path) -> Example:
    return Example(path, {"window_ms": 1.0, "block": 1})


def _evt2(folder: Path) -> Example:
    words = [0x8000_0001, 0x1040_2803, 0x0FC0_F9DF, 0x8000_0020, 0x1000_0000, 0x8000_0040]
    path = folder / "a.raw"
    path.write_bytes(event_files.EVT2 + event_files.evt2(*words, 0x1000_0001))
    return _windows(path)


def _evt3(folder: Path) -> Example:
    words = [0x8001, 0x6002, 0x0064, 0x2805, 0x6C00, 0x2006, 0x8002, 0x6000, 0x2807]
    path = folder / "a.raw"
    path.write_bytes(event_files.EVT3 + event_files.evt3(*words))
    return _windows(path)


def _bin(folder: Path) -> Example:
    events = [(k, 33 - k, k % 2 << 7, k, 10 * k) for k in range(13)]
    (folder / "a.bin").write_bytes(bytes(byte for event in events for byte in event))
    return _windows(folder / "a.bin")


def _ecd(folder: Path) -> Example:
    lines = (f"{1 + k / 10000:.6f} {k % 34} 1 {k % 2}\n" for k in range(100))
    (folder / "a.txt").write_text("".join(lines))
    return _windows(folder / "a.txt")


def _dsec(folder: Path) -> Example:
    event_files.dsec(folder / "a.h5")
    return _windows(folder / "a.h5")


def _aedat4(folder: Path) -> Example:
    pytest.importorskip("aedat")
    from tests.plugins.events.aedat_files import header, packet

    events = [(1000 * k, k, 259 - k, k % 2 == 0) for k in range(9)]
    path = folder / "a.aedat4"
    path.write_bytes(header() + packet(events[:5]) + packet(events[5:]))
    return _windows(path)


def _video_events(folder: Path) -> Example:
    clip = event_files.edge_clip(folder / "a.mkv", 36)
    return Example(clip, {"frames": 5, "block": 1})


def _radiometric(folder: Path) -> Example:
    return Example(folder_of(folder, np.rint(KELVIN * 100).astype(np.uint16)))


def _roadscene(folder: Path) -> Example:
    names = ["FLIR_00006", "FLIR_00240", "FLIR_08900", "FLIR_video_00939"]
    return Example(road(folder, names), {"width": 30, "height": 20})


def _plastic_scanner(folder: Path) -> Example:
    return Example(write_photos(write_set(folder)), cut="nir_spectra.npz")


def _plastic_scanner_table(folder: Path) -> Example:
    return _plastic_scanner(folder)._replace(cut="led8.csv")


def _plastic_scanner_photos(folder: Path) -> Example:
    return _plastic_scanner(folder)._replace(cut="rgb/1_PP.jpg")


def _spectra_table(folder: Path) -> Example:
    write_table(folder / "a.csv")
    return Example(folder, {"target": "polymer"})


def _spectra_jcamp(folder: Path) -> Example:
    for name, values in (("PET", VALUES), ("PP", VALUES[::-1])):
        (folder / name).mkdir()
        line = f"1000 {' '.join(map(str, values))}"
        first = {"TITLE": name, "FIRSTY": values[0] / 100}
        write_jcamp(folder / name / "a.dx", [line], **first)
    return Example(folder, {"target": "folder"})


def _spectra_cube(folder: Path) -> Example:
    values = np.random.default_rng(0).uniform(0.1, 0.9, (8, 8, len(GRID))).astype("float32")
    write_envi(folder, "scene", values, wavelength=listed(GRID))
    return Example(folder, {"tile": 4}, cut="scene.raw")


def _clips(folder: Path) -> Example:
    draw = np.random.default_rng(0)
    for name in ("a.mkv", "b.avi"):
        frames = draw.integers(0, 256, (30, 16, 16, 3)).astype(np.uint8)
        wave = 0.2 * draw.standard_normal((1, 3 * 8000))
        write_clip(folder / name, frames, 10, wave, 8000)
    return Example(folder, {"width": 16, "height": 16})


def _clips_of_sound(folder: Path) -> Example:
    draw = np.random.default_rng(0)
    for name in ("a.wav", "b.flac"):
        write_sound(folder / name, 0.2 * draw.standard_normal((1, 16000)), 8000)
    return Example(folder)


def _knock(folder: Path) -> Example:
    return Example(knock_set(folder / "knocks", 1))


def _series_npz(folder: Path) -> Example:
    return Example(sensor_files.plant(folder / "plant"), {"window": 3.0, "life": True})


def _series_csv(folder: Path) -> Example:
    return Example(sensor_files.rig(folder / "rig"), {"window": 5.0})


def _hydraulic(folder: Path) -> Example:
    sensor_files.rig_file(folder / hydraulic.FILE)
    return Example(folder, {"blocks": 4})


def _femto(folder: Path) -> Example:
    for name in ("Bearing1_4", "Bearing2_6"):
        sensor_files.bearing_file(folder / f"{name}.npz")
    return Example(folder)


def _pulsebat(folder: Path) -> Example:
    return Example(sensor_files.pulse_file(folder / pulsebat.FILE))


def _uniwear(folder: Path) -> Example:
    return Example(sensor_files.wear_file(folder / uniwear.FILE), {"window": 10})


EXAMPLES: dict[str, dict[str, Callable[[Path], Example]]] = {
    "manifest": {"csv": manifest, "npy": _manifest_of_tables},
    "nmnist": {"npz": _nmnist_packed, "bin": _nmnist_folder},
    "slider-depth": {"npz": _slider_packed, "txt": _slider_text},
    "event-file": {"evt2": _evt2, "evt3": _evt3, "bin": _bin, "ecd": _ecd, "dsec": _dsec},
    "aedat4": {"aedat4": _aedat4},
    "video-events": {"mkv": _video_events},
    "radiometric": {"tiff": _radiometric},
    "roadscene": {"jpg": _roadscene},
    "plastic-scanner": {
        "npz": _plastic_scanner,
        "csv": _plastic_scanner_table,
        "jpg": _plastic_scanner_photos,
    },
    "spectra": {"csv": _spectra_table, "jcamp": _spectra_jcamp, "envi": _spectra_cube},
    "clips": {"mkv": _clips, "wav": _clips_of_sound},
    "knock": {"flac": _knock},
    "series": {"npz": _series_npz, "csv": _series_csv},
    "hydraulic": {"npz": _hydraulic},
    "femto": {"npz": _femto},
    "pulsebat": {"csv": _pulsebat},
    "uniwear": {"csv.gz": _uniwear},
}
"""For each reader, by format, what makes an example."""
