"""Reader of ``slider_depth`` of the Event-Camera Dataset: events, frames and poses of a DAVIS240.

The folder holds ``slider_depth.npz`` (ev_t_s, ev_x, ev_y, ev_p, frame_t_s, frames, gt_pose, calib)
or the dataset's own text: ``events.txt``, ``groundtruth.txt``, ``images.txt`` with the frames
that it names (those inside the folder only), ``calib.txt``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.recording import Stream, TargetColumn, write_recording
from stillage.recording.manifest.files import load_sample, locate
from stillage.recording.readings import inflation, load_arrays
from stillage.task import LabelState
from stillage_events.plugin import EVENTS
from stillage_events.readers.ecd import read_text
from stillage_events.readers.files import file_size
from stillage_events.readers.options import SliderOptions
from stillage_events.reading import Events, events_of, pack

_WIDTH, _HEIGHT = 240, 180
MAX_NPZ_BYTES = 2**30
_MAX_WINDOWS, _MAX_FRAMES = 100_000, 4_000
BLOCK = 5
"""Samples of events that form one group."""


class _Slider(NamedTuple):
    """The folder's contents: events, frames (F, 180, 240) with their seconds, poses (P, 8)."""

    events: Events
    frame_s: NDArray[np.float64]
    frames: NDArray[np.uint8]
    poses: NDArray[np.float64]
    calibration: NDArray[np.float64]


