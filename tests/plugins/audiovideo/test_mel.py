"""Log-mel beside librosa, compiled and in ONNX operations; views of sounds."""

from __future__ import annotations

import warnings

import librosa
import numpy as np
import pytest
import torch

from stillage.errors import BadInput
from stillage.sensing.augment import View, move_frames
from stillage_audiovideo import fast_mel, mel
from stillage_audiovideo.audio import Audio

SIGNALS = ("noise", "tone over noise", "chirp", "click", "silence")


class Preparing(torch.nn.Module):
    """The preparation as the exporter of bundles sees it."""

    def forward(self, raw: torch.Tensor) -> torch.Tensor:
        return Audio().prepare(raw)


def signal(name: str, samples: int = 16000) -> np.ndarray:
    draw, time = np.random.default_rng(3), np.arange(samples) / 16000
    wave = {
        "noise": 0.1 * draw.standard_normal((3, samples)),
        # 80 dB between tone and noise: float32 arithmetic is wrong by 1e-3 here.
        "tone over noise": 0.9 * np.sin(2 * np.pi * 1000 * time)
        + 1e-4 * draw.standard_normal((2, samples)),
        "chirp": 0.5 * np.sin(2 * np.pi * (50 + 3500 * time) * time)[None],
        "click": (np.arange(samples) == 777)[None],
        "silence": np.zeros((1, samples)),
    }[name]
    return np.asarray(wave, np.float32)


def reference(wave: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of clips shorter than a transform
        power = librosa.feature.melspectrogram(
            y=wave, sr=16000, n_fft=512, win_length=400, hop_length=160, n_mels=64
        )
    return np.asarray(librosa.power_to_db(power, ref=1.0, amin=1e-10, top_db=None) / 10.0)


@pytest.mark.parametrize("name", SIGNALS)
def test_prepare_is_librosa_s(name: str) -> None:
    wave = signal(name)
    found = Audio().prepare(torch.from_numpy(wave)).numpy()
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, reference(wave), atol=1e-5)


@pytest.mark.parametrize("name", SIGNALS)
def test_a_traced_graph_is_librosa_s(name: str) -> None:
    wave = torch.from_numpy(signal(name))
    graph = torch.export.export(Preparing(), (wave[:1],), strict=False).module()
    rows = torch.cat([graph(row[None]) for row in wave])
    np.testing.assert_allclose(rows.numpy(), reference(wave.numpy()), atol=1e-5)


@pytest.mark.parametrize("samples", [1, 100, 159, 160, 399, 401, 15999, 20001])
def test_any_length_has_librosa_s_frames(samples: int) -> None:
    wave = signal("noise", samples)
    wanted = reference(wave)
    assert wanted.shape[2] == mel.frame_count(samples)
    np.testing.assert_allclose(mel.log_mel(torch.from_numpy(wave)).numpy(), wanted, atol=1e-5)
    np.testing.assert_allclose(fast_mel.log_mel(wave), wanted, atol=1e-5)


def test_filterbank_and_scale_are_librosa_s() -> None:
    wanted = librosa.filters.mel(sr=16000, n_fft=512, n_mels=64)
    np.testing.assert_allclose(mel.filterbank(), wanted, atol=1e-8)
    hertz = np.linspace(10.0, 8000.0, 50)
    np.testing.assert_allclose(mel.mel_of(hertz), librosa.hz_to_mel(hertz), rtol=1e-12)
    np.testing.assert_allclose(mel.hz_of(mel.mel_of(hertz)), hertz, rtol=1e-12)


def test_int16_is_the_same_sound() -> None:
    whole = (signal("noise") * 32768).astype(np.int16)
    floats = whole.astype(np.float32) / 32768
    for log_mel in (mel.log_mel, Audio().prepare):
        assert torch.equal(log_mel(torch.from_numpy(whole)), log_mel(torch.from_numpy(floats)))


def test_compiled_refuses_what_is_no_batch_of_waveforms() -> None:
    for wrong in (np.zeros(100, np.float32), np.zeros((2, 100), np.complex64)):
        with pytest.raises(BadInput, match="waveforms"):
            fast_mel.mel_power(wrong)


def test_sound_moves_in_time_as_pictures_do() -> None:
    prepared = torch.zeros(16, 64, 80)
    prepared[:, :, 40] = 10.0
    pictures = torch.zeros(16, 1, 80, 2, 2)
    pictures[:, :, 40] = 10.0
    view = View(4, 3, np.arange(16))
    heard = Audio().augment(prepared, view)
    seen = move_frames(pictures, view)[:, 0, :, 0, 0].argmax(1)
    for item in range(16):
        band = heard[item].amax(1).argmax()
        loudest = heard[item, band]
        if loudest.max() > 5.0:  # else the click lies under the mask
            assert int(loudest.argmax()) == int(seen[item])
    assert len(set(seen.tolist())) > 5


def test_views_change_level_and_hide_parts_within_bounds() -> None:
    prepared = torch.from_numpy(np.random.default_rng(0).normal(-3.0, 1.0, (64, 64, 101)))
    prepared = prepared.to(torch.float32)
    changed = Audio().augment(prepared, View(1, 1, np.arange(64)))
    difference = (changed - prepared).flatten(1).median(1).values
    assert 0.3 < float(difference.abs().max()) < 0.75
    constant = (changed - changed.mean((1, 2), keepdim=True)).abs() < 0.02
    hidden_bands = constant.float().mean(2).gt(0.9).sum(1)
    assert int(hidden_bands.max()) in range(4, 9)
    silent = Audio().augment(torch.full((8, 64, 101), -10.0), View(1, 1, np.arange(8)))
    assert float(silent.min()) >= -10.0 - 1e-6
