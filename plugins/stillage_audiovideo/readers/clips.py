"""Reader ``clips``: a folder of containers becomes a recording of sound and pictures.

Each stream keeps its own clock: a reading's timestamp is the presentation time of its first
frame or sample in its file, and the offset found between the two is written down, not hidden
by moving one of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording import RecordingWriter, Stream, TargetColumn, files_under, rows_of
from stillage_audiovideo.mel import RATE_HZ
from stillage_audiovideo.readers.containers import Clip, Sound, contents, read_clip, read_sound
from stillage_audiovideo.readers.options import ClipOptions
from stillage_audiovideo.synchrony import MIN_CONFIDENCE, Offset, synchronise

_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".wav", ".flac", ".mp3", ".ogg")
_AXES = ("frame", "height", "width", "channel")

NOTES = (
    "each stream keeps its own clock: timestamps are presentation times within a file",
    "a sample pairs sound and pictures of the same span of presentation time; the offset found "
    "between them is in the provenance (sound minus picture, s; positive: the sound is late)",
    "an offset includes the sound's way through the air, 2.9 ms a metre; viewers notice sound "
    "45 ms early or 125 ms late",
    "several samples a file: split by group (the file)",
)


@dataclass
class _Tally:
    """A tally of what happened to the files, for the notes."""

    copies: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    offsets: dict[str, Offset] = field(default_factory=dict)
    unsure: list[str] = field(default_factory=list)
    dead: int = 0
    samples: int = 0

    def notes(self) -> list[str]:
        """Write one line a kind."""
        found = [
            f"left out as copies of an earlier file: {', '.join(self.copies) or 'none'}"[:60000],
            f"left out as shorter than one sample: {', '.join(self.short) or 'none'}"[:60000],
            f"{self.dead} dead readings (constant sound, or pictures of one colour) are absent",
        ]
        for what, names in (("sound", self.silent), ("pictures", self.unseen)):
            if names:
                found.append(
                    f"no whole sample of their {what}, which is absent: {', '.join(names)}"[:60000]
                )
        if self.offsets:
            values = np.array([offset.seconds for offset in self.offsets.values()])
            found.append(
                f"offsets found in {len(values)} files: median {np.median(values):+.3f} s, "
                f"from {values.min():+.3f} to {values.max():+.3f} s"
            )
        if self.unsure:
            few = ", ".join(self.unsure)
            found.append(f"no sure offset (confidence below {MIN_CONFIDENCE}): {few}"[:60000])
        return found


def read(path: str | Path, out: str | Path, options: ClipOptions = ClipOptions()) -> Path:
    """Cut the containers in the folder at ``path`` into samples of the recording ``out``.

    Modalities ``audio`` and ``video``, absent where a file has none; groups are files; where
    all files lie in two or more subfolders these are the classes of the target ``label``.

    Raises
    ------
    BadInput
        One line for a parameter out of range, any file that is damaged, or nothing to read.
    """
    folder = Path(path)
    seconds, rate = options.seconds, options.rate
    files = _files(folder)
    classes, labels = _labels(folder, files)
    tally = _Tally()
    seen: dict[bytes, str] = {}
    with RecordingWriter(out, reader="clips", notes=NOTES) as writer:
        for file in files:
            name = file.relative_to(folder).as_posix()
            with file.open("rb") as handle:
                digest = hashlib.file_digest(handle, "sha256").digest()
            if digest in seen:
                tally.copies.append(f"{name} (of {seen[digest]})")
                continue
            seen[digest] = name
            clip, sound = _decoded(file, options.width, options.height)
            offset = _offset(clip, sound)
            streams, count = _cut(
                clip, sound, offset if options.align else None, seconds, rate, tally
            )
            if offset is not None:
                writer.source(f"offset of {name}"[:1024], _written(offset))
                if offset.sure:
                    tally.offsets[name] = offset
                else:
                    tally.unsure.append(name)
            if not count:
                tally.short.append(name)
                continue
            made = {stream.name for stream in streams}
            if sound is not None and "audio" not in made:
                tally.silent.append(name)
            if clip is not None and "video" not in made:
                tally.unseen.append(name)
            tally.samples += count
            targets = []
            if classes:
                values = np.full(count, classes.index(labels[name]))
                targets = [TargetColumn("label", "classification", values, classes=classes)]
            writer.add(streams, targets, [name] * count)
        if not tally.samples:
            raise BadInput(folder, f"no file of {seconds:g} s", ", ".join(_SUFFIXES))
        writer.source(
            "files", f"{len(files)} containers of the folder {folder.resolve().name}"[:1024]
        )
        for note in tally.notes():
            writer.note(note)
    return Path(out)


def _files(folder: Path) -> list[Path]:
    """List containers under the folder, in order of name."""
    found = files_under(folder, _SUFFIXES)
    if not found:
        raise BadInput(folder, "0 containers", f"1 or more of {', '.join(_SUFFIXES)}")
    return found


def _labels(folder: Path, files: list[Path]) -> tuple[list[str], dict[str, str]]:
    """Find the class of each file: its first subfolder, if all lie in two or more."""
    parts = {f.relative_to(folder).as_posix(): f.relative_to(folder).parts for f in files}
    labels = {name: path[0] for name, path in parts.items()}
    classes = sorted(set(labels.values()))
    if len(classes) < 2 or any(len(path) < 2 for path in parts.values()):
        return [], {}
    return classes, labels


def _decoded(file: Path, width: int, height: int) -> tuple[Clip | None, Sound | None]:
    held = contents(file)
    if held.video_s is None and held.audio_s is None:
        raise BadInput(file, "neither sound nor pictures", "one of them")
    clip = None if held.video_s is None else read_clip(file, width, height)
    return clip, None if held.audio_s is None else read_sound(file, RATE_HZ)


def _offset(clip: Clip | None, sound: Sound | None) -> Offset | None:
    """Find the sound's offset; None where one is lacking, or both share less than a second."""
    if clip is None or sound is None or len(clip.times) < 3:
        return None
    end = sound.start + len(sound.wave) / sound.rate_hz
    overlap = min(end, clip.times[-1]) - max(sound.start, clip.times[0])
    if overlap < 1.0:
        return None
    frames, times = clip.frames, clip.times
    reach = min(1.0, 0.5 * overlap - 1e-6)
    return synchronise(
        sound.wave, sound.rate_hz, frames, times, audio_start=sound.start, reach_s=reach
    )


