"""Pruning: silent channels leave without a trace, and nothing is broken silently."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from stillage.bundle.runtime import Bundle
from stillage.errors import BadInput
from stillage.exporting import TraceCache, export
from stillage.exporting.prune import groups, prune, restate, scores
from stillage.network import Network
from stillage.perception.macs import count
from tests.core.exporting.conftest import HOST, batch_of, readings, student


def cnn() -> nn.Sequential:
    """Every kind of member that a group may have."""
    torch.manual_seed(0)
    chain = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 10, 3, padding=1, bias=False), nn.BatchNorm2d(10), nn.ReLU()),
        nn.Conv2d(10, 10, 3, padding=1, groups=10),
        nn.BatchNorm2d(10),
        nn.GELU(),
        nn.Conv2d(10, 20, 3, stride=2),
        nn.SiLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(20 * 3 * 3, 30),
        nn.BatchNorm1d(30),
        nn.ReLU(),
        nn.Linear(30, 5),
    )
    for layer in chain.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.get_buffer("running_mean"))
            nn.init.uniform_(layer.get_buffer("running_var"), 0.5, 2.0)
    return chain.eval()


def silence(chain: nn.Module, share: float) -> None:
    """Zero filters, biases, gammas and betas of a share of every group's channels."""
    with torch.no_grad():
        for group in groups(chain):
            gone = torch.randperm(group.channels)[: int(share * group.channels + 1e-9)]
            for layer in (group.producer, *group.passed):
                for value in (layer.weight, layer.bias):
                    if isinstance(value, Tensor):
                        value[gone] = 0.0


def test_silent_channels_leave_and_the_output_is_identical() -> None:
    chain = cnn()
    silence(chain, 0.3)
    x = torch.randn(4, 3, 16, 16)
    before = chain(x)
    done = prune(chain, 0.3, (x,))
    assert (done.channels_before, done.channels_after) == (10 + 20 + 30, 7 + 14 + 21)
    torch.testing.assert_close(chain(x), before, rtol=1e-5, atol=1e-6)
    assert chain[8].in_features == 14 * 9
    assert chain[1].groups == 7


def test_speaking_channels_change_the_output_and_the_work_shrinks() -> None:
    chain = cnn()
    x = torch.randn(1, 3, 16, 16)
    before, work = chain(x), count(chain, (x,))
    prune(chain, 0.5, (x,))
    assert not torch.allclose(chain(x), before)
    assert count(chain, (x,)).macs < 0.55 * work.macs
    assert count(chain, (x,)).parameters < 0.55 * work.parameters


def test_the_weakest_channels_leave() -> None:
    chain = cnn()
    group = groups(chain)[1]
    with torch.no_grad():
        group.producer.get_parameter("weight")[4] *= 0.01
    assert int(scores(group).argmin()) == 4


class Tapped(nn.Module):
    """Uses a layer inside the chain a second time."""

    def __init__(self) -> None:
        super().__init__()
        self.chain = cnn()
        self.head = nn.Linear(10, 2)

    def forward(self, x: Tensor) -> Tensor:
        tapped: Tensor = self.head(self.chain[0](x).mean((2, 3)))
        whole: Tensor = self.chain(x)
        return whole[:, :2] + tapped


def test_channels_used_elsewhere_are_refused() -> None:
    with pytest.raises(BadInput, match="used outside their chain"):
        prune(Tapped().eval(), 0.3, (torch.randn(1, 3, 16, 16),))


def test_shared_layers_and_single_layers_are_left_whole() -> None:
    layer = nn.Linear(4, 4)
    shared = nn.Sequential(layer, nn.ReLU(), layer)
    assert groups(shared) == []
    with pytest.raises(BadInput, match="no chain of layers"):
        prune(nn.Sequential(nn.Linear(3, 4), nn.ReLU()), 0.3, (torch.zeros(1, 3),))


@pytest.mark.parametrize("ratio", [-0.1, 1.0, float("nan")])
def test_a_share_out_of_range_is_refused(ratio: float) -> None:
    with pytest.raises(BadInput, match="a share of channels"):
        prune(cnn(), ratio, (torch.zeros(1, 3, 16, 16),))


def test_a_pruned_student_is_smaller_and_says_how_far_it_moved(
    tmp_path: Path, photo_bundle: Path, traces: TraceCache
) -> None:
    network = student()
    fingerprint = network.fingerprint()
    manifest = export(
        network,
        tmp_path / "b",
        prune=0.3,
        calibration=readings(("photo",)),
        cache=traces,
        runs=5,
        host=HOST,
    )
    assert network.fingerprint() == fingerprint, "the student handed over stays whole"
    whole = json.loads((photo_bundle / "manifest.json").read_text())
    assert manifest["macs"] < 0.75 * whole["macs"]
    assert manifest["size_bytes"]["int8"] < whole["size_bytes"]["int8"]
    pruning = manifest["pruning"]
    assert pruning["channels_after"] < pruning["channels_before"] == 4 + 8 + 12
    assert pruning["redistilled"] is False
    assert pruning["against_unpruned"]["wear"]["rms_difference"] > 0
    some = readings(("photo",), 8)
    said = Bundle.open(tmp_path / "b").predict(some.raw)
    assert said["material"].shape == (8, 3)


def test_a_pruned_student_can_be_trained_again(tmp_path: Path, traces: TraceCache) -> None:
    some = readings(("photo",))
    reference = student()
    with torch.inference_mode():
        want = reference(batch_of(some)).heads["material"].clone()

    def redistil(network: Network) -> None:
        optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
        for _ in range(60):
            optimiser.zero_grad()
            (network(batch_of(some)).heads["material"] - want).square().mean().backward()
            optimiser.step()

    far = {}
    for name, train in (("plain", None), ("again", redistil)):
        manifest = export(
            reference,
            tmp_path / name,
            prune=0.5,
            calibration=some,
            redistil=train,
            cache=traces,
            int8=False,
            runs=5,
            host=HOST,
        )
        assert manifest["pruning"]["redistilled"] is (train is not None)
        far[name] = manifest["pruning"]["against_unpruned"]["material"]["max_abs_difference"]
    assert far["again"] < 0.5 * far["plain"]


def test_restated_statistics_are_those_of_what_is_seen() -> None:
    torch.manual_seed(1)
    chain = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()).eval()
    x = 5 + 3 * torch.randn(32, 3, 8, 8)
    weights = {name: p.clone() for name, p in chain.named_parameters()}
    assert restate(chain, (x,)) == 1
    seen = chain[0](x).detach()
    torch.testing.assert_close(chain[1].running_mean, seen.mean((0, 2, 3)))
    torch.testing.assert_close(chain[1].running_var, seen.var((0, 2, 3)))
    assert not chain[1].training
    assert all(torch.equal(p, weights[name]) for name, p in chain.named_parameters())
