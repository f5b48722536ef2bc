"""Functions that the executor's tests run in workers, by import."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput


def weigh(matrix: NDArray[np.float64], task: int) -> float:
    """A product whose rounding would betray another number of BLAS threads."""
    rng = np.random.default_rng(task)
    return float((matrix @ rng.normal(size=(matrix.shape[1], 64))).sum())


def threads(_task: int) -> dict[str, Any]:
    """The threads that this process's numeric libraries use."""
    import threadpoolctl
    import torch

    return {
        "blas": [pool["num_threads"] for pool in threadpoolctl.threadpool_info()],
        "torch": torch.get_num_threads(),
        "pid": os.getpid(),
    }


def die_once(folder: str, task: int) -> int:
    """Kill the worker at the first try of task 1."""
    mark = Path(folder) / f"tried-{task}"
    if task == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 10 * task


def die_always(task: int) -> int:
    """Kill the worker at every try of task 1."""
    if task == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def refuse(task: int) -> int:
    """Find bad input in task 2."""
    if task == 2:
        raise BadInput("item 2", "NaN", "a number")
    return task


def writable(array: NDArray[np.float64], _task: int) -> bool:
    """Whether a constant may be written to."""
    return bool(array.flags.writeable)


def sleep(folder: str, task: int) -> int:
    """Say that a task has begun, then take long."""
    (Path(folder) / f"begun-{task}").touch()
    time.sleep(120)
    return task
