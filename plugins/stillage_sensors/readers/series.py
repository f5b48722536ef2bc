"""Reader ``series``: people's own CSV and NPZ series, one file a unit, cut into windows.

A folder holds one file for each unit (machine, run, engine) and, if wanted, ``units.csv`` with
columns ``file``, ``group``, ``split`` and ``target:NAME[unit]`` or ``target:NAME{A|B}``. All
windows of a unit carry its group, so no split can cut through a unit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording import RecordingWriter, TargetColumn
from stillage_sensors.life import remaining_life
from stillage_sensors.readers.cleaning import Limits, clean
from stillage_sensors.readers.names import MODALITIES
from stillage_sensors.readers.options import SeriesOptions
from stillage_sensors.readers.series_files import Track, Unit, load
from stillage_sensors.readers.units import Units, read_units

Array = NDArray[np.float64]

_ENDS = (".csv", ".csv.gz", ".npz")
MAX_VALUES, MAX_WINDOWS = 1 << 26, 1 << 20
"""Most values of all windows of a file, and most of these."""

LIMITS = {
    "temperature": Limits(low=-273.15, high=3000.0, stuck=0),
    "pressure": Limits(low=-1.1),
    "flow": Limits(),
    "power": Limits(),
    "vibration": Limits(stuck=64),
    "vibration_level": Limits(low=-1e-6),
    "series": Limits(),
}
"""What a working sensor can report; a fast accelerometer never repeats itself 64 times."""


@dataclass(frozen=True)
class _Layout:
    """The channels and the rate of each modality, alike in every file."""

    channels: dict[str, tuple[str, ...]]
    rates: dict[str, float]

    @classmethod
    def of(cls, unit: Unit) -> _Layout:
        """Take the layout of a file; the slowest channel of a modality gives its rate."""
        channels: dict[str, tuple[str, ...]] = {}
        rates: dict[str, float] = {}
        for name in MODALITIES:
            mine = [track for track in unit.tracks if track.channel.modality == name]
            if mine:
                channels[name] = tuple(track.channel.name for track in mine)
                rates[name] = min(track.rate for track in mine)
        return cls(channels, rates)

    def __str__(self) -> str:
        return "; ".join(
            f"{name}: {', '.join(names)} at {self.rates[name]:g} Hz"
            for name, names in self.channels.items()
        )


def _slowed(track: Track, rate: float, where: str) -> Array:
    """Bring a track to a lower rate, by means of whole blocks.

    Raises
    ------
    BadInput
        If the rates have no whole ratio.
    """
    ratio = track.rate / rate
    every = round(ratio)
    if abs(ratio - every) > 1e-6 * ratio:
        found = f"{track.rate:g} Hz beside {rate:g} Hz"
        raise BadInput(f"{where} {track.channel.name}", found, "rates of a whole ratio")
    if every == 1:
        return track.values
    count = len(track.values) // every
    return np.asarray(track.values[: count * every].reshape(count, every).mean(1))


def _cut(values: Array, rate: float, starts: Array, seconds: float) -> Array:
    """Cut windows (W, C, n) of (C, T) that begin at ``starts`` (s) and last ``seconds``."""
    length = max(1, round(seconds * rate))
    first = np.rint(starts * rate).astype(np.int64)
    first = np.minimum(first, values.shape[1] - length)  # rounding may reach one value too far
    view = np.lib.stride_tricks.sliding_window_view(values, length, axis=1)
    return np.ascontiguousarray(view[:, first].swapaxes(0, 1))


def read(path: str | Path, out: str | Path, options: SeriesOptions = SeriesOptions()) -> Path:
    """Import a series file, or a folder of them, into the recording ``out``.

    Raises
    ------
    BadInput
        One line for what does not fit, with file and place.
    """
    root = Path(path)
    files = _files(root)
    units = read_units(root / "units.csv", [f.name for f in files]) if root.is_dir() else Units()
    life, cap = options.life, options.cap
    layout: _Layout | None = None
    told: set[tuple[str, str]] | None = None
    dropped: list[str] = []
    with RecordingWriter(
        out,
        reader="series",
        provenance={"origin": root.name},
        notes=["groups are units (files): every window of a unit is on one side of a split"],
    ) as writer:
        for file in files:
            unit = load(file)
            mine = _Layout.of(unit)
            if layout is not None and mine != layout:
                raise BadInput(file, f"channels {mine}", f"{layout}, as in {files[0].name}")
            if told is not None and set(unit.targets) != told:
                raise BadInput(file, _names(unit.targets), f"{_names(told)}, as {files[0].name}")
            if layout is None:
                layout, told = mine, set(unit.targets)
                _describe(writer, unit, mine)
            starts, seconds = _starts(unit, options.window, options.step)
            if not len(starts):
                dropped.append(file.name)
                continue
            _add(writer, file, unit, mine, starts, seconds, units, life, cap)
        if dropped:
            writer.note(f"shorter than a window, left out: {', '.join(dropped)}")
        if life:
            writer.note(
                f"remaining_life is capped at {cap:g} s" if cap else "remaining_life is raw"
            )
    return Path(out)


def _names(targets: Iterable[tuple[str, str]]) -> str:
    return ", ".join(sorted(f"target:{name}[{unit}]" for name, unit in targets)) or "no target"


def _files(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    found = sorted(
        f
        for f in root.glob("*")
        if f.name.endswith(_ENDS) and f.name != "units.csv" and f.is_file()
    )
    if not found:
        raise BadInput(root, "no series", "a folder of .csv and .npz files, or one of them")
    return found


def _starts(unit: Unit, window: float, step: float) -> tuple[Array, float]:
    seconds = window or unit.seconds
    last = unit.seconds - seconds
    if last < -1e-9:
        return np.zeros(0), seconds
    count = int(np.floor(min(max(last, 0.0) / (step or seconds), 1e15) + 1e-9)) + 1
    if count > MAX_WINDOWS:
        raise BadInput("-o window, step", f"{count} windows of a file", f"at most {MAX_WINDOWS}")
    return np.asarray(np.arange(count) * (step or seconds), np.float64), seconds


def _describe(writer: RecordingWriter, unit: Unit, layout: _Layout) -> None:
    for name, channels in layout.channels.items():
        writer.note(f"{name}: channels {', '.join(channels)} at {layout.rates[name]:g} Hz")
    for track in unit.tracks:
        channel = track.channel
        if track.rate > layout.rates[channel.modality]:
            writer.note(
                f"{channel.modality}: {channel.name} was averaged from {track.rate:g} Hz to "
                f"{layout.rates[channel.modality]:g} Hz, the slowest of its modality"
            )
        if channel.modality == "series":
            writer.note(f"series: {channel.name} is in {channel.unit or '1'}")


def _add(
    writer: RecordingWriter,
    file: Path,
    unit: Unit,
    layout: _Layout,
    starts: Array,
    seconds: float,
    units: Units,
    life: bool,
    cap: float,
) -> None:
    ends = starts + seconds
    streams = []
    for name, rate in layout.rates.items():
        mine = [track for track in unit.tracks if track.channel.modality == name]
        parts = [_slowed(track, rate, str(file)) for track in mine]
        length = min(map(len, parts))
        held = len(starts) * max(1, round(seconds * rate)) * len(parts)
        if held > MAX_VALUES:
            raise BadInput(file, f"windows of {held} values in all", f"{MAX_VALUES} at most")
        values = _cut(np.stack([p[:length] for p in parts]), rate, starts, seconds)
        found = clean(values, LIMITS[name])
        if found.lost:
            writer.note(found.note(f"{file.name} {name}"))
        if found.present.any():
            streams.append(found.stream(name, MODALITIES[name], starts, rate))
    count = len(starts)
    targets = units.targets(file.name, count)
    for (target, of), (times, truth) in unit.targets.items():
        place = np.searchsorted(times, ends - 1e-9, side="right") - 1
        values = np.where(place >= 0, truth[np.maximum(place, 0)] if len(truth) else 0.0, np.nan)
        states = (place >= 0).astype(np.int8)
        targets.append(TargetColumn(target, "regression", values, states, unit=of))
    if life:
        age = np.minimum(ends, unit.seconds)
        left = remaining_life(age, unit.seconds, "capped" if cap else "raw", cap or 1.0)
        targets.append(TargetColumn("remaining_life", "regression", left, unit="s"))
        targets.append(TargetColumn("life_fraction", "regression", age / unit.seconds, unit="1"))
    writer.add(streams, targets, [units.group(file.name)] * count, units.split(file.name, count))
