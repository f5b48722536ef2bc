"""Counts of multiply-accumulates against formulas written by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from stillage.perception.macs import count


def attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return (query @ key.transpose(-1, -2)).softmax(-1) @ value


class Plain(nn.Module):
    """Attention written with matrix products, without a module of its own."""

    def forward(self, x: Tensor) -> Tensor:
        return attention(x, x, x)


CASES: dict[str, tuple[nn.Module, list[tuple[int, ...]], int]] = {
    "linear": (nn.Linear(7, 5), [(1, 7)], 7 * 5),
    "linear of tokens": (nn.Linear(7, 5), [(1, 3, 7)], 3 * 7 * 5),
    "convolution": (nn.Conv2d(3, 8, 3, stride=2, padding=1), [(1, 3, 16, 12)], 8 * 6 * 8 * 27),
    "depthwise": (nn.Conv2d(8, 8, 3, padding=1, groups=8), [(1, 8, 5, 5)], 25 * 8 * 9),
    "one axis": (nn.Conv1d(2, 6, 7), [(1, 2, 30)], 24 * 6 * 14),
    "lstm": (
        nn.LSTM(5, 7, num_layers=2, bidirectional=True, batch_first=True),
        [(1, 11, 5)],
        11 * 2 * 4 * 7 * ((5 + 7) + (14 + 7)),
    ),
    "gru": (nn.GRU(5, 7, batch_first=True), [(1, 11, 5)], 11 * 3 * 7 * 12),
    "multi-head attention": (
        nn.MultiheadAttention(16, 4, batch_first=True),
        [(1, 6, 16)] * 3,
        4 * 6 * 16 * 16 + 2 * 6 * 6 * 16,
    ),
    "transformer block": (
        nn.TransformerEncoderLayer(16, 4, 32, batch_first=True),
        [(1, 6, 16)],
        4 * 6 * 16 * 16 + 2 * 6 * 6 * 16 + 2 * 6 * 16 * 32,
    ),
    "plain attention": (Plain(), [(1, 6, 16)], 2 * 6 * 6 * 16),
    "normalisation counts nothing": (nn.BatchNorm2d(4), [(1, 4, 8, 8)], 0),
}


@pytest.mark.parametrize("name", CASES)
def test_macs(name: str) -> None:
    module, shapes, macs = CASES[name]
    module = module.eval()
    assert count(module, [torch.zeros(shape) for shape in shapes]).macs == macs


def test_parameters_buffers_and_bytes() -> None:
    module = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)).eval()
    found = count(module, [torch.zeros(1, 3, 5, 5)])
    assert (found.parameters, found.weights, found.buffers) == (216 + 8 + 16, 216, 16)
    assert found.activations == 8 * 9
    assert found.moved_bytes("fp32") == 4 * (240 + 16) + 8 * 72
    assert found.moved_bytes("int8") == 216 + 4 * (24 + 16) + 2 * 72