def _written(offset: Offset) -> str:
    return (
        f"{offset.seconds:+.4f} s at {offset.middle:.3f} s, confidence {offset.confidence:.2f}, "
        f"drift {offset.drift:+.5f} s/s{'' if offset.sure else ' (not sure)'}"
    )


def _cut(
    clip: Clip | None,
    sound: Sound | None,
    offset: Offset | None,
    seconds: float,
    rate: float,
    tally: _Tally,
) -> tuple[list[Stream], int]:
    """Cut one file into whole samples; return their streams and how many there are."""
    begins, ends = [], []
    if clip is not None:
        step = float(np.median(np.diff(clip.times))) if len(clip.times) > 1 else 0.0
        begins, ends = [float(clip.times[0])], [float(clip.times[-1]) + step]
    if sound is not None:
        end = sound.start + len(sound.wave) / sound.rate_hz
        begins, ends = [*begins, sound.start], [*ends, end]
    # From where both are there, or the first is; where one has stopped it is absent.
    begin = max(begins) if max(begins) < min(ends) else min(begins)
    count = int((max(ends) - begin) / seconds + 1e-6)
    pictures: list[tuple[NDArray[Any], float] | None] = []
    sounds: list[tuple[NDArray[Any], float] | None] = []
    for k in range(count):
        start = begin + k * seconds
        shift = offset.at(start + 0.5 * seconds) if offset is not None and offset.sure else 0.0
        seen = _pictures(clip, start, seconds, rate, ends[0]) if clip else None
        heard = _sound(sound, start + shift, seconds) if sound else None
        if seen is not None and np.ptp(seen[0]) == 0:
            seen, tally.dead = None, tally.dead + 1
        if heard is not None and np.ptp(heard[0]) == 0:
            heard, tally.dead = None, tally.dead + 1
        if seen is not None or heard is not None:
            pictures.append(seen)
            sounds.append(heard)
    streams = [
        _stream("video", pictures, "1/255", _AXES, rate),
        _stream("audio", sounds, "1", ("time",), float(RATE_HZ)),
    ]
    return [stream for stream in streams if stream is not None], len(pictures)


def _pictures(
    clip: Clip, start: float, seconds: float, rate: float, end: float
) -> tuple[NDArray[np.uint8], float] | None:
    """Take the pictures at even moments, and the first one's time; None where not whole."""
    moments = start + (np.arange(round(seconds * rate)) + 0.5) / rate
    if moments[0] < clip.times[0] or moments[-1] > end:
        return None
    shown = np.searchsorted(clip.times, moments, "right") - 1
    return clip.frames[shown], float(clip.times[shown[0]])


def _sound(sound: Sound, start: float, seconds: float) -> tuple[NDArray[np.float32], float] | None:
    """Take a span of the sound's clock, and its first sample's time; None where it is not whole."""
    first = round((start - sound.start) * sound.rate_hz)
    last = first + round(seconds * sound.rate_hz)
    if first < 0 or last > len(sound.wave):
        return None
    return sound.wave[first:last], sound.start + first / sound.rate_hz


def _stream(
    name: str,
    readings: list[tuple[NDArray[Any], float] | None],
    unit: str,
    axes: tuple[str, ...],
    rate: float,
) -> Stream | None:
    there = [reading for reading in readings if reading is not None]
    if not there:
        return None
    present = np.array([reading is not None for reading in readings])
    values = np.stack([reading for reading, _ in there])
    stamps = np.array([stamp for _, stamp in there])
    return Stream(name, values, unit, rows_of(present), stamps, rate, axes)
