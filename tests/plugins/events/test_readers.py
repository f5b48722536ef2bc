"""Readers on tiny folders made here, and on the real ones."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage.recording import Recording
from stillage_events.readers import nmnist, slider_depth, video_events, windows
from stillage_events.readers.options import SliderOptions, VideoEventOptions, WindowOptions
from stillage_events.reading import unpack
from tests.plugins.events.event_files import digit_folder, edge_clip, packed, slider, slider_text


def test_packed_digits(tmp_path: Path) -> None:
    packed(tmp_path / "nmnist_3.npz")
    with Recording.open(nmnist.read(tmp_path, tmp_path / "out.h5")) as recording:
        assert recording.groups.tolist() == ["train-1", "train-2", "test-60001"]
        assert recording.split is not None
        assert recording.split.tolist() == ["train", "train", "test"]
        column = recording.targets["digit"]
        assert [column.classes[k] for k in column.values] == ["5", "0", "5"]
        events = unpack(recording.read("events")[2])
        assert events.x.tolist() == [3, 4, 5]
        assert events.t.tolist() == [0, 100, 200]
        assert events.p.tolist() == [True, True, False]
        assert events[4:] == (34, 34, 201)
        assert any("timing" in note for note in recording.notes)


def test_digits_in_folders_give_the_same(tmp_path: Path) -> None:
    folder = digit_folder(tmp_path / "set")
    packed(tmp_path / "nmnist_3.npz")
    with (
        Recording.open(nmnist.read(folder, tmp_path / "a.h5")) as one,
        Recording.open(nmnist.read(tmp_path, tmp_path / "b.h5")) as other,
    ):
        assert one.groups.tolist() == ["train-0-00002", "train-5-00001", "test-5-00001"]
        rows, same = one.read("events"), other.read("events")
        for row, k in zip(rows, (1, 0, 2), strict=True):
            assert np.array_equal(row, same[k])


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"x": np.arange(5, dtype=np.uint8)}, "offsets"),
        ({"y": np.arange(5, dtype=np.uint8)}, "y: found 5"),
        ({"offsets": np.array([0, 2, 3, 10**12])}, "offsets"),
        ({"offsets": np.array([0, 3, 2, 6])}, "offsets"),
        ({"label": np.array([5, 0, 10], np.uint8)}, "0 to 9"),
        ({"x": np.arange(6, dtype=np.uint8) + 30}, "34 x 34"),
        ({"x": np.array([{}] * 6)}, "pickle|without|arrays"),
        ({"split": np.array([1, 2, 3])}, "split"),
        ({"sample_id": np.array([1])}, "sample_id"),
    ],
)
def test_wrong_digits_are_refused(tmp_path: Path, changed: dict[str, Any], told: str) -> None:
    path = packed(tmp_path / "nmnist_3.npz", **changed)
    with pytest.raises(BadInput, match=told) as caught:
        nmnist.read(path, tmp_path / "out.h5")
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("out*"))


def test_a_zip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nmnist, "MAX_NPZ_BYTES", 2**22)
    path = packed(tmp_path / "nmnist_3.npz", bomb=np.zeros(2**23, np.uint8))
    assert path.stat().st_size < 2**15
    with pytest.raises(BadInput, match=r"8\d{6} bytes, expected under 4194304"):
        nmnist.read(path, tmp_path / "out.h5")


def test_a_header_that_promises_a_million_million_events_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "nmnist_3.npz")
    whole = tmp_path / "nmnist_4.npz"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(whole, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "x.npy":
                content = content.replace(b"(6,), } " + b" " * 12, b"(1000000000000,), } ")
                assert b"1000000000000" in content
            new.writestr(name, content)
    with pytest.raises(BadInput, match="1000000000000"):
        nmnist.read(whole, tmp_path / "out.h5")


def test_nothing_is_refused_by_name(tmp_path: Path) -> None:
    for reader in (nmnist.read, slider_depth.read, windows.read):
        with pytest.raises(BadInput):
            reader(tmp_path / "none", tmp_path / "out.h5")
        with pytest.raises(BadInput):
            reader(tmp_path, tmp_path / "out.h5")


def test_slider(tmp_path: Path) -> None:
    out = slider_depth.read(
        slider(tmp_path / "set"), tmp_path / "out.h5", SliderOptions(window_ms=10.0)
    )
    with Recording.open(out) as recording:
        assert recording.rows("events").tolist() == [0, 1, 2, 3, -1]
        assert recording.rows("video").tolist() == [0, 1, 1, 1, 2]
        rows = [unpack(row) for row in recording.read("events")[:4]]
        assert [len(events.t) for events in rows] == [100] * 4
        assert all(events[4:] == (240, 180, 10_000) for events in rows)
        column = recording.targets["x"]
        np.testing.assert_allclose(column.values[:3], [1.3, 1.5, 1.7], atol=1e-9)
        assert column.states.tolist() == [1, 1, 1, 1, 0]
        assert recording.read("video")[0].shape == (1, 180, 240, 3)
        assert any("not recorded" in note for note in recording.notes)


def test_slider_as_text_gives_the_same(tmp_path: Path) -> None:
    folder = slider(tmp_path / "set")
    text = slider_text(folder, tmp_path / "text")
    one = slider_depth.read(folder, tmp_path / "a.h5", SliderOptions(window_ms=10.0))
    other = slider_depth.read(text, tmp_path / "b.h5", SliderOptions(window_ms=10.0))
    with Recording.open(one) as first, Recording.open(other) as second:
        assert first.fingerprint == second.fingerprint
    (text / "images.txt").write_text("0.0 ../../secret.png\n")
    with pytest.raises(BadInput, match="inside"):
        slider_depth.read(text, tmp_path / "c.h5")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"frames": np.zeros((3, 10, 10), np.uint8)}, "180 x 240"),
        ({"frame_t_s": np.array([0.0, 0.0, 1.0])}, "rising"),
        ({"gt_pose": np.zeros((2, 7))}, "poses"),
        ({"gt_pose": np.full((2, 8), np.nan)}, "NaN|poses"),
        ({"ev_x": np.full(401, 250, np.uint8)}, "240 x 180"),
        ({"ev_x": np.zeros(7, np.uint8)}, "one length"),
    ],
)
def test_wrong_sliders_are_refused(tmp_path: Path, changed: dict[str, Any], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        slider_depth.read(slider(tmp_path / "set", **changed), tmp_path / "out.h5")


def test_windows_of_one_file(tmp_path: Path) -> None:
    path = tmp_path / "events.txt"
    path.write_text("".join(f"{1 + k / 1000:.6f} {k % 34} 1 {k % 2}\n" for k in range(100)))
    with Recording.open(
        windows.read(path, tmp_path / "out.h5", WindowOptions(window_ms=20.0, block=2))
    ) as found:
        assert found.samples == 4
        assert found.groups.tolist() == ["block-0", "block-0", "block-1", "block-1"]
        assert [len(row) - 1 for row in found.read("events")] == [20] * 4
        stamps = found.timestamps("events")
        assert stamps is not None
        np.testing.assert_allclose(stamps, [1.0, 1.02, 1.04, 1.06])


def test_noise_is_left_out_where_asked_and_counted(tmp_path: Path) -> None:
    """Two neighbours that speak together, and a pixel that speaks alone and too often."""
    lines = [f"{0.01 * k:.6f} {4 + k % 2} 4 1" for k in range(10)]
    lines += [f"{0.0005 * k:.6f} 20 20 1" for k in range(100)]
    path = tmp_path / "noisy.txt"
    path.write_text("32 32\n" + "\n".join(lines) + "\n", encoding="ascii")
    kept = {}
    for name, options in {
        "all": WindowOptions(window_ms=100.0),
        "rested": WindowOptions(window_ms=100.0, rest_ms=1.0),
        "both": WindowOptions(window_ms=100.0, neighbour_ms=15.0, rest_ms=1.0),
    }.items():
        with Recording.open(windows.read(path, tmp_path / f"{name}.h5", options)) as found:
            kept[name] = sum(len(row) - 1 for row in found.read("events"))
            said = [note for note in found.notes if note.startswith("left out as noise")]
        assert said == ([f"left out as noise: {110 - kept[name]} of 110 events"] * (name != "all"))
    assert kept == {"all": 110, "rested": 60, "both": 9}
    with pytest.raises(BadInput, match="all left out as noise"):
        windows.read(path, tmp_path / "none.h5", WindowOptions(neighbour_ms=1.0, rest_ms=9.0))


def test_real_digits(real_data: Path, tmp_path: Path) -> None:
    out = nmnist.read(real_data / "event_small", tmp_path / "nmnist.h5")
    with Recording.open(out) as recording:
        assert recording.samples == 1100 == len(set(recording.groups.tolist()))
        assert recording.split is not None
        assert (recording.split == "train").sum() == 1000
        rows = recording.read("events", np.arange(0, 1100, 100))
        assert len(rows[0]) == 4681 + 1
        assert all((np.diff(unpack(row).t) >= 0).all() for row in rows)
        assert recording.modalities["events"].count == 1100


def test_real_slider(real_data: Path, tmp_path: Path) -> None:
    out = slider_depth.read(real_data / "event_small", tmp_path / "slider.h5")
    with Recording.open(out) as recording:
        present = recording.presence("events")
        events = [unpack(row) for row in recording.read("events", np.flatnonzero(present))]
        kept = sum(len(part.t) for part in events)
        assert 49_000 < kept <= 50_000
        assert present.sum() == 34
        assert recording.samples == 34 + 82
        assert recording.modalities["video"].count == 87


def test_any_clip_becomes_a_paired_recording(tmp_path: Path) -> None:
    path = edge_clip(tmp_path / "clip.mkv")
    out = video_events.read(path, tmp_path / "out.h5", VideoEventOptions(frames=5))
    with Recording.open(out) as recording:
        assert recording.samples == 4
        assert np.shape(recording.read("video")) == (4, 5, 32, 48, 3)
        rows = [unpack(row) for row in recording.read("events")]
        for k, events in enumerate(rows):
            assert events[4:] == (48, 32, 50_000)
            edge = (events.x >= 10 + 5 * k) & (events.x <= 15 + 5 * k)
            assert len(events.t) >= 5 * 32
            assert edge.mean() > 0.98
            assert events.p.mean() > 0.98
    with pytest.raises(BadInput, match="at least 41 frames"):
        video_events.read(path, tmp_path / "out.h5", VideoEventOptions(frames=40))
    with pytest.raises(BadInput, match="no clip"):
        video_events.read(tmp_path / "none.txt", tmp_path / "out.h5")


def test_light_is_linear_grey() -> None:
    half = video_events.intensities(np.full((1, 1, 1, 3), 188, np.uint8)).item()
    assert abs(half / 255.0 - 0.5028) < 1e-3  # sRGB 188 is half the light
    green = video_events.intensities(np.array([[[[0, 255, 0]]]], np.uint8)).item()
    assert abs(green / 255.0 - 0.7152) < 1e-6
