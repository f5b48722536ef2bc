"""Wrap a network as one traceable module, from raw readings to outputs."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from stillage.network.heads import Head

if TYPE_CHECKING:
    from stillage.network.batch import Batch
    from stillage.network.network import Network


class ExportableModule(nn.Module):
    """A module of one graph: preparation, standardisation, encoders, fusion and heads.

    Inputs, in order: ``raw`` of the one modality, or ``raw, presence`` of each where there are
    several (presence: bool (B,)). Outputs: one per task (raw head outputs), then features.
    It works on a frozen copy of the network in which every head is one linear layer.

    Attributes
    ----------
    input_names, output_names : tuple of str
        Modality names (``<name>_presence`` for masks); targets, then ``features``.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        for index, head in enumerate(self.network.heads):
            if isinstance(head, Head):
                self.network.heads[index] = head.as_linear().requires_grad_(False)
        self.several = len(network.modalities) > 1
        names = [
            (name, f"{name}_presence") if self.several else (name,) for name in network.modalities
        ]
        self.input_names = tuple(n for pair in names for n in pair)
        self.output_names = (*[task.target for task in network.tasks], "features")
        self.eval()

    def inputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """Give the inputs of a batch of raw samples that carries every modality."""
        tensors: list[Tensor] = []
        for name in self.network.modalities:
            tensors.append(batch.raw[name])
            if self.several:
                tensors.append(batch.presence[name])
        return tuple(tensors)

    def example(self, count: int = 2) -> tuple[Tensor, ...]:
        """Make inputs of zeros, all present, to trace with."""
        import numpy as np

        tensors: list[Tensor] = []
        for name, chosen in self.network.config.modalities.items():
            dtype = self.network.readings[name].dense.dtype
            tensors.append(torch.from_numpy(np.zeros((count, *chosen.shape), dtype)))
            if self.several:
                tensors.append(torch.ones(count, dtype=torch.bool))
        return tuple(tensors)

    def dynamic_shapes(self) -> tuple[Any, ...]:
        """Give shapes for ``torch.onnx.export`` and ``torch.export``: the batch axis is free."""
        return (tuple({0: torch.export.Dim("batch")} for _ in self.input_names),)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        network = self.network
        step = 2 if self.several else 1
        values: dict[str, Tensor] = {}
        presence: dict[str, Tensor] = {}
        for index, name in enumerate(network.modalities):
            prepared = network.readings[name].prepare(inputs[step * index])
            values[name] = network.standards[index](prepared)
            if self.several:
                presence[name] = inputs[step * index + 1]
        features, _ = network.encode(values, presence or None)
        return (*[head(features) for head in network.heads], features)
