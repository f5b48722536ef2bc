"""Every package of a plugin says what is public, and naming it costs no heavy import."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2] / "plugins"
PACKAGES = sorted(
    ".".join(init.parent.relative_to(HOME).parts) for init in HOME.glob("stillage_*/**/__init__.py")
)
HEAVY = ("numpy", "torch", "numba", "h5py")


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_package_names_is_there(package: str) -> None:
    module = import_module(package)
    assert module.__all__ == sorted(module.__all__)
    for name in module.__all__:
        found = getattr(module, name, None) or import_module(f"{package}.{name}")
        assert found.__doc__, f"{package}.{name}"
        assert hasattr(found, "read") or not package.endswith(".readers")


@pytest.mark.parametrize("package", [name for name in PACKAGES if "." not in name])
def test_loading_a_plugin_is_light(package: str) -> None:
    code = f"import {package}.plugin, sys; print([n for n in {HEAVY!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = import_module(package).nothing
