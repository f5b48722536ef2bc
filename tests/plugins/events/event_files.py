"""Event files that the tests write from the formats' specifications."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import h5py
import numpy as np

EVT2 = b"% date 2026-01-01\n% format EVT2;height=480;width=640\n% end\n"


EVT3 = b"% evt 3.0\n% geometry 1280x720\n"


def evt2(*words: int) -> bytes:
    return np.array(words, "<u4").tobytes()


def evt3(*words: int) -> bytes:
    return np.array(words, "<u2").tobytes()


def dsec(path: Path, count: int = 6, **more: object) -> None:
    with h5py.File(path, "w") as file:
        group = file.create_group("events")
        group["x"] = np.arange(count, dtype=np.uint16)
        group["y"] = np.arange(count, dtype=np.uint16)[::-1]
        group["t"] = (np.arange(count) * 400).astype(np.uint32)
        group["p"] = (np.arange(count) % 2).astype(np.uint8)
        file["ms_to_idx"] = np.array([0, 3, 5], np.uint64)
        file["t_offset"] = np.int64(1_000_000)


def packed(path: Path, **changed: Any) -> Path:
    """Three recordings of 2, 1 and 3 events."""
    arrays: dict[str, Any] = {
        "x": np.arange(6, dtype=np.uint8),
        "y": np.arange(6, dtype=np.uint8) + 10,
        "p": np.array([1, 0, 0, 1, 1, 0], np.uint8),
        "t_us": np.array([5, 9, 7, 100, 200, 300], np.uint32),
        "offsets": np.array([0, 2, 3, 6]),
        "label": np.array([5, 0, 5], np.uint8),
        "sample_id": np.array([1, 2, 60001], np.int32),
        "split": np.array(["train", "train", "test"]),
    }
    np.savez_compressed(path, **(arrays | changed))
    return path


def slider(folder: Path, **changed: Any) -> Path:
    """Events from 0.01 to 0.05 s, frames at 0, 0.03, 0.06 s, poses from 0 to 0.045 s."""
    random = np.random.default_rng(0)
    arrays: dict[str, Any] = {
        "ev_t_s": np.linspace(0.010, 0.05, 401),
        "ev_x": random.integers(0, 240, 401).astype(np.uint8),
        "ev_y": random.integers(0, 180, 401).astype(np.uint8),
        "ev_p": random.integers(0, 2, 401).astype(np.uint8),
        "frame_t_s": np.array([0.0, 0.03, 0.06]),
        "frames": random.integers(0, 255, (3, 180, 240)).astype(np.uint8),
        "gt_pose": np.array([[0.0, 1, 0, 0, 0, 0, 0, 1], [0.045, 1.9, 0, 0, 0, 0, 0, 1]]),
        "calib": np.arange(9.0),
    }
    folder.mkdir(exist_ok=True)
    np.savez_compressed(folder / "slider_depth.npz", **(arrays | changed))
    return folder


def digit_folder(folder: Path) -> Path:
    """The recordings of :func:`packed` as the set's own files."""
    for place, content in (
        ("Train/5/00001.bin", [0, 10, 0x80, 0, 5, 1, 11, 0, 0, 9]),
        ("Train/0/00002.bin", [2, 12, 0, 0, 7]),
        ("Test/5/00001.bin", [3, 13, 0x80, 0, 100, 4, 14, 0x80, 0, 200, 5, 15, 0, 1, 44]),
    ):
        (folder / place).parent.mkdir(parents=True)
        (folder / place).write_bytes(bytes(content))
    return folder


def slider_text(folder: Path, text: Path) -> Path:
    """What :func:`slider` wrote in ``folder``, in the dataset's own files."""
    with np.load(folder / "slider_depth.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    (text / "images").mkdir(parents=True)
    columns = (arrays[f"ev_{name}"] for name in ("t_s", "x", "y", "p"))
    lines = (f"{t:.9f} {x} {y} {p}\n" for t, x, y, p in zip(*columns, strict=True))
    (text / "events.txt").write_text("".join(lines))
    np.savetxt(text / "groundtruth.txt", arrays["gt_pose"])
    np.savetxt(text / "calib.txt", arrays["calib"][None])
    named = []
    for k, picture in enumerate(arrays["frames"]):
        name = f"images/{k}.png"
        named.append(f"{arrays['frame_t_s'][k]:.6f} {name}\n")
        with av.open(str(text / name), "w", format="image2") as file:
            stream = file.add_stream("png", rate=1)
            stream.width, stream.height, stream.pix_fmt = 240, 180, "gray"
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "gray")))
            file.mux(stream.encode())
    (text / "images.txt").write_text("".join(named))
    return text


def edge_clip(path: Path, frames: int = 21) -> Path:
    """A lossless clip, 100 frames a second: a bright edge moves a pixel a frame."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("ffv1", rate=100)
        stream.width, stream.height, stream.pix_fmt = 48, 32, "bgr0"
        for k in range(frames):
            picture = np.full((32, 48, 3), 60, np.uint8)
            picture[:, : 10 + k] = 200
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        file.mux(stream.encode())
    return path
