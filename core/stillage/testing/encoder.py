"""The promises of encoders, and how they are checked."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stillage.network.tokens import Tokens
from stillage.plugin.resolve import last_line, resolve
from stillage.plugin.spec import EncoderSpec
from stillage.testing.results import Failed, Result, demand, results_of
from stillage.testing.worker import in_worker


@dataclass(frozen=True)
class Encoding:
    """An encoder in evaluation mode, prepared samples ``(B, *prepared)``, and its maker."""

    encoder: nn.Module
    prepared: Tensor
    make: Callable[[], nn.Module]


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


def encodes_empty_batch(case: Encoding) -> None:
    """An empty batch gives no tokens."""
    values = case.encoder(case.prepared[:0]).values
    wanted = (0, *case.encoder(case.prepared).values.shape[1:])
    demand(
        tuple(values.shape) == wanted,
        f"shape {tuple(values.shape)}, not {wanted}",
        "a reshape(len(prepared), -1), which cannot infer a size; name every size",
    )


def encodes_missing_samples(case: Encoding) -> None:
    """A missing sample (all zero) gives finite tokens and leaves its neighbours' alone."""
    holes = case.prepared.clone()
    holes[::2] = 0
    values, whole = case.encoder(holes).values, case.encoder(case.prepared).values
    demand(
        bool(values.isfinite().all()),
        "NaN or infinity",
        "a norm, a variance or a softmax over nothing; clamp what is divided by",
    )
    demand(
        bool(torch.allclose(values[1::2], whole[1::2], atol=1e-4, rtol=1e-4)),
        "the tokens of the others change",
        "a scale over the batch, which missing samples change",
    )


def encodes_repeatably(case: Encoding) -> None:
    """In evaluation, the same sample gives the same tokens every time."""
    first, second = (case.encoder(case.prepared).values for _ in range(2))
    demand(
        bool(torch.equal(first, second)),
        "two calls differ",
        "dropout by functional.dropout without training=self.training, or another random draw",
    )


def attention_is_stochastic(case: Encoding) -> None:
    """Attention maps, where given, are (B, H, N, N) and their rows sum to 1."""
    tokens = case.encoder(case.prepared)
    batch, count = tokens.values.shape[:2]
    demand(
        isinstance(tokens.attention, tuple),
        f"attention is a {type(tokens.attention).__name__}",
        "a bare tensor; give a tuple with one map for each block",
    )
    for number, maps in enumerate(tokens.attention):
        shape = tuple(maps.shape)
        demand(
            len(shape) == 4 and shape[0] == batch and shape[2:] == (count, count),
            f"map {number} of shape {shape} for {count} tokens",
            "heads already averaged, or maps of other tokens than those given",
        )
        rows = maps.movedim(1, 3) if tokens.mask is None else maps.movedim(1, 3)[tokens.mask]
        sums = rows.sum(-2).detach()
        demand(
            bool((maps >= 0).all()) and bool(torch.allclose(sums, sums.new_ones(()), atol=1e-4)),
            f"rows of map {number} sum to {float(sums.min()):.3g} .. {float(sums.max()):.3g}",
            "scores before the softmax, a softmax over the wrong axis, or dropout on the maps",
        )


def seed_gives_weights(case: Encoding) -> None:
    """The same torch seed gives the same initial weights."""
    states = []
    for _ in range(2):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(7)
            states.append(case.make().state_dict())
    same = all(bool(torch.equal(states[0][name], states[1][name])) for name in states[0])
    demand(
        same,
        "the weights differ",
        "weights drawn from NumPy or from a generator of its own; use torch's initialisers",
    )


def _tokens(encoder: nn.Module, prepared: NDArray[Any]) -> NDArray[Any]:
    with torch.no_grad():
        return np.asarray(encoder(torch.from_numpy(prepared)).values.numpy())


def encodes_in_a_worker(case: Encoding) -> None:
    """The encoder can be pickled to a fresh process and gives the same tokens there."""
    prepared = case.prepared.numpy()
    there = in_worker(_tokens, "", case.encoder, prepared)
    demand(
        bool(np.allclose(there, _tokens(case.encoder, prepared), atol=1e-5, rtol=1e-5)),
        "the tokens differ",
        "state that is not pickled with the module",
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
    encodes_empty_batch,
    encodes_missing_samples,
    encodes_repeatably,
    attention_is_stochastic,
    seed_gives_weights,
    encodes_in_a_worker,
    gradients_reach_parameters,
    state_survives,
)


def encoder_results(spec: EncoderSpec, prepared: Tensor) -> Iterator[Result]:
    """Give the result of every promise of an encoder, on prepared samples of its modality."""
    prefix = f"encoder {spec.name}: "
    example = next(iter(spec.examples), {})
    parameters = {name: value for name, value in example.items() if name != "shape"}
    shape = tuple(int(size) for size in prepared.shape[1:])

    def make() -> Any:
        return resolve(spec.factory)(shape, **parameters)

    try:
        encoder = make()
    except Exception as error:
        yield Failed(f"{prefix}the factory takes the prepared shape", f"raised {last_line(error)}")
        return
    if not isinstance(encoder, nn.Module):
        yield Failed(f"{prefix}the factory gives a module", f"it gave {type(encoder).__name__}")
        return
    yield from results_of(
        ENCODER_CHECKS, Encoding(encoder.eval(), prepared.detach(), make), prefix=prefix
    )
