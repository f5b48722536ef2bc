"""Reader ``roadscene``: photos and grey thermal pictures of the same streets, pixel-aligned.

github.com/hanna-xu/RoadScene, made from FLIR's driving set. What the reader does about the
set's traps is in :data:`NOTES`, which every recording carries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stillage.errors import BadInput
from stillage.recording import RecordingWriter, Stream
from stillage.recording.registration import Registration
from stillage_thermal.readers.options import RoadSceneOptions
from stillage_thermal.readers.pictures import read_colour, read_grey

NAME = re.compile(r"FLIR_(video_)?(\d{1,9})")
LAST_OF_TRAINING = 8862
"""FLIR's own split of the numbered frames: 1 to 8862 for training, above for validation."""

_MAX_PAIRS = 100_000
_MAX_SIDE = 4096
_BATCH = 64

NOTES = (
    "frames of one drive: groups are ranges of frame numbers, never single frames; the split is "
    "FLIR's own of its numbered frames (to 8862: train; above: test; frames of its video: train)",
    "thermal-image is 8-bit grey after automatic gain: no temperatures, and grey levels of two "
    "frames do not compare",
    "a photo's brightness does not predict the thermal picture (pixel correlation -.04)",
    "no labels: pairs for aligning, feature distillation and fusion, not for scoring",
    "pairs are registered by their makers: the transform from photo to thermal picture is the "
    "identity",
)


class _Pair(NamedTuple):
    """A photo and its thermal picture, and their place in the drive."""

    series: str
    number: int
    visible: Path
    infrared: Path


def pairs(folder: Path) -> list[_Pair]:
    """List all pairs, in order of series and number.

    Raises
    ------
    BadInput
        If a folder is missing, a name is foreign, or a picture lacks its partner.
    """
    sides: dict[str, dict[str, Path]] = {}
    for side in ("visible", "infrared"):
        if not (folder / side).is_dir():
            raise BadInput(folder / side, "no such folder", "visible/ and infrared/ of *.jpg")
        sides[side] = {p.stem: p for p in sorted((folder / side).glob("*.jpg")) if p.is_file()}
    lonely = sorted(set(sides["visible"]) ^ set(sides["infrared"]))
    if lonely:
        raise BadInput(folder, f"{len(lonely)} pictures alone, {lonely[0]} first", "pairs")
    if not 1 <= len(sides["visible"]) <= _MAX_PAIRS:
        raise BadInput(folder, f"{len(sides['visible'])} pairs", f"1 to {_MAX_PAIRS}")
    found = []
    for stem, visible in sides["visible"].items():
        match = NAME.fullmatch(stem)
        if match is None:
            raise BadInput(visible, f"name {stem[:40]!r}", "FLIR_NUMBER or FLIR_video_NUMBER")
        series = "video" if match.group(1) else "drive"
        found.append(_Pair(series, int(match.group(2)), visible, sides["infrared"][stem]))
    return sorted(found)


def _grouped(found: list[_Pair], span: int) -> Iterator[tuple[_Pair, str, str]]:
    """Give each pair its group (a range of numbers) and its part of the split.

    A range never straddles the split: the numbers above 8862 begin a range of their own.
    """
    for pair in found:
        test = pair.series == "drive" and pair.number > LAST_OF_TRAINING
        origin = LAST_OF_TRAINING + 1 if test else 0
        first = origin + (pair.number - origin) // span * span
        last = first + span - 1
        if pair.series == "drive" and not test:
            last = min(last, LAST_OF_TRAINING)
        group = f"{pair.series} {first:05d}-{last:05d}"
        yield pair, group, "test" if test else "train"


def read(path: str | Path, out: str | Path, options: RoadSceneOptions = RoadSceneOptions()) -> Path:
    """Import the folder at ``path`` into the recording ``out``.

    Modalities ``video`` (a photo is a clip of one frame) and ``thermal-image``. Sizes vary from
    pair to pair, so the largest middle part of the wanted shape is cut from both alike, and
    averaged to the width and height of the options.

    Raises
    ------
    BadInput
        One line for a missing, foreign or damaged file, or a pair of two sizes.
    """
    folder = Path(path)
    width, height = options.width, options.height
    if not folder.is_dir():
        raise BadInput(folder, "no such folder", "the folder that holds visible/ and infrared/")
    found = list(_grouped(pairs(folder), options.span))
    provenance = {
        "origin": "github.com/hanna-xu/RoadScene, from FLIR's driving set",
        "licence": "none stated: do not redistribute without asking",
    }
    defaults = {"teacher": ["thermal-image", "video"], "student": ["video"]}
    with RecordingWriter(
        out, reader="roadscene", provenance=provenance, notes=NOTES, defaults=defaults
    ) as writer:
        writer.note(f"sizes differ: the middle of each pair, averaged to {width} x {height}")
        for first in range(0, len(found), _BATCH):
            part = found[first : first + _BATCH]
            photos, greys = [], []
            for pair, _, _ in part:
                _same_size(pair)
                photos.append(read_colour(pair.visible, (width, height))[None])
                greys.append(read_grey(pair.infrared, (width, height)))
            # Both were cut and averaged alike, so what their makers aligned still is.
            aligned = Registration.of("thermal-image", np.eye(3))
            video = ("frame", "height", "width", "channel")
            writer.add(
                [
                    Stream("video", np.stack(photos), "1/255", axes=video, registration=aligned),
                    Stream("thermal-image", np.stack(greys), "1/255", axes=("height", "width")),
                ],
                [],
                [group for _, group, _ in part],
                [side for _, _, side in part],
            )
    return Path(out)


def _same_size(pair: _Pair) -> None:
    """Refuse a pair of two sizes: it would be cut differently, and no longer be aligned."""
    from PIL import Image

    sizes = []
    for path in (pair.visible, pair.infrared):
        try:
            with Image.open(path, formats=("JPEG",)) as picture:
                sizes.append(picture.size)
        except Exception as error:  # Pillow raises many kinds for damaged files
            raise BadInput(path, type(error).__name__, "a JPEG picture") from None
    if sizes[0] != sizes[1]:
        raise BadInput(pair.infrared, f"size {sizes[1]}", f"{sizes[0]}, as its photo")
