"""What every encoder promises."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from stillage.plugin.resolve import last_line, resolve
from stillage.plugin.spec import EncoderSpec
from stillage.testing.results import Failed, Result, demand, results_of
from stillage.tokens import Tokens


@dataclass(frozen=True)
class Encoding:
    """An encoder in evaluation mode, and prepared samples ``(B, *prepared)``."""

    encoder: nn.Module
    prepared: Tensor


def gives_tokens(case: Encoding) -> None:
    """forward() gives finite float32 Tokens (B, N, width)."""
    tokens = case.encoder(case.prepared)
    demand(isinstance(tokens, Tokens), f"a {type(tokens).__name__}", "a bare tensor returned")
    width = getattr(case.encoder, "width", None)
    demand(isinstance(width, int), f"width {width!r}", "no `self.width` set in __init__")
    shape = tuple(tokens.values.shape)
    demand(
        len(shape) == 3 and shape[0] == len(case.prepared) and shape[2] == width,
        f"values of shape {shape}, width {width}",
        "a missing token axis; a single token needs .unsqueeze(1)",
    )
    demand(tokens.values.dtype == torch.float32, f"{tokens.values.dtype}", "float64 weights")
    demand(bool(tokens.values.isfinite().all()), "NaN or infinity", "a division by zero")
    if tokens.mask is not None:
        demand(
            tokens.mask.dtype == torch.bool and tuple(tokens.mask.shape) == shape[:2],
            f"mask {tokens.mask.dtype} {tuple(tokens.mask.shape)}",
            "a mask that is not bool (B, N), True where a token is real",
        )


def encodes_samples_independently(case: Encoding) -> None:
    """In evaluation, a sample's tokens do not depend on its batch."""
    whole = case.encoder(case.prepared).values
    single = case.encoder(case.prepared[1:2]).values
    demand(
        bool(torch.allclose(whole[1:2], single, atol=1e-4, rtol=1e-4)),
        "the tokens differ",
        "statistics over the batch, e.g. a BatchNorm without running statistics",
    )


def gradients_reach_parameters(case: Encoding) -> None:
    """Gradients reach every parameter."""
    case.encoder.zero_grad()
    values = case.encoder(case.prepared).values
    parameters = dict(case.encoder.named_parameters())
    if not parameters:
        return
    weight = torch.linspace(-1.0, 1.0, values.numel()).reshape(values.shape)
    ((values - weight) ** 2).sum().backward()
    cut = [name for name, p in parameters.items() if p.requires_grad and p.grad is None]
    demand(
        not cut,
        f"none at {', '.join(cut)}",
        "a layer that forward() does not use, or a .detach() before it",
    )
    grads = [p.grad for p in parameters.values() if p.grad is not None]
    demand(
        any(bool((grad != 0).any()) for grad in grads),
        "all gradients are zero",
        "an activation that is dead from the start",
    )


def state_survives(case: Encoding) -> None:
    """Weights saved and loaded (weights_only) give the same tokens."""
    file = io.BytesIO()
    torch.save(case.encoder.state_dict(), file)
    file.seek(0)
    before = case.encoder(case.prepared).values
    with torch.no_grad():
        for parameter in case.encoder.parameters():
            parameter.add_(1.0)
    case.encoder.load_state_dict(torch.load(file, weights_only=True))
    demand(
        bool(torch.equal(before, case.encoder(case.prepared).values)),
        "the tokens differ",
        "state in plain attributes; use register_buffer or a Parameter",
    )


ENCODER_CHECKS = (
    gives_tokens,
    encodes_samples_independently,
    gradients_reach_parameters,
    state_survives,
)


def encoder_results(spec: EncoderSpec, prepared: Tensor) -> Iterator[Result]:
    """The result of every promise of an encoder, on prepared samples of its modality."""
    prefix = f"encoder {spec.name}: "
    example = next(iter(spec.examples), {})
    parameters = {name: value for name, value in example.items() if name != "shape"}
    shape = tuple(int(size) for size in prepared.shape[1:])
    try:
        encoder = resolve(spec.factory)(shape, **parameters)
    except Exception as error:
        yield Failed(f"{prefix}the factory takes the prepared shape", f"raised {last_line(error)}")
        return
    if not isinstance(encoder, nn.Module):
        yield Failed(f"{prefix}the factory gives a module", f"it gave {type(encoder).__name__}")
        return
    yield from results_of(ENCODER_CHECKS, Encoding(encoder.eval(), prepared), prefix=prefix)
