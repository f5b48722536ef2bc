"""What all tests share: the real recordings, a quiet Ray, and one thread for each library."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
os.environ.setdefault("RAY_AUTH_MODE", "disabled")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the real recordings, from ``STILLAGE_DATA``; skips where it is not set."""
    named = os.environ.get("STILLAGE_DATA")
    if not named:
        pytest.skip("STILLAGE_DATA does not name the folder of the real recordings")
    folder = Path(named)
    assert folder.is_dir(), f"STILLAGE_DATA={named} is no folder"
    return folder
