"""Standardise prepared samples with statistics of the training samples."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn


class Standardise(nn.Module):
    """A layer ``(x - mean) / std`` over elements or channels of prepared samples ``(B, *shape)``.

    Until :meth:`fit` statistics are 0 and 1. A constant element keeps std 1.

    Parameters
    ----------
    shape : tuple of int
        Shape of one prepared sample.
    mode : "element", "channel" or "none"
        One statistic per element, one per first axis, or none.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, shape: tuple[int, ...], mode: Literal["element", "channel", "none"] = "element"
    ) -> None:
        super().__init__()
        self.mode = mode
        kept = shape if mode == "element" else (shape[0], *[1] * (len(shape) - 1))
        self.kept = kept if mode != "none" else ()
        self.register_buffer("mean", torch.zeros(self.kept))
        self.register_buffer("std", torch.ones(self.kept))
        self.reset()

    def reset(self) -> None:
        """Forget the samples seen so far; the buffers stay until :meth:`finish`."""
        self._count = 0.0
        self._mean = torch.zeros(self.kept, dtype=torch.float64, device="cpu")
        self._squares = torch.zeros(self.kept, dtype=torch.float64, device="cpu")

    def forward(self, values: Tensor) -> Tensor:
        """Standardise values, same shape."""
        return values if self.mode == "none" else (values - self.mean) / self.std

    def inverse(self, values: Tensor) -> Tensor:
        """Turn standardised values back into prepared ones."""
        return values if self.mode == "none" else values * self.std + self.mean

    def update(self, values: Tensor) -> None:
        """Add prepared samples ``(B, *shape)``; sums are float64 (Chan et al. 1979)."""
        if self.mode == "none" or not len(values):
            return
        values = values.detach().to("cpu", torch.float64)
        # the batch, and the axes that share a channel's statistics
        axes = [0, *[a + 1 for a, n in enumerate(self.kept) if n == 1 and values.shape[a + 1] > 1]]
        count = float(values.numel() / max(self._mean.numel(), 1))
        mean = values.mean(axes, keepdim=True)
        squares = ((values - mean) ** 2).sum(axes, keepdim=True)[0]
        delta = mean[0] - self._mean
        total = self._count + count
        self._mean = self._mean + delta * (count / total)
        self._squares = self._squares + squares + delta**2 * (self._count * count / total)
        self._count = total

    def finish(self) -> None:
        """Set the buffers from the samples seen; without any they stay as they are.

        >>> scale = Standardise((1,))
        >>> scale.update(torch.tensor([[1.0], [3.0]])); scale.finish()
        >>> scale(torch.tensor([[4.0]])), float(scale.inverse(torch.tensor(2.0)))
        (tensor([[2.]]), 4.0)
        """
        if self._count:
            std = (self._squares / self._count).sqrt()
            # std of nothing but rounding; dividing by it would blow up the noise of a later sample
            constant = std <= 1e-6 * self._mean.abs().clamp(min=1e-6)
            self.mean.copy_(self._mean)
            self.std.copy_(torch.where(constant, torch.ones_like(std), std))
        self.reset()
