"""Write the first files of a plugin package: a modality with sensor model, encoder and test."""

from __future__ import annotations

import re
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from string import Template
from textwrap import shorten

from stillage.errors import BadInput
from stillage.plugin.host import get_host
from stillage.plugin.spec import ModalitySpec
from stillage.storage.atomic import atomic_folder

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MAX_NAME = 40
_TAKEN = {"Any", "Modality", "None", "Scene", "Tensor", "True", "False", "View"}
"""Class names that the new module needs for something else."""

_PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.26"]
build-backend = "hatchling.build"

[project]
name = "stillage-$name"
version = "0.1.0"
description = "The $name modality for Stillage"
requires-python = ">=3.11"
dependencies = ["stillage>=$version"]

[project.entry-points.stillage]
$name = "$package.plugin"

[tool.hatch.build.targets.wheel]
packages = ["$package"]
"""

_README = """\
# stillage-$name

A modality for [Stillage](https://pypi.org/project/stillage/). After `pip install -e .`:

    stillage plugins check $name
    pytest

`plugin.py` says what it is, `modality.py` what its readings mean, `encoder.py` how a network
reads them. Replace shape, units, cost and physics by those of your sensor.
"""

_PLUGIN = '''\
"""What this plugin registers. Keep it light: no torch here."""

from __future__ import annotations

from stillage.plugin import hookimpl
from stillage.plugin.spec import Cost, EncoderSpec, ModalitySpec, SampleSpec, Spec

MODALITY = ModalitySpec(
    name="$name",
    summary="distance to an item's surface at 8 spots",
    factory="$package.modality:$klass",
    sample=SampleSpec(shape=(8,), dtype="float32", unit="mm", axes=("spot",)),
    cost=Cost(price_eur=10.0, energy_j=0.01, time_s=0.02, source="assumed"),
    default_size="small",
    scene_fields=("thickness",),
    examples=({"thickness": [0.3, 0.8, 1.5, 2.0]},),
)

SMALL = EncoderSpec(
    name="$name-small",
    modality="$name",
    size="small",
    summary="one hidden layer of 16",
    factory="$package.encoder:Small",
)


@hookimpl
def register() -> list[Spec]:
    """Give the host every spec of this plugin."""
    return [MODALITY, SMALL]
'''

_MODALITY = '''\
"""Readings: what they are, how a network reads them, and how a sensor makes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from stillage.sensing.augment import View
from stillage.counter import normal, stream
from stillage.sensing.modality import Modality
from stillage.sensing.scene import Scene
from $package import plugin

NOISE_MM = 0.05


class $klass(Modality):
    """Distances (mm) to 8 spots, float32 ``(8,)``."""

    spec = plugin.MODALITY

    def prepare(self, raw: Tensor) -> Tensor:
        """Distances relative to their mean, float32 ``(B, 8)``."""
        return raw - raw.mean(1, keepdim=True)

    def augment(self, prepared: Tensor, view: View) -> Tensor:
        """A scale of 0.9 to 1.1 for each sample."""
        if view.identity:
            return prepared
        scale = 0.9 + 0.2 * view.uniform("$name-scale", 1)
        return prepared * prepared.new_tensor(scale)

    def render(self, scene: Scene, seed: int, samples: NDArray[np.int64] | None = None) -> Any:
        """Sensor model: a bump as high as the item's wall, with noise."""
        numbers = scene.sample_numbers(samples)
        bump = np.hanning(8)[None, :] * scene["thickness"][:, None]
        noise = normal(seed, numbers[:, None], stream("$name"), np.arange(8))
        return (100.0 - bump + NOISE_MM * noise).astype(np.float32)
'''

_ENCODER = '''\
"""How a network reads the prepared readings."""

from __future__ import annotations

from torch import Tensor, nn

from stillage.network.tokens import Tokens


class Small(nn.Module):
    """Prepared ``(B, *shape)`` to one token of width 16."""

    width = 16

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        size = 1
        for axis in shape:
            size *= axis
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(size, self.width), nn.ReLU())

    def forward(self, prepared: Tensor) -> Tokens:
        """Tokens ``(B, 1, 16)``."""
        return Tokens(self.layers(prepared).unsqueeze(1))
'''

_TEST = '''\
"""The plugin keeps every promise that Stillage relies on."""

from stillage.testing import check_modality


def test_conforms() -> None:
    check_modality("$name")
'''


def write_skeleton(name: str, folder: Path) -> list[Path]:
    """Write the package of a new plugin into ``folder``, which must be new or empty.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    BadInput
        If the name is unfit or taken, or the folder holds something or cannot be made.
    """
    package = f"stillage_{name.replace('-', '_')}"
    _check(name, package, folder)
    klass = "".join(part.capitalize() for part in name.split("-"))
    words = {
        "name": name,
        "package": package,
        "klass": f"{klass}Sensor" if klass in _TAKEN else klass,
        "version": version("stillage"),
    }
    files = {
        "pyproject.toml": _PYPROJECT,
        "README.md": _README,
        f"{package}/__init__.py": '"""The $name modality."""\n',
        f"{package}/plugin.py": _PLUGIN,
        f"{package}/modality.py": _MODALITY,
        f"{package}/encoder.py": _ENCODER,
        "tests/test_conforms.py": _TEST,
    }
    try:
        if folder.exists():
            folder.rmdir()
        with atomic_folder(folder) as part:
            for path, text in files.items():
                (part / path).parent.mkdir(parents=True, exist_ok=True)
                (part / path).write_text(Template(text).substitute(words), encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise BadInput(folder, reason, "a folder that can be made") from None
    return [folder / path for path in files]


def _check(name: str, package: str, folder: Path) -> None:
    """Refuse an unfit name, a taken name, or a folder that holds something."""
    if len(name) > MAX_NAME or not _NAME.fullmatch(name):
        shown = shorten(repr(name), 60)
        raise BadInput(f"plugin name {shown}", "an unfit name", "like 'sonar' or 'sonar-left'")
    host = get_host()
    taken = {spec.name for spec in host.specs(ModalitySpec)} | {s.name for s in host.statuses()}
    if name in taken or find_spec(package) is not None:
        raise BadInput(f"plugin name {name!r}", "a name that is taken", "one of your own")
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise BadInput(folder, "a file or a folder with files", "a new or empty folder")
