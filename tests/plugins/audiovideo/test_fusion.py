"""The gated fusion in time: what core's cannot tell, and whom it believes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from stillage.errors import BadInput
from stillage.network.fusion.gated import GatedFusion
from stillage.network.tokens import Tokens
from stillage_audiovideo.fusion import AudioVideoGated, resampling

WIDTHS = {"audio": 3, "video": 3}


def together(count: int, seed: int) -> tuple[dict[str, Tokens], Tensor]:
    """One clack (26 moments) and one bounce (8 moments); the label: at the same time?"""
    draw = np.random.default_rng(seed)
    label = draw.integers(0, 2, count)
    seen = draw.integers(0, 8, count)
    heard = np.where(label == 1, seen, (seen + draw.integers(2, 7, count)) % 8)
    video = 0.1 * draw.standard_normal((count, 8, 3))
    audio = 0.1 * draw.standard_normal((count, 26, 3))
    for k in range(count):
        video[k, seen[k], 0] += 2.0
        audio[k, int((heard[k] + 0.5) / 8 * 26) - 1 :][:3, 0] += 2.0
    tokens = {
        name: Tokens(torch.from_numpy(v).float())
        for name, v in (("audio", audio), ("video", video))
    }
    return tokens, torch.from_numpy(label)


def accuracy(fusion: nn.Module, seed: int = 0, steps: int = 150) -> float:
    """Of a linear head on the fusion, trained together, on clips not seen."""
    torch.manual_seed(seed)
    fusion.train()
    head = nn.Linear(16, 2)
    tokens, label = together(512, 1)
    optimiser = torch.optim.Adam([*fusion.parameters(), *head.parameters()], lr=0.02)
    for _ in range(steps):
        loss = nn.functional.cross_entropy(head(fusion(tokens)), label)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    tokens, label = together(512, 2)
    with torch.no_grad():
        return float((head(fusion(tokens)).argmax(1) == label).float().mean())


def test_it_tells_whether_sound_and_picture_go_together_and_core_s_does_not() -> None:
    torch.manual_seed(3)
    assert accuracy(AudioVideoGated(WIDTHS, 16)) > 0.9
    torch.manual_seed(3)
    assert accuracy(GatedFusion(WIDTHS, 16)) < 0.65  # it averages over time before it weighs


def test_the_gate_follows_the_reliable_modality() -> None:
    """The label is in both; a token says which of them is only noise."""
    draw = np.random.default_rng(0)
    label = draw.integers(0, 2, 1024)
    noisy = draw.integers(0, 2, 1024)
    values = draw.standard_normal((2, 1024, 6, 3))
    for k in (0, 1):
        clean = noisy != k
        values[k, clean, :, 0] = (2.0 * label - 1.0)[clean, None]
        values[k, :, :, 1] = np.where(clean, 0.0, 1.0)[:, None]
    given = torch.from_numpy(values).float()
    tokens = {"audio": Tokens(given[0]), "video": Tokens(given[1])}
    torch.manual_seed(0)
    fusion, head = AudioVideoGated(WIDTHS, 8, moments=6), nn.Linear(8, 2)
    optimiser = torch.optim.Adam([*fusion.parameters(), *head.parameters()], lr=0.02)
    for _ in range(120):
        loss = nn.functional.cross_entropy(head(fusion(tokens)), torch.from_numpy(label))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    gates, _ = fusion.gates(tokens)
    audio = gates[:, :, 0].mean((1, 2)).detach().numpy()
    assert audio[noisy == 1].mean() > audio[noisy == 0].mean() + 0.2
    torch.testing.assert_close(gates.sum(2), torch.ones_like(gates[:, :, 0]))


@pytest.mark.parametrize(("inputs", "moments"), [(1, 4), (13, 8), (26, 8), (3, 8), (8, 8)])
def test_resampling_keeps_a_line_a_line(inputs: int, moments: int) -> None:
    weights = resampling(inputs, moments)
    torch.testing.assert_close(weights.sum(1), torch.ones(moments))
    places = (torch.arange(inputs) + 0.5) / inputs
    wanted = ((torch.arange(moments) + 0.5) / moments).clamp(places.min(), places.max())
    torch.testing.assert_close(weights @ places, wanted)


def test_masked_tokens_do_not_count() -> None:
    fusion = AudioVideoGated(WIDTHS, 4)
    values, mask = torch.randn(2, 5, 3), torch.tensor([[True] * 5, [True, True, False, True, True]])
    other = values.clone()
    other[1, 2] = float("nan")
    video = Tokens(torch.randn(2, 4, 3))
    one = fusion({"audio": Tokens(values, mask), "video": video})
    two = fusion({"audio": Tokens(other, mask), "video": video})
    torch.testing.assert_close(one, two)


def test_no_width_is_refused() -> None:
    with pytest.raises(BadInput, match="at least 1"):
        AudioVideoGated(WIDTHS, 0)
    with pytest.raises(ValueError, match="no tokens of"):
        AudioVideoGated(WIDTHS, 4)({"audio": Tokens(torch.zeros(1, 1, 3))})
