"""Encoders of series: cells are those of torch, and a causal network is causal."""

from __future__ import annotations

import torch

from stillage_sensors.encoders import Cell, SmallTcn


def test_cells_are_those_of_torch() -> None:
    steps = torch.randn(3, 7, 5)
    for kind, module in (("lstm", torch.nn.LSTM), ("gru", torch.nn.GRU)):
        cell, peer = Cell(kind, 5, 4), module(5, 4, batch_first=True)
        peer.load_state_dict(
            {
                "weight_ih_l0": cell.weight_inputs,
                "weight_hh_l0": cell.weight_state,
                "bias_ih_l0": cell.bias_inputs,
                "bias_hh_l0": cell.bias_state,
            }
        )
        torch.testing.assert_close(cell(steps), peer(steps)[0])


def test_causal_network_does_not_see_its_future() -> None:
    torch.manual_seed(0)
    tcn = SmallTcn((2, 48)).eval()
    series = torch.randn(1, 2, 40)
    later = series.clone()
    later[:, :, 25:] += 1.0
    with torch.inference_mode():
        before, after = tcn.states(series), tcn.states(later)
    assert torch.equal(before[:, :, :25], after[:, :, :25])
    assert not torch.equal(before[:, :, 25:], after[:, :, 25:])
