"""The reference of every kernel: its own source, run by Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

SCRIPT = "import json\nfrom {module} import {name}\nprint(json.dumps({name}()))"


def interpreted(function: Callable[[], Any]) -> Any:
    """What a module's function gives, as JSON, in a process where nothing is compiled."""
    done = subprocess.run(
        [
            sys.executable, "-W", "error", "-c",
            SCRIPT.format(module=function.__module__, name=function.__name__),
        ],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, cwd=Path(__file__).parents[2],
        capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
