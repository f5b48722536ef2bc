"""Check what every fusion promises: any subset of modalities, and missing is not zero."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stillage.network.fusion.base import Fusion
from stillage.network.tokens import Tokens
from stillage.plugin.resolve import last_line, resolve
from stillage.plugin.spec import FusionSpec
from stillage.testing.parameters import demand_parameters
from stillage.testing.results import Failed, Result, demand, results_of
from stillage.testing.worker import in_worker

BATCH = 5
_OWN = ("widths", "width")
_DEFAULT_EXAMPLE = {"widths": {"a": 3, "b": 5}, "width": 4}


@dataclass(frozen=True)
class Fusing:
    """Hold a fusion in evaluation mode with random parameters, and tokens of all its modalities."""

    spec: FusionSpec
    fusion: Fusion
    tokens: dict[str, Tokens]

    def fuse(
        self, tokens: dict[str, Tokens] | None = None, presence: Tensor | None = None
    ) -> Tensor:
        """Fused features of these tokens (or of all)."""
        given = self.tokens if tokens is None else tokens
        fused: Tensor = self.fusion(given, presence)
        return fused

    def all_but(self, column: int) -> Tensor:
        """A presence mask in which one modality is missing."""
        mask = torch.ones(BATCH, len(self.tokens), dtype=torch.bool)
        mask[:, column] = False
        return mask


def _filled(tokens: Tokens, value: float) -> Tokens:
    return Tokens(torch.full_like(tokens.values, value), tokens.mask)


def parameters_agree(case: Fusing) -> None:
    """The factory takes the parameters that the spec declares, with these defaults."""
    demand_parameters(case.spec, _OWN)


def gives_features(case: Fusing) -> None:
    """forward() gives finite float32 features (B, width)."""
    fused = case.fuse()
    wanted = (BATCH, case.fusion.width)
    demand(
        tuple(fused.shape) == wanted,
        f"shape {tuple(fused.shape)}, not {wanted}",
        "self.width differs from what forward() gives",
    )
    demand(fused.dtype == torch.float32, f"{fused.dtype}", "a float64 constant")
    demand(bool(fused.isfinite().all()), "NaN or infinity", "a division by a sum of zero")


def presence_all_true_is_none(case: Fusing) -> None:
    """A mask of all present equals no mask."""
    mask = torch.ones(BATCH, len(case.tokens), dtype=torch.bool)
    demand(
        bool(torch.allclose(case.fuse(), case.fuse(presence=mask), atol=1e-6)),
        "the features differ",
        "a mask that is applied the wrong way round",
    )


def absent_values_never_matter(case: Fusing) -> None:
    """What an absent modality's tokens hold, even NaN, does not change the result."""
    for column, name in enumerate(case.tokens):
        mask = case.all_but(column)
        results = [
            case.fuse({**case.tokens, name: _filled(case.tokens[name], value)}, mask)
            for value in (0.0, 7.0, float("nan"))
        ]
        demand(
            all(bool(torch.equal(results[0], other)) for other in results[1:]),
            f"the features change with the values of the missing {name!r}",
            "a multiplication by the mask, which keeps NaN; use torch.where or pooled()",
        )


def leaving_out_is_absent(case: Fusing) -> None:
    """A modality left out of the tokens equals one whose mask is False."""
    for column, name in enumerate(case.tokens):
        mask = case.all_but(column)
        rest = {other: tokens for other, tokens in case.tokens.items() if other != name}
        demand(
            bool(torch.allclose(case.fuse(rest, mask), case.fuse(presence=mask), atol=1e-6)),
            f"the features differ without {name!r}",
            "columns of the mask taken from tokens.keys(), not from self.widths",
        )


def missing_is_not_zero(case: Fusing) -> None:
    """A missing modality is told from one whose tokens are zero."""
    for column, name in enumerate(case.tokens):
        zero = case.fuse({**case.tokens, name: _filled(case.tokens[name], 0.0)})
        demand(
            not torch.allclose(zero, case.fuse(presence=case.all_but(column)), atol=1e-7),
            f"missing {name!r} gives what zero tokens give",
            "zeros filled in for what is missing; learn a token for it, or mask its weight",
        )


def nothing_present_is_finite(case: Fusing) -> None:
    """Samples of which nothing is present give finite features."""
    mask = torch.zeros(BATCH, len(case.tokens), dtype=torch.bool)
    demand(
        bool(case.fuse(presence=mask).isfinite().all()),
        "NaN or infinity",
        "a softmax over nothing, or a mean over a count of zero",
    )


def fuses_samples_independently(case: Fusing) -> None:
    """A sample's features do not depend on its batch."""
    single = {
        name: Tokens(tokens.values[1:2], None if tokens.mask is None else tokens.mask[1:2])
        for name, tokens in case.tokens.items()
    }
    demand(
        bool(torch.allclose(case.fuse()[1:2], case.fuse(single), atol=1e-5)),
        "the features differ",
        "statistics over the batch axis",
    )


