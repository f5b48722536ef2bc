"""Each promise of encoders is broken once on purpose, and the message names the cause."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from stillage.network.tokens import Tokens
from stillage.plugin.spec import EncoderSpec
from stillage.testing import Failed, encoder
from stillage.testing.encoder import encoder_results
from tests.core.testing.common import Broken, why

made: Any = None


def current(*args: Any, **kwargs: Any) -> Any:
    return made(*args, **kwargs)


class Linear(nn.Module):
    def __init__(self, shape: tuple[int, ...], width: int = 3) -> None:
        super().__init__()
        self.width = width
        self.layer = nn.Linear(shape[0], width)

    def forward(self, prepared: Tensor) -> Any:
        return Tokens(self.layer(prepared).unsqueeze(1))


class BareTensor(Linear):
    def forward(self, prepared: Tensor) -> Any:
        return self.layer(prepared)


class NoWidth(Linear):
    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        self.width = None  # type: ignore[assignment]


class Flat(Linear):
    def forward(self, prepared: Tensor) -> Any:
        return Tokens(self.layer(prepared))


class Detached(Linear):
    def forward(self, prepared: Tensor) -> Any:
        return Tokens(self.layer(prepared).detach().unsqueeze(1))


class Unused(Linear):
    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        self.spare = nn.Linear(2, 2)


class Centred(Linear):
    def forward(self, prepared: Tensor) -> Any:
        return Tokens(self.layer(prepared - prepared.mean(0)).unsqueeze(1))


class Attentive(Linear):
    """Three tokens that attend to each other in two heads."""

    def __init__(self, shape: tuple[int, ...], width: int = 4) -> None:
        super().__init__(shape, width)
        self.split = nn.Linear(2, width)

    def weights(self, scores: Tensor) -> Tensor:
        return scores.softmax(3)

    def forward(self, prepared: Tensor) -> Any:
        tokens = self.split(prepared.unflatten(1, (3, 2)))
        heads = tokens.unflatten(2, (2, -1)).transpose(1, 2)
        maps = self.weights(heads @ heads.transpose(2, 3))
        values = (maps @ heads).transpose(1, 2).flatten(2) + self.layer(prepared)[:, None]
        return Tokens(values, None, (maps,))


class WrongAxis(Attentive):
    def weights(self, scores: Tensor) -> Tensor:
        return scores.softmax(2)


class Averaged(Attentive):
    def forward(self, prepared: Tensor) -> Any:
        tokens = super().forward(prepared)
        return tokens._replace(attention=(tokens.attention[0].mean(1),))


class BareMap(Attentive):
    def forward(self, prepared: Tensor) -> Any:
        tokens = super().forward(prepared)
        return tokens._replace(attention=tokens.attention[0])


class BadMask(Linear):
    def forward(self, prepared: Tensor) -> Any:
        return super().forward(prepared)._replace(mask=torch.ones(len(prepared), 1))


class Inferring(Linear):
    def forward(self, prepared: Tensor) -> Any:
        return Tokens(self.layer(prepared).reshape(len(prepared), -1, self.width))


class Norm(Linear):
    def forward(self, prepared: Tensor) -> Any:
        return super().forward(prepared / prepared.norm(dim=1, keepdim=True))


class Dropping(Linear):
    def forward(self, prepared: Tensor) -> Any:
        return Tokens(nn.functional.dropout(self.layer(prepared), 0.5).unsqueeze(1))


class NumpyWeights(Linear):
    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        with torch.no_grad():
            self.layer.weight.copy_(torch.from_numpy(np.random.default_rng().random((3, 6))))


class Unpicklable(Linear):
    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        self.after = lambda values: values


class PlainScale(Linear):
    """Keeps what it has learnt where state_dict does not see it."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        self.learnt = [self.layer.bias.detach()]

    def forward(self, prepared: Tensor) -> Any:
        return super().forward(prepared * (1.0 + self.learnt[0].sum()))

    def load_state_dict(self, state_dict: Any, strict: bool = True, assign: bool = False) -> Any:
        self.learnt = [torch.ones(3)]
        return super().load_state_dict(state_dict, strict, assign)


BROKEN = (
    Broken(encoder.gives_tokens, BareTensor, "a Tensor; likely cause: a bare tensor returned"),
    Broken(encoder.gives_tokens, NoWidth, "width None; likely cause: no `self.width` set"),
    Broken(encoder.gives_tokens, Flat, "a single token needs .unsqueeze(1)"),
    Broken(encoder.gives_tokens, BadMask, "a mask that is not bool (B, N)"),
    Broken(encoder.encodes_samples_independently, Centred, "statistics over the batch"),
    Broken(encoder.encodes_empty_batch, Inferring, "raised RuntimeError"),
    Broken(encoder.encodes_missing_samples, Norm, "clamp what is divided by"),
    Broken(encoder.encodes_repeatably, Dropping, "without training=self.training"),
    Broken(encoder.attention_is_stochastic, WrongAxis, "a softmax over the wrong axis"),
    Broken(encoder.attention_is_stochastic, Averaged, "heads already averaged"),
    Broken(encoder.attention_is_stochastic, BareMap, "give a tuple with one map for each block"),
    Broken(encoder.seed_gives_weights, NumpyWeights, "weights drawn from NumPy"),
    Broken(encoder.encodes_in_a_worker, Unpicklable, "it cannot be pickled"),
    Broken(encoder.gradients_reach_parameters, Detached, "raised RuntimeError"),
    Broken(encoder.gradients_reach_parameters, Unused, "none at spare.weight, spare.bias; likely"),
    Broken(encoder.state_survives, PlainScale, "state in plain attributes; use register_buffer"),
)
SPEC = EncoderSpec(
    name="probe-small", modality="probe", size="small", summary="", factory=f"{__name__}:current"
)
PREPARED = torch.linspace(0.1, 1.0, 24).reshape(4, 6)


@pytest.mark.parametrize("good", [Linear, Attentive])
def test_good_encoder_passes(monkeypatch: pytest.MonkeyPatch, good: Any) -> None:
    monkeypatch.setitem(globals(), "made", good)
    results = list(encoder_results(SPEC, PREPARED))
    assert not [str(result) for result in results if isinstance(result, Failed)]
    assert len(results) == len(encoder.ENCODER_CHECKS)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda b: b.id)
def test_broken_encoder_is_told_why(monkeypatch: pytest.MonkeyPatch, broken: Broken) -> None:
    monkeypatch.setitem(globals(), "made", broken.make)
    assert broken.told in why(encoder_results(SPEC, PREPARED), broken.check)


def test_a_factory_that_gives_no_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "made", lambda shape: {})
    (result,) = encoder_results(SPEC, PREPARED)
    assert "it gave dict" in str(result)
