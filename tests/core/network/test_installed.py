"""Networks of the modalities that are installed, through the plugin host."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from stillage.errors import BadInput
from stillage.network import Network, NetworkConfig
from stillage.network.batch import Batch
from stillage.sensing.modality import get_modality
from tests.core.toys import TASKS


@pytest.mark.parametrize("fusion", ["concat", "gated"])
@pytest.mark.parametrize("size", ["linear", "small", "large"])
def test_networks_of_installed_modalities_run_and_come_back(
    tmp_path: Path, size: str, fusion: str
) -> None:
    names = ("led", "nir")
    shapes = {n: get_modality(n).sample.shape for n in names}
    dense = {n: tuple(s or 209 for s in shape) for n, shape in shapes.items()}
    config = NetworkConfig.model_validate(
        {
            "modalities": {n: {"size": size, "shape": dense[n]} for n in names},
            "tasks": TASKS,
            "fusion": {"name": fusion},
            "width": 0 if (size, fusion) == ("linear", "concat") else 16,
        }
    )
    network = Network(config, seed=1)
    draw = np.random.default_rng(0)
    raw = {}
    for name in names:
        dtype = get_modality(name).sample.dtype
        raw[name] = torch.from_numpy(draw.uniform(0.1, 0.9, (6, *dense[name])).astype(dtype))
    presence = {"led": torch.ones(6, dtype=torch.bool), "nir": torch.arange(6) < 3}
    batch = Batch(np.arange(6), raw, presence)
    network.fit_standardise([batch])
    network.eval()
    outputs = network(batch)
    assert [tuple(h.shape) for h in outputs.heads.values()] == [(6, 3), (6, 2), (6, 1)]
    raw["nir"][3:] = 0  # an absent reading of zeros must not become NaN either
    again = network(batch)
    assert torch.isfinite(again.features).all()
    assert torch.equal(again.features, outputs.features)
    network.save(tmp_path / "net")
    assert torch.equal(Network.load(tmp_path / "net")(batch).features, outputs.features)


def test_unknown_names_are_refused_by_the_host() -> None:
    base = {"modalities": {"led": {"size": "small", "shape": (8,)}}, "tasks": TASKS, "width": 4}
    for change in (
        {"fusion": {"name": "concatt"}},
        {"modalities": {"leds": {"size": "small", "shape": (8,)}}},
        {"modalities": {"led": {"size": "smal", "shape": (8,)}}},
    ):
        with pytest.raises(BadInput) as caught:
            Network(NetworkConfig.model_validate(base | change))
        assert "\n" not in str(caught.value)
