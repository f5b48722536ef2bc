"""Reader of the knock set: ``{train,test}/{Ceramic,Marble,Wood}/N.flac``, a second each.

What is done about the set's traps is in :data:`NOTES`, which every recording carries.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording import Stream, TargetColumn, write_recording
from stillage_audiovideo.mel import RATE_HZ
from stillage_audiovideo.readers.containers import read_sound

PARTS = ("train", "test")
CLASSES = ("Ceramic", "Marble", "Wood")
BLOCK = 10
"""Clips of one class whose numbers follow each other and that a split keeps together."""

_MAX_CLIPS = 100_000

NOTES = (
    "smoke test only: one phone and, it seems, one object a class, so what is learnt may be the "
    "object or the recording session; no figure on this set says anything about materials",
    "the quietest 80 ms of a clip, before or after the knock, already tell the class with .52 "
    "(chance .33): hold this shortcut beside every accuracy",
    f"groups are {BLOCK} clips of a class with consecutive numbers, since neighbours were "
    "recorded together; the set's own split is kept",
    "44.1 kHz mono int16 is resampled to 16 kHz (polyphase): what is above 8 kHz is lost",
)


class _Clip(NamedTuple):
    wave: NDArray[np.float32]
    part: str
    material: str
    number: int

    @property
    def group(self) -> str:
        first = (self.number - 1) // BLOCK * BLOCK + 1
        return f"{self.material} {first:03d}-{first + BLOCK - 1:03d} {self.part}"


def read(path: str | Path, out: str | Path) -> Path:
    """Import the folder at ``path`` into the recording ``out``.

    Modality ``audio``; target ``material``; groups are blocks of neighbouring clips. Copies of
    a clip and dead ones (constant) are left out and named in the notes.

    Raises
    ------
    BadInput
        One line for any file that is damaged, not numbered or not a second long.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise BadInput(folder, "no such folder", "the folder that holds train/ and test/")
    kept, copies, dead = _cleaned(folder)
    lost = [c for c in CLASSES if c not in {clip.material for clip in kept}]
    if lost:
        raise BadInput(folder, f"no clip of {', '.join(lost)}", "train/ and test/ of each class")
    material = np.array([CLASSES.index(clip.material) for clip in kept])
    return write_recording(
        out,
        [
            Stream(
                "audio",
                np.stack([clip.wave for clip in kept]),
                "1",
                rate_hz=RATE_HZ,
                axes=("time",),
            )
        ],
        [TargetColumn("material", "classification", material, classes=CLASSES)],
        [clip.group for clip in kept],
        split=[clip.part for clip in kept],
        provenance={
            "origin": "github.com/Kent-mak/2025-Spring-NYCU-AI-Capstone-Project-1, Data/processed",
            "licence": "none stated: do not redistribute without asking",
        },
        notes=[
            *NOTES,
            f"left out as copies of an earlier clip: {', '.join(copies) or 'none'}",
            f"left out as dead (constant): {', '.join(dead) or 'none'}",
        ],
        reader="knock",
        defaults={"teacher": ["audio"], "student": ["audio"], "task": "material"},
    )


def _cleaned(folder: Path) -> tuple[list[_Clip], list[str], list[str]]:
    """Sort clips into those to keep, and the names of copies and of dead ones."""
    kept: list[_Clip] = []
    copies: list[str] = []
    dead: list[str] = []
    seen: dict[bytes, str] = {}
    for clip, name in _clips(folder):
        digest = hashlib.sha256(clip.wave.tobytes()).digest()
        if np.ptp(clip.wave) == 0.0:
            dead.append(name)
        elif digest in seen:
            copies.append(f"{name} (of {seen[digest]})")
        else:
            seen[digest] = name
            kept.append(clip)
    return kept, copies, dead


def _clips(folder: Path) -> list[tuple[_Clip, str]]:
    found: list[tuple[_Clip, str]] = []
    for part in PARTS:
        for material in CLASSES:
            numbered: list[tuple[int, Path]] = []
            for file in filter(Path.is_file, (folder / part / material).glob("*.flac")):
                if not file.stem.isdecimal() or len(file.stem) > 9 or int(file.stem) < 1:
                    raise BadInput(file, f"name {file.stem!r}", "a number from 1")
                numbered.append((int(file.stem), file))
            if len(found) + len(numbered) > _MAX_CLIPS:
                raise BadInput(folder, f"over {_MAX_CLIPS} clips", f"at most {_MAX_CLIPS}")
            for number, file in sorted(numbered):
                wave = read_sound(file, RATE_HZ).wave
                if len(wave) != RATE_HZ:
                    raise BadInput(file, f"{len(wave) / RATE_HZ:.4f} s", "clips of 1 s")
                name = file.relative_to(folder).as_posix()
                found.append((_Clip(wave, part, material, number), name))
    return found
