"""Blocks that the plugins build their encoders of."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from stillage.errors import BadInput
from stillage.network.blocks import Attention, Transformer, TransformerBlock, convolutions
from stillage.network.encoders import PatchEncoder


def test_strides_and_kernels_of_all_or_of_each() -> None:
    chain = convolutions(2, (4, 6), (1, 2), kernels=(3, 5))
    layers = [layer for layer in chain if isinstance(layer, nn.Conv2d)]
    assert [(n.in_channels, n.out_channels) for n in layers] == [(2, 4), (4, 6)]
    assert [n.stride for n in layers] == [(1, 1), (2, 2)]
    assert [n.padding for n in layers] == [(1, 1), (2, 2)]
    with pytest.raises(ValueError, match="zip"):
        convolutions(2, (4, 6), (1, 2, 2))


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(BadInput, match="3 heads of 8, expected heads that divide the width"):
        Attention(8, 3)
    with pytest.raises(BadInput, match="0 blocks"):
        Transformer(8, 2, depth=0)


def test_maps_are_those_that_made_the_values() -> None:
    torch.manual_seed(0)
    attention, tokens = Attention(8, 2), torch.randn(3, 5, 8)
    values, maps = attention(tokens)
    drawn = attention.project(tokens)[..., 16:].unflatten(-1, (2, 4))
    mixed = torch.einsum("bhqk,bkhd->bqhd", maps, drawn).flatten(2)
    torch.testing.assert_close(values, attention.join(mixed))


def test_dropout_is_for_training_only() -> None:
    torch.manual_seed(0)
    block, tokens = TransformerBlock(8, 2, dropout=0.5), torch.randn(3, 5, 8)
    assert not torch.equal(block(tokens)[0], block(tokens)[0])
    block.eval()
    assert torch.equal(block(tokens)[0], block(tokens)[0])


def test_a_picture_is_filled_to_whole_patches() -> None:
    torch.manual_seed(0)
    encoder = PatchEncoder((1, 5, 6), (2, 3), width=8, heads=2).eval()
    picture = torch.randn(2, 1, 5, 6)
    filled = nn.functional.pad(picture, (0, 0, 0, 1))
    whole = PatchEncoder((1, 6, 6), (2, 3), width=8, heads=2).eval()
    whole.load_state_dict(encoder.state_dict())
    assert torch.equal(encoder(picture).values, whole(filled).values)