def fuses_empty_batch(case: Fusing) -> None:
    """An empty batch gives no features."""
    none = {
        name: Tokens(tokens.values[:0], None if tokens.mask is None else tokens.mask[:0])
        for name, tokens in case.tokens.items()
    }
    fused = case.fuse(none)
    demand(
        tuple(fused.shape) == (0, case.fusion.width),
        f"shape {tuple(fused.shape)}",
        "a reshape(len(values), -1), which cannot infer a size; name every size",
    )


def fuses_repeatably(case: Fusing) -> None:
    """In evaluation, the same tokens give the same features every time."""
    demand(
        bool(torch.equal(case.fuse(), case.fuse())),
        "two calls differ",
        "dropout by functional.dropout without training=self.training, or another random draw",
    )


def _features(fusion: Fusion, tokens: dict[str, Any]) -> Any:
    given = {name: Tokens(torch.from_numpy(values)) for name, values in tokens.items()}
    with torch.no_grad():
        return fusion(given, None).numpy()


def fuses_in_a_worker(case: Fusing) -> None:
    """The fusion can be pickled to a fresh process and gives the same features there."""
    tokens = {name: part.values.numpy() for name, part in case.tokens.items()}
    there = in_worker(_features, "", case.fusion, tokens)
    demand(
        bool(np.allclose(there, _features(case.fusion, tokens), atol=1e-5, rtol=1e-5)),
        "the features differ",
        "state that is not pickled with the module",
    )


def gradients_reach_all(case: Fusing) -> None:
    """Gradients reach every parameter and every modality's tokens."""
    case.fusion.zero_grad()
    leaves = {n: t.values.clone().requires_grad_() for n, t in case.tokens.items()}
    tokens = {name: Tokens(values, case.tokens[name].mask) for name, values in leaves.items()}
    masks = [torch.ones(BATCH, len(tokens), dtype=torch.bool)]
    masks += [case.all_but(column) for column in range(len(tokens))]
    masks += [torch.zeros_like(masks[0])]
    total = torch.zeros(())
    for mask in masks:
        total = total + (case.fuse(tokens, mask) - 0.3).square().sum()
    torch.autograd.backward(total)
    named = {
        **dict(case.fusion.named_parameters()),
        **{f"tokens {n}": v for n, v in leaves.items()},
    }
    cut = [name for name, tensor in named.items() if tensor.grad is None]
    demand(not cut, f"none at {', '.join(cut)}", "a detached tensor or an unused parameter")


def state_survives(case: Fusing) -> None:
    """Weights saved and loaded (weights_only) give the same features."""
    file = io.BytesIO()
    torch.save(case.fusion.state_dict(), file)
    file.seek(0)
    mask = case.all_but(0)
    before = case.fuse(presence=mask)
    with torch.no_grad():
        for parameter in case.fusion.parameters():
            parameter.add_(1.0)
    case.fusion.load_state_dict(torch.load(file, weights_only=True))
    demand(
        bool(torch.equal(before, case.fuse(presence=mask))),
        "the features differ",
        "state in plain attributes; use register_buffer or a Parameter",
    )


FUSION_CHECKS = (
    parameters_agree,
    gives_features,
    presence_all_true_is_none,
    absent_values_never_matter,
    leaving_out_is_absent,
    missing_is_not_zero,
    nothing_present_is_finite,
    fuses_samples_independently,
    fuses_empty_batch,
    fuses_repeatably,
    fuses_in_a_worker,
    gradients_reach_all,
    state_survives,
)


def fusion_results(spec: FusionSpec) -> Iterator[Result]:
    """The result of every promise of a fusion, on each of its spec's examples."""
    for number, example in enumerate(spec.examples or (_DEFAULT_EXAMPLE,)):
        prefix = f"example {number}: " if len(spec.examples) > 1 else ""
        made = f"{prefix}the factory gives a Fusion"
        try:
            fusion = resolve(spec.factory)(**example)
        except Exception as error:
            yield Failed(made, f"raised {last_line(error)}")
            continue
        if not isinstance(fusion, Fusion):
            yield Failed(made, f"it gave a {type(fusion).__name__}")
            continue
        yield from results_of(FUSION_CHECKS, _case(spec, fusion), prefix=prefix)


def _case(spec: FusionSpec, fusion: Fusion) -> Fusing:
    """Random parameters, since what is learnt may well start at zero; two tokens a sample."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in fusion.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
    tokens = {
        name: Tokens(torch.randn(BATCH, 2, width, generator=generator))
        for name, width in fusion.widths.items()
    }
    return Fusing(spec, fusion.eval(), tokens)
