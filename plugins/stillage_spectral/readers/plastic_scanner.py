"""Reader of the Plastic Scanner pairs: items scanned by 8 diodes, a spectrometer and a camera.

The folder holds ``led8.csv``, ``nir_index.csv`` with ``nir_spectra.npz`` (one row each), and
``rgb/`` with a photo of most items. What the reader does about the set's traps is in
:data:`NOTES`, which every recording carries.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording import Stream, TargetColumn, write_recording
from stillage.task import LabelState
from stillage_spectral.readers.photos import cut_photos
from stillage_spectral.readers.scanner_files import (
    DIODES,
    Readings,
    find_photos,
    read_led,
    read_nir,
)
from stillage_spectral.readers.spectra import grid_text

POLYMERS = ("PP", "PET", "HDPE", "PS")
"""Classes of the target ``polymer``; items of any other polymer are out-of-set."""

NOTES = (
    "items were scanned and photographed in polymer order, and their numbers encode the polymer: "
    "time, order and item number predict it without any sensor",
    "readings of the two devices are not matched: a sample pairs the k-th readings of an item, "
    "and a surplus reading has the other modality absent",
    "several readings an item: split by group (the item)",
    "led: each reading is divided by the latest preceding white calibration; "
    "references and calibrations are no items",
    "nir: (sample - dark) / (reference - dark); the reference under-reads, so reflectance goes "
    "to 3: use shapes (SNV, derivative), not levels",
    "polymer: the spectrometer's index decides (the diode file calls 4 PETG items PET); "
    "polymers other than PP, PET, HDPE and PS are out-of-set",
    "video: one photo an item, the paper's light divided out and the background set to zero, "
    "since the border alone predicts the polymer; white items on white paper are cut out in part",
)


def read(path: str | Path, out: str | Path) -> Path:
    """Import the folder at ``path`` into the recording ``out``.

    Modalities ``led`` (8 diodes), ``nir`` (223 bands) and ``video`` (one photo an item, shared
    by its samples); target ``polymer``; groups are items that both devices read.

    Raises
    ------
    BadInput
        One line for any file that is missing or does not fit.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise BadInput(folder, "no such folder", "the folder that holds led8.csv")
    led = read_led(folder / "led8.csv")
    nir, polymers, wavelength = read_nir(folder)
    led_rows, nir_rows = led.rows(), nir.rows()
    items = {item: polymers[item] for item in led_rows if item in nir_rows}
    if not items:
        raise BadInput(folder, "no item that both devices read", "names that match without case")
    groups: list[str] = []
    index: dict[str, list[int]] = {"led": [], "nir": [], "video": []}
    photos = find_photos(folder / "rgb", items)
    pictures: list[NDArray[np.uint8]] = []
    shown_of = cut_photos(photos)
    for item in items:
        picture = shown_of.get(item)
        shown = -1 if picture is None else len(pictures)
        if picture is not None:
            pictures.append(picture[None])
        for k in range(max(len(led_rows[item]), len(nir_rows[item]))):
            groups.append(item)
            for name, rows in (("led", led_rows[item]), ("nir", nir_rows[item])):
                index[name].append(rows[k] if k < len(rows) else -1)
            index["video"].append(shown)
    streams = [
        _stream("led", led, index["led"], ("diode",)),
        _stream("nir", nir, index["nir"], ("wavelength",)),
    ]
    if pictures:
        axes = ("frame", "height", "width", "channel")
        rows_of = np.array(index["video"], np.int64)
        streams.append(Stream("video", np.stack(pictures), "1/255", rows_of, axes=axes))
    lonely = sorted(set(led_rows).symmetric_difference(nir_rows))
    counted = [
        f"{len(items)} items read by both devices, {len(pictures)} of them with a photo",
        f"left out, read by one device only: {', '.join(lonely) or 'none'}",
    ]
    return write_recording(
        out,
        streams,
        [_polymer([items[item] for item in groups])],
        groups,
        provenance={
            "origin": "github.com/Plastic-Scanner/Data, data of 18 and 19 April 2023",
            "licence": "none stated: do not redistribute without asking",
            "nir_wavelength_nm": grid_text(wavelength.astype(np.float64)),
            "led_wavelength_nm": " ".join(name.removeprefix("nm") for name in DIODES),
        },
        notes=[*NOTES, *counted],
        reader="plastic-scanner",
        defaults={"teacher": ["nir", "led"], "student": ["led"], "task": "polymer"},
    )


def _stream(name: str, readings: Readings, index: list[int], axes: tuple[str, ...]) -> Stream:
    """Make a stream of the rows that samples use, in their order."""
    rows = np.array(index, np.int64)
    used = np.unique(rows[rows >= 0])
    place = np.full(len(readings.items) + 1, -1, np.int64)
    place[used] = np.arange(len(used))
    seconds = None if readings.seconds is None else readings.seconds[used]
    return Stream(name, readings.values[used], "1", place[rows], timestamps=seconds, axes=axes)


def _polymer(names: list[str]) -> TargetColumn:
    known = [name in POLYMERS for name in names]
    values = [POLYMERS.index(name) if name in POLYMERS else -1 for name in names]
    states = np.where(known, int(LabelState.LABELLED), int(LabelState.OUT_OF_SET)).astype(np.int8)
    return TargetColumn("polymer", "classification", np.array(values), states, POLYMERS)