def read(path: str | Path, out: str | Path, options: SliderOptions = SliderOptions()) -> Path:
    """Import the folder ``path`` into the recording ``out``.

    A sample is a window of events with the latest frame before its end (shared by its windows),
    then one sample for each frame that has no window: there events are absent. Target ``x`` (m):
    the camera's place on the slider in the middle of the window.

    Raises
    ------
    BadInput
        One line for a file that is missing, damaged or does not fit.
    """
    folder = Path(path)
    window_ms = options.window_ms
    slider = _load(folder)
    events, length = slider.events, round(window_ms * 1000.0)
    span = int(events.t[-1] - events.t[0]) + 1
    count = max(1, span // length)
    if count > _MAX_WINDOWS:
        raise BadInput("window_ms", f"{count} windows", f"at most {_MAX_WINDOWS}")
    starts = int(events.t[0]) + length * np.arange(count)
    rows = [pack(events.window(int(start), int(start) + length)) for start in starts]
    stop_s = (starts + length) * 1e-6
    seen = np.searchsorted(slider.frame_s, stop_s, side="right") - 1
    alone = np.setdiff1d(np.arange(len(slider.frames)), seen)
    total = count + len(alone)
    middle = np.concatenate([stop_s - length * 0.5e-6, slider.frame_s[alone]])
    index = np.concatenate([np.arange(count), np.full(len(alone), -1)])
    spec = EVENTS.sample
    streams = [
        Stream("events", rows, spec.unit, index, np.asarray(starts * 1e-6, float), axes=spec.axes),
        Stream(
            "video",
            np.repeat(slider.frames[:, None, :, :, None], 3, 4),
            "1/255",
            np.concatenate([seen, alone]),
            slider.frame_s,
            axes=("frame", "height", "width", "channel"),
        ),
    ]
    calibration = " ".join(f"{value:.6g}" for value in slider.calibration)
    return write_recording(
        out,
        streams,
        [_place(slider.poses, middle)],
        [f"block-{k // BLOCK}" for k in range(total)],
        provenance={
            "origin": "Event-Camera Dataset, Mueggler et al. 2017, slider_depth (DAVIS240C)",
            "licence": "CC BY-NC-SA 3.0 by its authors",
            "calibration": f"fx fy cx cy k1 k2 p1 p2 k3: {calibration}",
        },
        notes=(
            f"{count} windows of {window_ms:g} ms from {starts[0] * 1e-6:.4f} s on; "
            f"{len(alone)} of {len(slider.frames)} frames lie outside of them: their samples "
            "have events absent (not recorded here, which is not: nothing moved)",
            "the camera moves steadily, so time alone predicts x; neighbouring windows look alike: "
            f"{BLOCK} of them are one group",
            "frames are grey, stored as three equal channels; pictures are not undistorted",
            "x between poses is interpolated, not extrapolated: samples outside are unlabelled",
        ),
        reader="slider-depth",
        defaults={"teacher": ["events"], "student": ["video"], "task": "x"},
    )


def _place(poses: NDArray[np.float64], seconds: NDArray[np.float64]) -> TargetColumn:
    values = np.interp(seconds, poses[:, 0], poses[:, 1])
    known = (seconds >= poses[0, 0]) & (seconds <= poses[-1, 0])
    states = np.where(known, LabelState.LABELLED, LabelState.UNLABELLED).astype(np.int8)
    return TargetColumn("x", "regression", values, states, unit="m")


def _load(folder: Path) -> _Slider:
    if not folder.is_dir():
        raise BadInput(folder, "no such folder", "slider_depth.npz, or events.txt and others")
    packed = folder / "slider_depth.npz"
    slider = _from_npz(packed) if packed.is_file() else _from_text(folder)
    return _checked(folder, slider)


def _checked(folder: Path, slider: _Slider) -> _Slider:
    seconds, poses = slider.frame_s, slider.poses
    fits = slider.frames.shape == (len(seconds), _HEIGHT, _WIDTH) and len(seconds) > 0
    if not fits or slider.frames.dtype != np.uint8 or (np.diff(seconds) <= 0).any():
        found = f"{slider.frames.dtype} {slider.frames.shape} at {len(seconds)} times"
        raise BadInput(f"{folder}: frames", found, f"uint8 {_HEIGHT} x {_WIDTH}, times rising")
    if poses.ndim != 2 or poses.shape[1] != 8 or not len(poses) or (np.diff(poses[:, 0]) < 0).any():
        raise BadInput(
            f"{folder}: poses", f"{poses.shape}", "rows of t, x y z, quaternion, in order"
        )
    if not np.isfinite(poses).all() or not np.isfinite(seconds).all():
        raise BadInput(f"{folder}: poses or frame times", "NaN or infinity", "finite numbers")
    if not len(slider.events.t):
        raise BadInput(f"{folder}: events", "none", "one or more")
    return slider


def _from_npz(path: Path) -> _Slider:
    arrays: dict[str, NDArray[Any]] = load_arrays(path, inflation(path, MAX_NPZ_BYTES))
    wanted = ("ev_t_s", "ev_x", "ev_y", "ev_p", "frame_t_s", "frames", "gt_pose", "calib")
    for name in wanted:
        if name not in arrays or arrays[name].dtype.kind not in "fiub":
            raise BadInput(f"{path}: {name}", "nothing that fits", f"arrays {', '.join(wanted)}")
    x, y, p = (arrays[f"ev_{name}"] for name in "xyp")
    t = np.asarray(arrays["ev_t_s"], np.float64) * 1e6
    events = events_of(x, y, t, p, _WIDTH, _HEIGHT, where=path)
    frame_s, poses = (np.asarray(arrays[name], np.float64) for name in ("frame_t_s", "gt_pose"))
    calibration = np.asarray(arrays["calib"], np.float64).ravel()[:9]
    return _Slider(events, frame_s, arrays["frames"], poses, calibration)


def _from_text(folder: Path) -> _Slider:
    events = read_text(folder / "events.txt")
    poses = _numbers(folder / "groundtruth.txt", 8)
    listed = folder / "images.txt"
    file_size(listed, 2**24)
    seconds, frames = [], []
    lines = listed.read_text(encoding="utf-8", errors="replace").splitlines()
    if len(lines) > _MAX_FRAMES:
        raise BadInput(listed, f"{len(lines)} frames", f"at most {_MAX_FRAMES}")
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words:
            continue
        where = f"{listed} line {number}"
        if len(words) != 2:
            raise BadInput(where, repr(line)[:60], "seconds and a file")
        try:
            seconds.append(float(words[0]))
        except ValueError:
            raise BadInput(where, repr(words[0])[:40], "seconds") from None
        picture = load_sample(locate(folder, words[1], where), "", (0, 0), where).data
        if picture.shape != (1, _HEIGHT, _WIDTH, 3):
            raise BadInput(where, f"a picture {picture.shape}", f"{_WIDTH} x {_HEIGHT} pixels")
        frames.append(picture[0, :, :, 0])
    if not frames:
        raise BadInput(listed, "no frame", "lines of seconds and a file")
    calibration = _numbers(folder / "calib.txt", 9)[0]
    moved = events_of(
        events.x, events.y, events.t, events.p, _WIDTH, _HEIGHT, where=folder / "events.txt"
    )
    return _Slider(moved, np.array(seconds), np.stack(frames), poses, calibration)


def _numbers(path: Path, columns: int) -> NDArray[np.float64]:
    file_size(path, 2**26)
    try:
        table = np.loadtxt(path, np.float64, ndmin=2)
    except (ValueError, OverflowError) as error:
        raise BadInput(
            path, " ".join(str(error).split())[:100], f"{columns} numbers a line"
        ) from None
    if not len(table) or table.shape[1] != columns:
        raise BadInput(path, f"{table.shape}", f"{columns} numbers a line")
    return np.asarray(table)
