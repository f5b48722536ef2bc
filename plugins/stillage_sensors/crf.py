"""A linear-chain conditional random field: which state a machine was in, step by step.

Lafferty, McCallum and Pereira (2001). A sequence ``y`` of T states scores

    s(y) = start[y_1] + sum_t emission[t, y_t] + sum_t transition[y_t-1, y_t] + end[y_T]

and has probability ``exp(s(y)) / Z``; ``ln Z`` comes from the forward algorithm, the best
sequence from Viterbi's. Core's heads give one answer a sample, and a task has one value a
sample; until core has tasks of a sequence, :class:`StateTagger` is a model of its own.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stillage.errors import BadInput
from stillage_sensors.encoders import Tcn


class LinearChainCrf(nn.Module):
    """The head: ``loss`` while training, ``decode`` after.

    Parameters
    ----------
    states : int
        Number of states S.

    Raises
    ------
    BadInput
        For fewer than two states, or (in use) emissions, states or masks that do not fit.

    >>> crf = LinearChainCrf(2)
    >>> emissions = torch.tensor([[[2.0, 0.0], [0.0, 1.0], [3.0, 0.0]]])
    >>> crf.decode(emissions)
    tensor([[0, 1, 0]])
    >>> round(float(crf.log_partition(emissions).detach()), 4)  # transitions start at zero
    6.4888
    """

    def __init__(self, states: int) -> None:
        super().__init__()
        if states < 2:
            raise BadInput("states", str(states), "two or more")
        self.states = states
        self.start = nn.Parameter(torch.zeros(states))
        self.end = nn.Parameter(torch.zeros(states))
        self.transition = nn.Parameter(torch.zeros(states, states))

    def _mask(self, emissions: Tensor, mask: Tensor | None) -> Tensor:
        if emissions.ndim != 3 or emissions.shape[1] < 1 or emissions.shape[2] != self.states:
            found = f"emissions {tuple(emissions.shape)}"
            raise BadInput("crf", found, f"(B, T >= 1, {self.states})")
        if mask is None:
            return torch.ones(emissions.shape[:2], dtype=torch.bool, device=emissions.device)
        if mask.shape != emissions.shape[:2] or mask.dtype != torch.bool:
            found = f"mask {mask.dtype} {tuple(mask.shape)}"
            raise BadInput("crf", found, f"bool {tuple(emissions.shape[:2])}")
        if not bool(mask[:, 0].all()) or bool((mask[:, 1:] & ~mask[:, :-1]).any()):
            raise BadInput("crf mask", "a gap", "real steps first, then padding")
        return mask

    def log_partition(self, emissions: Tensor, mask: Tensor | None = None) -> Tensor:
        """``ln Z`` (B,) of emissions ``(B, T, S)``; ``mask`` (B, T) is True at real steps."""
        mask = self._mask(emissions, mask)
        alpha = self.start + emissions[:, 0]
        for step in range(1, emissions.shape[1]):
            moved = torch.logsumexp(alpha.unsqueeze(2) + self.transition, 1) + emissions[:, step]
            alpha = torch.where(mask[:, step, None], moved, alpha)
        return torch.logsumexp(alpha + self.end, 1)

    def score(self, emissions: Tensor, states: Tensor, mask: Tensor | None = None) -> Tensor:
        """``s(y)`` (B,) of state numbers ``(B, T)`` int64; padding is ignored."""
        mask = self._mask(emissions, mask)
        real = states[mask]
        if states.shape != mask.shape or bool(((real < 0) | (real >= self.states)).any()):
            raise BadInput(
                "crf states", f"{tuple(states.shape)}", f"0 to {self.states - 1}, (B, T)"
            )
        states = states.masked_fill(~mask, 0)
        weight = mask.to(emissions.dtype)
        emitted = emissions.gather(2, states.unsqueeze(2)).squeeze(2) * weight
        moved = self.transition[states[:, :-1], states[:, 1:]] * weight[:, 1:]
        last = states.gather(1, mask.sum(1, keepdim=True) - 1).squeeze(1)
        return self.start[states[:, 0]] + emitted.sum(1) + moved.sum(1) + self.end[last]

    def loss(self, emissions: Tensor, states: Tensor, mask: Tensor | None = None) -> Tensor:
        """Mean negative log-likelihood, nats a real step, of states ``(B, T)``; a scalar."""
        mask = self._mask(emissions, mask)
        surprise = self.log_partition(emissions, mask) - self.score(emissions, states, mask)
        return surprise.sum() / mask.sum()

    @torch.no_grad()
    def decode(self, emissions: Tensor, mask: Tensor | None = None) -> Tensor:
        """Most probable states ``(B, T)`` int64, -1 at padding (Viterbi)."""
        mask = self._mask(emissions, mask)
        count, length, _ = emissions.shape
        stay = torch.arange(self.states, device=emissions.device).expand(count, -1)
        best = self.start + emissions[:, 0]
        back: list[Tensor] = []
        for step in range(1, length):
            reached, source = (best.unsqueeze(2) + self.transition).max(1)
            real = mask[:, step, None]
            best = torch.where(real, reached + emissions[:, step], best)
            back.append(torch.where(real, source, stay))
        state = (best + self.end).argmax(1)
        path = [state]
        for source in reversed(back):
            state = source.gather(1, state.unsqueeze(1)).squeeze(1)
            path.append(state)
        return torch.stack(path[::-1], 1).masked_fill(~mask, -1)

    def marginals(self, emissions: Tensor, mask: Tensor | None = None) -> Tensor:
        """Probability ``(B, T, S)`` of each state at each step, zero at padding.

        It is the gradient of ``ln Z`` by the emissions.
        """
        with torch.enable_grad():
            leaf = emissions.detach().requires_grad_()
            (found,) = torch.autograd.grad(self.log_partition(leaf, mask).sum(), leaf)
        return found


class StateTagger(nn.Module):
    """A causal convolutional network with a CRF: series ``(B, C, T)`` to a state a step.

    Parameters
    ----------
    channels, states : int
        Channels of a series, and states to tell.
    width, blocks : int
        Of the network (:class:`stillage_sensors.encoders.Tcn`).

    >>> StateTagger(2, 3).decode(torch.zeros(4, 2, 10)).shape
    torch.Size([4, 10])
    """

    def __init__(self, channels: int, states: int, width: int = 16, blocks: int = 3) -> None:
        super().__init__()
        self.network = Tcn((channels, 1), width, blocks)
        self.network.project = nn.Linear(width, states)
        self.crf = LinearChainCrf(states)

    def emissions(self, series: Tensor) -> Tensor:
        """Scores ``(B, T, S)``."""
        found: Tensor = self.network.project(self.network.states(series).transpose(1, 2))
        return found

    def loss(self, series: Tensor, states: Tensor, mask: Tensor | None = None) -> Tensor:
        """Mean negative log-likelihood a step of the true states ``(B, T)``."""
        return self.crf.loss(self.emissions(series), states, mask)

    def decode(self, series: Tensor, mask: Tensor | None = None) -> Tensor:
        """Most probable states ``(B, T)``."""
        return self.crf.decode(self.emissions(series), mask)
