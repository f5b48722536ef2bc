"""Pre-processing of spectra against chemotools and the ``spectral`` library."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable

import chemotools.derivative
import chemotools.scatter
import numpy as np
from spectral.algorithms.continuum import remove_continuum
from threadpoolctl import threadpool_limits

from stillage_spectral.preprocessing import snv_savgol
from stillage_spectral.readers.continuum import without_continuum
from tests.benchmarks.harness import Benchmark

COUNT, BANDS, HULLS = 10_000, 256, 400


def timed(work: Callable[[], object]) -> Callable[[], None]:
    """The work without its answer, so that the harness takes its time."""

    def run() -> None:
        work()

    return run


def benchmarks() -> list[Benchmark]:
    threadpool_limits(1)
    spectra = np.random.default_rng(0).random((COUNT, BANDS))
    ours = spectra.astype(np.float32)
    variate = chemotools.scatter.StandardNormalVariate().fit(spectra)
    filter_ = chemotools.derivative.SavitzkyGolay(window_length=15, polyorder=2, deriv=1)
    filter_.fit(spectra)

    def theirs() -> np.ndarray:
        return np.asarray(filter_.transform(variate.transform(spectra)))

    np.testing.assert_allclose(snv_savgol(ours, edges="nearest"), theirs(), atol=1e-6)
    few, grid = spectra[:HULLS] + 0.1, np.linspace(1000.0, 2000.0, BANDS)
    np.testing.assert_allclose(without_continuum(few, grid), remove_continuum(few, grid), rtol=2e-6)
    version = importlib.metadata.version
    return [
        Benchmark(
            name=f"SNV and Savitzky-Golay, {COUNT} x {BANDS}",
            unit="ms",
            ours=timed(lambda: snv_savgol(ours, edges="nearest")),
            peer=timed(theirs),
            peer_version=f"chemotools {version('chemotools')}",
            target=2.5,
        ),
        Benchmark(
            name=f"continuum removal, {HULLS} x {BANDS}",
            unit="ms",
            ours=timed(lambda: without_continuum(few, grid)),
            peer=timed(lambda: remove_continuum(few, grid)),
            peer_version=f"spectral {version('spectral')}",
        ),
    ]
