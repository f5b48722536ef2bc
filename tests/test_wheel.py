"""The wheel works where neither torch nor ray is: listing plugins needs four light libraries."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

HOME = Path(__file__).parent.parent
LIGHT = ("click", "pluggy", "pydantic", "rich")


def call(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, cwd=cwd, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", out, HOME)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel and the light libraries alone; gives its bin."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=True)
    pip = (folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "-q")
    call(*pip, "--no-deps", wheel)
    call(*pip, "-c", HOME / "constraints.txt", *LIGHT)
    return folder / "bin"


def test_wheel_holds_all_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names if not name.startswith("stillage-")}
    assert tops == {
        "stillage", "stillage_events", "stillage_thermal", "stillage_spectral",
        "stillage_audiovideo", "stillage_sensors", "stillage_sim", "stillage_scenarios",
    }  # fmt: skip
    assert {f"{top}/py.typed" for top in tops} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.endswith((".pyc", ".h5", ".part"))]


@pytest.mark.timeout(600)
def test_plugins_are_listed_without_torch_and_ray(clean: Path, tmp_path: Path) -> None:
    listed = {
        entry["name"]: entry
        for entry in json.loads(call(clean / "stillage", "plugins", "list", "--json", cwd=tmp_path))
    }
    assert {name: entry["status"] for name, entry in listed.items()} == dict.fromkeys(
        ("core", "events", "thermal", "spectral", "audiovideo", "sensors", "sim", "scenarios"),
        "ok",
    )
    assert {"led", "nir"} <= set(listed["spectral"]["modalities"])
    installed = json.loads(call(clean / "python", "-m", "pip", "list", "--format", "json"))
    assert not {"torch", "ray", "numpy"} & {entry["name"] for entry in installed}


@pytest.mark.timeout(600)
def test_a_command_that_needs_more_says_so_in_one_line(clean: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [clean / "stillage", "record", "info", "x.h5"],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr == "stillage: this needs module 'numpy', which is not installed\n"
    assert done.returncode == 1
