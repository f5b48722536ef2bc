"""Describe what a run was computed with: versions, plugins and hardware."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = (
    "stillage", "torch", "numpy", "scipy", "scikit-learn", "numba", "onnx", "onnxruntime",
    "onnxscript", "gymnasium", "h5py", "ray", "pydantic", "matplotlib",
)  # fmt: skip


def environment() -> dict[str, Any]:
    """Give versions of Python and the numeric packages, plugins, processor and system."""
    from stillage.plugin.host import get_host

    return {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "plugins": get_host().manifest(),
        "hardware": {
            "machine": platform.machine(),
            "processor": _processor(),
            "cores": len(os.sched_getaffinity(0)),
            "system": f"{platform.system()} {platform.release()}",
        },
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"


def _processor() -> str:
    """Give the processor's name as Linux has it, else as Python does."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
