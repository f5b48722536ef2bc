"""Structured pruning: remove whole channels, with everything that depends on them.

A channel belongs to a dependency group: the filter that makes it, the normalisation and
depthwise filters that it passes, and the weights that read it. Groups are read off
``nn.Sequential`` chains of convolutions, linear layers, batch normalisation, activations
with f(0) = 0, pooling and flattening, where data flow is the order of the layers. Whatever
else a network holds is left whole. A channel is scored by the mean L2 norm over its group,
each layer in units of its own mean (after Li et al. 2017, arXiv 1608.08710, and the group
norms of DepGraph, Fang et al. 2023, arXiv 2301.12900).
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from stillage.errors import BadInput

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_THROUGH = (
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.GELU, nn.SiLU, nn.Hardswish, nn.ELU, nn.Tanh),
    *(nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d),
    *(nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d),
    *(nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d),
)


@dataclass(frozen=True)
class Group:
    """A dependency group: a producer's channels, the layers they pass, and their consumer.

    ``repeat`` is how many inputs of the consumer each channel becomes (flattening maps a
    channel to height x width columns).
    """

    producer: nn.Module
    passed: tuple[nn.Module, ...]
    consumer: nn.Module
    repeat: int

    @property
    def channels(self) -> int:
        """Output channels of the producer."""
        return len(_weight(self.producer))


@dataclass(frozen=True)
class Pruned:
    """The result of pruning, before any further training.

    Attributes
    ----------
    channels_before, channels_after : int
        Channels of all prunable layers.
    """

    channels_before: int
    channels_after: int


def _weight(layer: nn.Module) -> Tensor:
    weight = layer.weight
    assert isinstance(weight, Tensor)  # noqa: S101 - layers of the kinds above have one
    return weight


def _flat(chain: nn.Sequential) -> Iterator[nn.Module]:
    for layer in chain:
        if isinstance(layer, nn.Sequential):
            yield from _flat(layer)
        else:
            yield layer


def _depthwise(layer: nn.Module) -> bool:
    return (
        isinstance(layer, _CONVOLUTIONS) and layer.groups == layer.in_channels == layer.out_channels
    )


def groups(network: nn.Module) -> list[Group]:
    """Find the dependency groups of a network's sequential chains; shared layers are left out.

    >>> chain = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 3))
    >>> [(group.channels, len(group.passed), group.repeat) for group in groups(chain)]
    [(8, 1, 1)]
    """
    uses = Counter(id(m) for _, m in network.named_modules(remove_duplicate=False))
    owners = Counter(id(p) for _, p in network.named_parameters(remove_duplicate=False))
    nested = {id(c) for m in network.modules() if isinstance(m, nn.Sequential) for c in m}
    found: list[Group] = []
    for chain in network.modules():
        if not isinstance(chain, nn.Sequential) or id(chain) in nested:
            continue
        producer: nn.Module | None = None
        passed: list[nn.Module] = []
        flattened = False
        for layer in _flat(chain):
            # a layer or a weight that is used twice has consumers that this chain does not show
            once = uses[id(layer)] == 1 and all(owners[id(p)] == 1 for p in layer.parameters())
            plain = isinstance(layer, nn.Linear) or (
                isinstance(layer, _CONVOLUTIONS) and layer.groups == 1
            )
            if once and plain:
                if producer is not None:
                    group = _group(producer, passed, layer, flattened)
                    found += [group] if group else []
                producer, passed, flattened = layer, [], False
            elif once and (isinstance(layer, _NORMS) or _depthwise(layer)) and not flattened:
                passed.append(layer)
            elif isinstance(layer, nn.Flatten) and (layer.start_dim, layer.end_dim) == (1, -1):
                flattened = True
            elif not isinstance(layer, _THROUGH):
                producer = None
    return found


def _group(
    producer: nn.Module, passed: list[nn.Module], consumer: nn.Module, flattened: bool
) -> Group | None:
    made, read = len(_weight(producer)), _weight(consumer).shape[1]
    if read % made or (read != made and not flattened):
        return None
    if isinstance(producer, nn.Linear) != isinstance(consumer, nn.Linear) and not flattened:
        return None
    if any(len(_weight(layer)) != made for layer in passed if layer.weight is not None):
        return None
    return Group(producer, tuple(passed), consumer, read // made)


def scores(group: Group) -> Tensor:
    """Score each channel: mean over the group of L2 norms, in units of each layer's own mean."""
    made = _weight(group.producer).detach().flatten(1).norm(dim=1)
    read = _weight(group.consumer).detach().transpose(0, 1)
    norms = [made, read.reshape(group.channels, -1).norm(dim=1)]
    for layer in group.passed:
        if layer.weight is not None:
            norms.append(_weight(layer).detach().reshape(group.channels, -1).norm(dim=1))
    return torch.stack([n / n.mean().clamp(min=1e-12) for n in norms]).mean(0)


