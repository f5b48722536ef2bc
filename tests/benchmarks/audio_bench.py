"""Log-mel beside librosa, and dynamic time warping beside dtaidistance's C, on one thread.

Both answers are held against the peer's before anything is timed.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import dtaidistance
import librosa
import numpy as np
import torch
from dtaidistance import dtw

from stillage_audiovideo.audio import Audio
from stillage_audiovideo.dtw import distance, warping_path
from tests.benchmarks.harness import Benchmark


def _librosa(waves: np.ndarray) -> np.ndarray:
    power = librosa.feature.melspectrogram(
        y=waves, sr=16000, n_fft=512, win_length=400, hop_length=160, n_mels=64
    )
    return np.asarray(librosa.power_to_db(power, ref=1.0, amin=1e-10, top_db=None))


def _ten(run: Callable[[], object], times: int = 10) -> Callable[[], None]:
    def runs() -> None:
        for _ in range(times):
            run()

    return runs


def benchmarks() -> list[Benchmark]:
    draw = np.random.default_rng(0)
    time = np.arange(16000) / 16000
    tones = np.sin(2 * np.pi * draw.uniform(100, 6000, (256, 1)) * time)
    waves = (0.1 * draw.standard_normal((256, 16000)) + 0.3 * tones).astype(np.float32)
    raw, prepare = torch.from_numpy(waves), Audio().prepare
    np.testing.assert_allclose(prepare(raw), _librosa(waves) / 10.0, atol=1e-5)
    a, b = draw.standard_normal((2, 1000)).cumsum(1)
    assert distance(a, b) == dtw.distance_fast(a, b)
    assert distance(a, b, 100) == dtw.distance_fast(a, b, window=100)
    assert warping_path(a, b)[1].tolist() == [list(s) for s in dtw.warping_path_fast(a, b)]
    peer = f"dtaidistance {dtaidistance.__version__} C"

    return [
        Benchmark(
            "log-mel of 256 x 1 s at 16 kHz",
            "ms",
            _ten(lambda: prepare(raw), 1),
            _ten(lambda: _librosa(waves), 1),
            f"librosa {version('librosa')}, batched",
            target=1.4,
        ),
        Benchmark(
            "ten DTW distances 1000 x 1000",
            "ms",
            _ten(lambda: distance(a, b)),
            _ten(lambda: dtw.distance_fast(a, b)),
            peer,
            target=1.5,
        ),
        Benchmark(
            "ten DTW distances 1000 x 1000, band 100",
            "ms",
            _ten(lambda: distance(a, b, 100)),
            _ten(lambda: dtw.distance_fast(a, b, window=100)),
            peer,
        ),
        Benchmark(
            "ten DTW paths 1000 x 1000",
            "ms",
            _ten(lambda: warping_path(a, b)),
            _ten(lambda: dtw.warping_path_fast(a, b)),
            peer,
        ),
    ]
