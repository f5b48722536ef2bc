"""The CRF against enumeration of every sequence, and on a simulated machine's states."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
import torch

from stillage.errors import BadInput
from stillage_sensors.crf import LinearChainCrf, StateTagger


def random_crf(states: int, seed: int) -> LinearChainCrf:
    crf = LinearChainCrf(states).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return crf


def brute_score(crf: LinearChainCrf, emission: np.ndarray, path: tuple[int, ...]) -> float:
    start, end = crf.start.detach().numpy(), crf.end.detach().numpy()
    transition = crf.transition.detach().numpy()
    total = start[path[0]] + end[path[-1]] + sum(emission[t, s] for t, s in enumerate(path))
    return float(total + sum(transition[a, b] for a, b in pairwise(path)))


@torch.no_grad()
@pytest.mark.parametrize(("states", "length"), [(2, 7), (3, 5), (4, 1)])
def test_against_every_sequence(states: int, length: int) -> None:
    crf = random_crf(states, length)
    emissions = torch.randn(3, length, states, dtype=torch.float64)
    paths = list(product(range(states), repeat=length))
    best = crf.decode(emissions)
    marginals = crf.marginals(emissions)
    for row in range(3):
        scores = np.array([brute_score(crf, emissions[row].numpy(), p) for p in paths])
        log_z = np.logaddexp.reduce(scores)
        assert float(crf.log_partition(emissions)[row]) == pytest.approx(log_z, abs=1e-10)
        assert tuple(best[row].tolist()) == paths[int(scores.argmax())]
        weight = np.exp(scores - log_z)
        for step, state in product(range(length), range(states)):
            share = sum(w for w, p in zip(weight, paths, strict=True) if p[step] == state)
            assert float(marginals[row, step, state]) == pytest.approx(share, abs=1e-10)
        some = torch.tensor([paths[len(paths) // 2]])
        expected = brute_score(crf, emissions[row].numpy(), paths[len(paths) // 2])
        assert float(crf.score(emissions[row : row + 1], some)) == pytest.approx(expected)


def test_padding_changes_nothing() -> None:
    crf = random_crf(3, 1)
    emissions = torch.randn(1, 4, 3, dtype=torch.float64)
    padded = torch.cat([emissions, torch.full((1, 3, 3), 50.0, dtype=torch.float64)], 1)
    mask = torch.tensor([[True] * 4 + [False] * 3])
    states = torch.tensor([[0, 2, 1, 1]])
    more = torch.cat([states, torch.full((1, 3), -1)], 1)
    assert torch.allclose(crf.log_partition(padded, mask), crf.log_partition(emissions))
    assert torch.allclose(crf.score(padded, more, mask), crf.score(emissions, states))
    decoded = crf.decode(padded, mask)
    assert decoded[0, :4].tolist() == crf.decode(emissions)[0].tolist()
    assert decoded[0, 4:].tolist() == [-1, -1, -1]


def test_gradients_are_those_of_finite_differences() -> None:
    crf = random_crf(3, 2)
    states = torch.tensor([[0, 1, 2, 2], [1, 1, 0, 0]])
    mask = torch.tensor([[True, True, True, True], [True, True, False, False]])
    emissions = torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True)
    parameters = (crf.start, crf.end, crf.transition)

    def loss(emissions: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        return crf.loss(emissions, states, mask)

    assert torch.autograd.gradcheck(loss, (emissions, *parameters))


def test_refuses_what_does_not_fit() -> None:
    crf = LinearChainCrf(3)
    with pytest.raises(BadInput, match="emissions"):
        crf.decode(torch.zeros(1, 4, 2))
    with pytest.raises(BadInput, match="gap"):
        crf.decode(torch.zeros(1, 3, 3), torch.tensor([[True, False, True]]))
    with pytest.raises(BadInput, match="0 to 2"):
        crf.score(torch.zeros(1, 2, 3), torch.tensor([[0, 3]]))


STEPS = 40


def simulated(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A machine that idles, runs and jams, each for long: two noisy channels (N, 2, 40)."""
    generator = np.random.default_rng(seed)
    stay = np.array([[0.92, 0.08, 0.0], [0.02, 0.93, 0.05], [0.1, 0.0, 0.9]])
    states = np.zeros((count, STEPS), np.int64)
    for step in range(1, STEPS):
        draw = generator.random(count)
        states[:, step] = (draw[:, None] > stay[states[:, step - 1]].cumsum(1)).sum(1)
    level = np.array([[0.0, 0.0], [1.0, 0.3], [0.6, 1.0]])[states.clip(0, 2)]
    series = level + 0.7 * generator.standard_normal(level.shape)
    return torch.tensor(series.transpose(0, 2, 1), dtype=torch.float32), torch.tensor(states)


def test_states_of_a_simulated_machine() -> None:
    """Told from noisy channels: the chain beats each step's own best state, and learns that an
    idle machine does not jam."""
    torch.manual_seed(0)
    tagger = StateTagger(channels=2, states=3)
    series, states = simulated(32, 1)
    optimiser = torch.optim.Adam(tagger.parameters(), lr=0.04)
    for _ in range(40):
        optimiser.zero_grad()
        loss = tagger.loss(series, states)
        loss.backward()
        optimiser.step()
    tagger.eval()
    series, states = simulated(200, 2)
    chain = float((tagger.decode(series) == states).float().mean())
    alone = float((tagger.emissions(series).argmax(2) == states).float().mean())
    assert chain > 0.75
    assert chain > alone
    transition = tagger.crf.transition.detach()
    assert transition[0, 2] < transition[0, 0] - 0.5