def _keep(layer: nn.Module, name: str, kept: Tensor, axis: int = 0) -> None:
    value = getattr(layer, name, None)
    if value is None or not value.ndim:
        return
    cut = value.detach().index_select(axis, kept).clone()
    if isinstance(value, nn.Parameter):
        cut = nn.Parameter(cut, requires_grad=value.requires_grad)
    setattr(layer, name, cut)


def _cut(group: Group, kept: Tensor) -> None:
    count = len(kept)
    for layer in (group.producer, *group.passed):
        for name in ("weight", "bias", "running_mean", "running_var"):
            _keep(layer, name, kept)
        if isinstance(layer, _NORMS):
            layer.num_features = count
        elif isinstance(layer, nn.Linear):
            layer.out_features = count
        elif isinstance(layer, _CONVOLUTIONS):
            layer.out_channels = count
            # depthwise: each channel reads its own filter's input alone
            if layer.groups > 1:
                layer.groups = layer.in_channels = count
    columns = (kept[:, None] * group.repeat + torch.arange(group.repeat)).flatten()
    _keep(group.consumer, "weight", columns, axis=1)
    if isinstance(group.consumer, nn.Linear):
        group.consumer.in_features = len(columns)
    elif isinstance(group.consumer, _CONVOLUTIONS):
        group.consumer.in_channels = len(columns)


def _silence(group: Group, kept: Tensor) -> None:
    """Zero the channels that are to leave: filter, bias, gamma, beta, all that reads them."""
    gone = torch.ones(group.channels, dtype=torch.bool)
    gone[kept] = False
    with torch.no_grad():
        for layer in (group.producer, *group.passed):
            for name in ("weight", "bias"):
                value = getattr(layer, name, None)
                if value is not None:
                    value[gone] = 0.0
        _weight(group.consumer)[:, gone.repeat_interleave(group.repeat)] = 0.0


def prune(module: nn.Module, ratio: float, example: tuple[Tensor, ...]) -> Pruned:
    """Remove ``ratio`` of the channels of every group, the least important first, in place.

    The result is checked on ``example``: it must equal the network in which those channels
    are zero. So a network that uses a chain in a way that its layers do not show is refused
    instead of broken.

    Parameters
    ----------
    module : nn.Module
        In ``eval`` mode.
    ratio : float
        In [0, 1); at least one channel of each layer stays.
    example : tuple of Tensor
        Inputs of the module.

    Raises
    ------
    BadInput
        For another ratio, no prunable chain, or a network that uses channels elsewhere.
    """
    if not 0.0 <= ratio < 1.0:
        raise BadInput("prune", ratio, "a share of channels, from 0 to below 1")
    found = groups(module)
    if not found:
        raise BadInput("prune", "no chain of layers with channels to remove", "a CNN or an MLP")
    before = sum(group.channels for group in found)
    kept = []
    for group in found:
        # 1e-9, since 0.29 * 100 is a little below 29
        count = group.channels - min(int(ratio * group.channels + 1e-9), group.channels - 1)
        order = torch.sort(scores(group), descending=True, stable=True).indices
        kept.append(order[:count].sort().values)
    silent = copy.deepcopy(module)
    for group, channels in zip(groups(silent), kept, strict=True):
        _silence(group, channels)
    for group, channels in zip(found, kept, strict=True):
        _cut(group, channels)
    if not _equal(silent, module, example):
        raise BadInput("prune", "channels that are used outside their chain", "plain chains")
    return Pruned(before, sum(len(channels) for channels in kept))


def restate(module: nn.Module, example: tuple[Tensor, ...]) -> int:
    """Estimate batch statistics anew from ``example``, in place; no parameter moves.

    Where channels have left, the inputs of the layers behind them have another mean and spread.

    Returns
    -------
    int
        Number of layers that were given new statistics.
    """
    norms = [m for m in module.modules() if isinstance(m, _NORMS) and m.track_running_stats]
    momenta = [layer.momentum for layer in norms]
    for layer in norms:
        layer.reset_running_stats()
        # torch: a plain average over all samples
        layer.momentum = None
        layer.train()
    try:
        with torch.no_grad():
            module(*example)
    finally:
        for layer, momentum in zip(norms, momenta, strict=True):
            layer.momentum = momentum
            layer.eval()
    return len(norms)


def _equal(silent: nn.Module, cut: nn.Module, example: tuple[Tensor, ...]) -> bool:
    with torch.no_grad():
        want = _outputs(silent(*example))
        try:
            have = _outputs(cut(*example))
        except (RuntimeError, IndexError):  # layers that no longer fit together
            return False
    return all(torch.allclose(a, b, rtol=1e-4, atol=1e-5) for a, b in zip(want, have, strict=True))


def _outputs(result: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (result,) if isinstance(result, Tensor) else tuple(result)
