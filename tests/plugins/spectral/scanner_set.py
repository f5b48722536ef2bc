"""A folder in the layout of the Plastic Scanner pairs, with photos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from stillage_spectral.readers.scanner_files import DIODES

HEADER = f"Reading,Name,sample,PlasticType,Color,MeasurementType,DateTime,{','.join(DIODES)}"


def led_line(name: str, kind: str, time: str, value: str) -> str:
    return f"0,{name},{name},PP,white,{kind},2023-04-18 {time},{','.join([value] * 8)}"


def write_set(folder: Path, led: list[str] | None = None, index: list[str] | None = None) -> Path:
    lines = led or [
        led_line("", "calibration", "10:00:00", "0.5"),
        led_line("ref", "regular", "10:00:10", "0.5"),
        led_line("1_pp", "regular", "10:01:00", "0.25"),
        led_line("", "calibration", "9:30:00", "0.8"),
        led_line("2_PET", "regular", "9:59:59", "0.4"),
        led_line("3_PVC", "regular", "10:03:00", "0.4"),
    ]
    (folder / "led8.csv").write_text("\n".join([HEADER, *lines]) + "\n")
    index = index or ["1_PP,2,PP", "1_PP,1,PP", "2_PET,1,PET", "3_PVC,1,PVC"]
    (folder / "nir_index.csv").write_text("\n".join(["sample,scan,polymer", *index]) + "\n")
    bands = 20
    sample = np.arange(len(index), dtype=np.float32)[:, None] + np.full(bands, 30.0, np.float32)
    np.savez(
        folder / "nir_spectra.npz",
        wavelength_nm=np.linspace(1000, 1900, bands),
        sample_counts=sample,
        dark_counts=np.full_like(sample, 10.0),
        reference_counts=np.full_like(sample, 50.0),
    )
    return folder


def paper(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A photo of a red disc on unevenly lit paper, and where the disc is."""
    y, x = np.mgrid[-1:1:200j, -1:1:300j]
    light = 200.0 * (1.0 - 0.2 * x - 0.1 * y * y + 0.05 * x * y)
    disc = (x * 1.5 - 0.3) ** 2 + (y + 0.2) ** 2 < 0.15
    colour = np.where(disc[..., None], np.array([0.8, 0.2, 0.2]), 1.0)
    noise = np.random.default_rng(seed).normal(0.0, 1.0, (200, 300, 3))
    return np.clip(light[..., None] * colour + noise, 0, 255).astype(np.uint8), disc


def write_photos(folder: Path) -> Path:
    """Photos of two items of :func:`write_set`."""
    (folder / "rgb").mkdir()
    for seed, name in enumerate(("1_PP", "2_PET")):
        Image.fromarray(paper(seed)[0]).save(folder / "rgb" / f"{name}.jpg")
    return folder
