"""Count one inference's multiply-accumulates, parameters and activations.

Counting happens where torch dispatches operations, not at modules, so attention written
with plain matrix products counts like ``nn.MultiheadAttention``. Elementwise operations,
normalisation and pooling are no MACs and count nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

if TYPE_CHECKING:
    from collections.abc import Iterator


def _lstm(*args: Any, out_val: Any, **_: Any) -> int:
    """Count twice the MACs of one direction of one layer, as onednn runs it on the CPU."""
    del out_val
    inputs, weights = args[0], args[1:3]
    return 2 * int(inputs.shape[0] * inputs.shape[1]) * sum(int(w.numel()) for w in weights)


def _vector(matrix: Tensor, *_: Any, out_val: Any, **__: Any) -> int:
    del out_val
    return 2 * matrix.numel()


def _attention(query: Tensor, key: Tensor, value: Tensor, *_: Any, out_val: Any, **__: Any) -> int:
    del out_val
    rows = query.shape[0] * query.shape[1] * query.shape[2]
    return 2 * rows * key.shape[2] * (query.shape[3] + value.shape[3])


_aten = torch.ops.aten
_EXTRA: dict[Any, Callable[..., int]] = {
    _aten.mkldnn_rnn_layer: _lstm,
    _aten.mv: _vector,
    _aten.dot: _vector,
    _aten._scaled_dot_product_flash_attention_for_cpu: _attention,
}
"""Counters of operations that torch's registry lacks; they count twice the MACs, as it does."""


@dataclass(frozen=True)
class Counts:
    """The counts of one inference of one reading.

    Attributes
    ----------
    macs : int
        Multiply-accumulates.
    parameters : int
        Learnt numbers; ``weights`` are those in arrays of two or more axes.
    buffers : int
        Other floating-point numbers that a device must keep.
    activations : int
        Numbers in the results of the counted operations.
    """

    macs: int
    parameters: int
    weights: int
    buffers: int
    activations: int

    def moved_bytes(self, precision: str) -> int:
        """Count bytes through memory: what is kept once, activations written and read.

        In int8, weights and activations take one byte each, everything else four.

        >>> Counts(macs=0, parameters=10, weights=8, buffers=1, activations=3).moved_bytes("int8")
        26
        """
        kept = self.parameters + self.buffers
        if precision == "int8":
            return self.weights + 4 * (kept - self.weights) + 2 * self.activations
        return 4 * kept + 8 * self.activations


class _Counter(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.flops = 0
        self.outputs = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        packet = func._overloadpacket
        count = _EXTRA.get(packet) or flop_registry.get(packet)
        if count is None:
            with self:  # an operation made of others counts as those
                whole = func.decompose(*args, **kwargs)
            if whole is not NotImplemented:
                return whole
        result = func(*args, **kwargs)
        if count is not None:
            self.flops += int(count(*args, **kwargs, out_val=result))
            first = result[0] if isinstance(result, tuple | list) else result
            self.outputs += first.numel()
        return result


@contextmanager
def _plain_attention() -> Iterator[None]:
    """Turn off torch's fused attention layers, which would hide their products."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def count(module: nn.Module, inputs: Sequence[Tensor]) -> Counts:
    """Run ``module`` once on ``inputs`` (of one reading) and count.

    >>> layer = nn.Conv2d(3, 8, 3, padding=1)
    >>> count(layer, [torch.zeros(1, 3, 5, 5)])
    Counts(macs=5400, parameters=224, weights=216, buffers=0, activations=200)
    """
    counter = _Counter()
    with torch.no_grad(), _plain_attention(), counter:
        module(*inputs)
    buffers = {id(b): b for b in module.buffers() if b.is_floating_point()}
    return Counts(
        macs=counter.flops // 2,
        parameters=sum(p.numel() for p in module.parameters()),
        weights=sum(p.numel() for p in module.parameters() if p.ndim > 1),
        buffers=sum(b.numel() for b in buffers.values()),
        activations=counter.outputs,
    )
