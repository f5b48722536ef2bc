"""A small recording of every feature, and a file that one may spoil."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillage.recording import Stream, TargetColumn, write_recording

SAMPLES = 30


@pytest.fixture(scope="session")
def small_parts() -> dict[str, Any]:
    """Thirty samples of fifteen items: fixed with gaps and shared rows, ragged, three targets."""
    rng = np.random.default_rng(7)
    index = np.repeat(np.arange(12), 2)
    index = np.concatenate([index, np.full(SAMPLES - len(index), -1)])
    events = [rng.integers(0, 99, (k % 5, 2)).astype(np.uint16) for k in range(SAMPLES)]
    states = np.array([1] * 24 + [0] * 4 + [-1] * 2, np.int8)
    return {
        "streams": [
            Stream(
                "nir",
                rng.normal(size=(12, 7)).astype(np.float32),
                "1",
                index,
                timestamps=rng.permutation(12).astype(np.float64),
                axes=("wavelength",),
            ),
            Stream("events", events, "px", rate_hz=30.0, axes=("event", "coordinate")),
        ],
        "targets": [
            TargetColumn(
                "polymer",
                "classification",
                rng.integers(0, 3, SAMPLES),
                states,
                ("PP", "PÉT", "聚乙烯"),
            ),
            TargetColumn(
                "grade", "ordinal", rng.integers(0, 3, SAMPLES), classes=("low", "mid", "top")
            ),
            TargetColumn("mass", "regression", rng.normal(size=SAMPLES), unit="g"),
        ],
        "groups": [f"пункт {k // 2}" for k in range(SAMPLES)],
        "provenance": {"source": "drawn by a generator"},
        "notes": ["nothing here was measured"],
        "reader": "test",
        "defaults": {"teacher": ["nir", "events"], "student": ["events"], "task": "polymer"},
    }


@pytest.fixture(scope="session")
def small_file(tmp_path_factory: pytest.TempPathFactory, small_parts: dict[str, Any]) -> Path:
    """A whole recording; do not change it."""
    path = tmp_path_factory.mktemp("small") / "small.h5"
    return write_recording(path, **small_parts)


@pytest.fixture
def spoil(small_file: Path, tmp_path: Path) -> Callable[[], Path]:
    """Give a copy of the small recording that a test may damage."""

    def copy() -> Path:
        return Path(shutil.copy(small_file, tmp_path / "spoilt.h5"))

    return copy


PEAK = """
def peak_kib():
    with open("/proc/self/status") as handle:
        return next(int(line.split()[1]) for line in handle if line.startswith("VmHWM"))
"""


@pytest.fixture(scope="session")
def measured() -> Callable[..., str]:
    """Run a script in a process of its own; ``peak_kib()`` in it is the most memory it held.

    (``ru_maxrss`` would include the memory of the process that started it.)
    """
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc to read the peak memory from")

    def run(script: str, *arguments: object) -> str:
        command = [sys.executable, "-c", PEAK + textwrap.dedent(script), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
