"""Fusions against hand-worked values; what is masked never matters."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from stillage.errors import BadInput
from stillage.network.fusion.base import Fusion
from stillage.network.fusion.concat import ConcatFusion
from stillage.network.fusion.gated import GatedFusion
from stillage.network.fusion.specs import SPECS
from stillage.network.tokens import Tokens
from stillage.plugin.spec import FusionSpec

WIDTHS = {"a": 2, "b": 3, "c": 2}


def made(name: str, width: int = 4) -> Fusion:
    torch.manual_seed(5)
    return ConcatFusion(WIDTHS, width) if name == "concat" else GatedFusion(WIDTHS, width)


def tokens(count: int = 6, length: int = 2) -> dict[str, Tokens]:
    torch.manual_seed(1)
    return {name: Tokens(torch.randn(count, length, width)) for name, width in WIDTHS.items()}


PRESENCE = torch.tensor(
    [[1, 1, 1], [1, 0, 1], [0, 1, 0], [0, 0, 1], [0, 0, 0], [1, 1, 0]], dtype=torch.bool
)


def poison(some: dict[str, Tokens], value: float) -> dict[str, Tokens]:
    """Other values wherever a modality is missing."""
    changed = {}
    for column, (name, real) in enumerate(some.items()):
        values = real.values.clone()
        values[~PRESENCE[:, column]] = value
        changed[name] = Tokens(values)
    return changed


@pytest.mark.parametrize("name", ["concat", "pass", "gated"])
@pytest.mark.parametrize("value", [1e6, float("nan"), float("inf")])
def test_perturbing_a_masked_modality_changes_nothing(name: str, value: float) -> None:
    fusion = made("concat", 0) if name == "pass" else made(name)
    for parameter in fusion.parameters():
        torch.nn.init.normal_(parameter)
    results: list[Tensor] = []
    gradients: list[list[Tensor]] = []
    for some in (tokens(), poison(tokens(), value)):
        fusion.zero_grad()
        fused = fusion(some, PRESENCE)
        fused.square().sum().backward()
        results.append(fused)
        gradients.append([p.grad.clone() for p in fusion.parameters() if p.grad is not None])
    assert torch.equal(results[0], results[1])
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))
    assert all(torch.isfinite(g).all() for g in gradients[1])


def test_zero_gate_is_the_mean_of_the_present() -> None:
    fusion = GatedFusion(WIDTHS, 4)
    torch.nn.init.zeros_(fusion.gate.weight)
    torch.nn.init.zeros_(fusion.gate.bias)
    some = tokens()
    hidden = [
        torch.tanh(unit(t.values.mean(1)))
        for unit, t in zip(fusion.units, some.values(), strict=True)
    ]
    fused = fusion(some, PRESENCE)
    torch.testing.assert_close(fused[0], torch.stack([h[0] for h in hidden]).mean(0))
    torch.testing.assert_close(fused[1], (hidden[0][1] + hidden[2][1]) / 2)
    torch.testing.assert_close(fused[2], hidden[1][2])


def test_all_missing_is_the_learnt_vector() -> None:
    gated = made("gated")
    assert isinstance(gated, GatedFusion)
    torch.nn.init.normal_(gated.nothing)
    torch.testing.assert_close(gated(tokens(), PRESENCE)[4], gated.nothing)
    concat = made("concat", 0)
    assert isinstance(concat, ConcatFusion)
    for token in concat.missing:
        torch.nn.init.normal_(token)
    torch.testing.assert_close(concat(tokens(), PRESENCE)[4], torch.cat(list(concat.missing)))


@pytest.mark.parametrize("name", ["concat", "gated"])
def test_left_out_equals_absent_and_none_equals_all_present(name: str) -> None:
    fusion = made(name)
    for parameter in fusion.parameters():
        torch.nn.init.normal_(parameter)
    some = tokens()
    mask = torch.ones(6, 3, dtype=torch.bool)
    torch.testing.assert_close(fusion(some), fusion(some, mask))
    mask[:, 1] = False
    without = {name: t for name, t in some.items() if name != "b"}
    assert torch.equal(fusion(without, mask), fusion(some, mask))
    with pytest.raises(ValueError, match="'b'"):
        fusion(without)


@pytest.mark.parametrize("name", ["concat", "gated"])
def test_missing_is_not_zero(name: str) -> None:
    fusion = made(name)
    for parameter in fusion.parameters():
        torch.nn.init.normal_(parameter)
    zeros = {n: Tokens(torch.zeros_like(t.values)) for n, t in tokens().items()}
    present, absent = torch.ones(6, 3, dtype=torch.bool), torch.ones(6, 3, dtype=torch.bool)
    absent[:, 0] = False
    assert not torch.allclose(fusion(zeros, present), fusion(zeros, absent))


def test_padding_tokens_stay_out() -> None:
    fusion = made("concat", 0)
    some = tokens(length=2)
    masked = {
        n: Tokens(torch.cat([t.values, torch.full_like(t.values, 9.0)], 1),
                  torch.tensor([[True, True, False, False]]).expand(6, 4))
        for n, t in some.items()
    }  # fmt: skip
    torch.testing.assert_close(fusion(masked), fusion(some))


def test_gated_needs_a_width() -> None:
    with pytest.raises(BadInput, match="width 0"):
        GatedFusion(WIDTHS, 0)


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.name)
def test_specs_resolve_and_their_examples_work(spec: FusionSpec) -> None:
    from importlib import import_module

    module, _, name = spec.factory.partition(":")
    for example in spec.examples:
        fusion = getattr(import_module(module), name)(**example)
        given = {n: Tokens(torch.randn(3, 1, w)) for n, w in example["widths"].items()}
        assert fusion(given, torch.ones(3, 2, dtype=torch.bool)).shape == (3, fusion.width)
