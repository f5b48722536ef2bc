"""Vibration features against SciPy and NumPy, and statistics against SciPy's."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import signal, stats

from stillage.errors import BadInput
from stillage.sensing.augment import View
from stillage_sensors.channel_statistics import STATISTICS, statistics
from stillage_sensors.frames import BAND_FLOOR, BANDS, _edges, describe, frame_length
from stillage_sensors.modality import Temperature


def reading() -> np.ndarray:
    noise = np.random.default_rng(3).standard_normal((2, 2, 2560))
    return np.asarray(noise * np.array([0.5, 2.0])[None, :, None] + 0.3)


def test_features_are_those_of_scipy() -> None:
    raw = reading()
    found = describe(torch.tensor(raw, dtype=torch.float32)).numpy()
    length = frame_length(2560)
    assert length == 1024
    assert found.shape == (2, 2 * (BANDS + 3), 4)
    for frame in range(4):
        part = raw[:, :, 512 * frame : 512 * frame + 1024]
        centred = part - part.mean(2, keepdims=True)
        np.testing.assert_allclose(found[:, [0, BANDS + 3], frame], np.log(part.std(2)), atol=1e-4)
        kurtosis = stats.kurtosis(part, axis=2, fisher=False)
        np.testing.assert_allclose(found[:, [1, BANDS + 4], frame], np.log(kurtosis), atol=1e-4)
        crest = np.abs(centred).max(2) / part.std(2)
        np.testing.assert_allclose(found[:, [2, BANDS + 5], frame], np.log(crest), atol=1e-4)
        window = signal.windows.hann(1024, sym=False)
        _, power = signal.periodogram(centred, 1024.0, window, detrend=False, scaling="density")
        edges = _edges(length)
        for band in range(BANDS):
            energy = power[:, :, edges[band] : edges[band + 1]].sum(2)
            rows = [3 + band, BANDS + 6 + band]
            expected = np.log(np.maximum(energy, BAND_FLOOR**2))
            np.testing.assert_allclose(found[:, rows, frame], expected, atol=2e-3)


def test_bands_cover_every_line_once() -> None:
    for length in (1024, 256, 64):
        edges = _edges(length)
        assert edges[0] == 1
        assert edges[-1] == length // 2 + 1
        assert all(a < b for a, b in pairwise(edges))


def test_a_tone_is_told_in_its_band() -> None:
    time = np.arange(2560) / 25_600.0
    tone = torch.tensor(np.sin(2 * np.pi * 3000.0 * time)[None, None], dtype=torch.float32)
    bands = describe(tone)[0, 3:, 0]
    edges = _edges(1024)
    best = int(bands.argmax())
    assert edges[best] <= 3000.0 / 25.0 < edges[best + 1]
    assert float(bands[best]) == pytest.approx(np.log(0.5), abs=0.05)  # a sine's mean square


def test_refuses_a_reading_shorter_than_a_frame() -> None:
    with pytest.raises(BadInput, match="at least 8"):
        describe(torch.zeros(1, 1, 7))


def test_statistics_are_those_of_numpy_and_scipy() -> None:
    series = np.random.default_rng(1).standard_normal((3, 2, 50)) * 3 + 7
    found = statistics(torch.tensor(series)).numpy()
    assert found.shape == (3, 2, STATISTICS)
    slope = np.array([[stats.linregress(np.arange(50), c).slope * 50 for c in s] for s in series])
    rough = np.sqrt((np.diff(series, axis=2) ** 2).mean(2))
    expected = [
        series.mean(2),
        series.min(2),
        series.max(2),
        slope,
        np.sqrt((series**2).mean(2)),
        np.log(series.std(2)),
        np.log(stats.kurtosis(series, axis=2, fisher=False) + 1),
        np.log(rough),
    ]
    np.testing.assert_allclose(found, np.stack(expected, 2), rtol=1e-6)


def test_views_move_alike_and_leave_statistics() -> None:
    modality, view = Temperature(), View(5, 1, np.array([8]))
    series = torch.arange(80.0).reshape(1, 1, 80)
    slow = torch.arange(0.0, 80.0, 2.0).reshape(1, 1, 40)
    prepared, other = modality.prepare(series), modality.prepare(slow)
    moved, moved_other = modality.augment(prepared, view), modality.augment(other, view)
    torch.testing.assert_close(moved[:, :, :STATISTICS], prepared[:, :, :STATISTICS])
    by = float((moved - prepared)[0, 0, STATISTICS + 40])
    by_other = float((moved_other - other)[0, 0, STATISTICS + 20])
    assert by != 0
    assert abs(by - by_other) <= 2.0  # the same share of the reading, to a value of the slower one
