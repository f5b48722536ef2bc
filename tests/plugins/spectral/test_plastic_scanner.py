"""The reader on the real set: every trap that its notes name, checked against the files."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from stillage.cli.main import run
from stillage.recording import Recording, shortcut_check
from stillage.task import LabelState
from stillage_spectral.readers.photos import cut_out, load
from stillage_spectral.readers.plastic_scanner import read


@pytest.fixture(scope="module")
def folder(real_data: Path) -> Path:
    return real_data / "plastic_scanner_paired"


@pytest.fixture(scope="module")
def recording(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recording]:
    with Recording.open(read(folder, tmp_path_factory.mktemp("plastic") / "real.h5")) as opened:
        yield opened


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def polymer_of_items(recording: Recording) -> dict[str, int]:
    column = recording.targets["polymer"]
    return dict(zip(recording.groups.tolist(), column.values.tolist(), strict=True))


def test_items_and_polymers_are_counted_as_the_set_has_them(recording: Recording) -> None:
    column = recording.targets["polymer"]
    items = polymer_of_items(recording)
    assert len(items) == 180
    counts = Counter(items.values())
    named = {name: counts[k] for k, name in enumerate(column.classes)}
    assert named == {"PP": 56, "PET": 34, "HDPE": 34, "PS": 18}
    outside = set(recording.groups[column.states == LabelState.OUT_OF_SET].tolist())
    assert len(outside) == 38
    assert "a_petg" in outside


def test_readings_pair_by_rank_and_surplus_ones_stand_alone(recording: Recording) -> None:
    led, nir = recording.presence("led"), recording.presence("nir")
    counts = Counter(recording.groups[led].tolist())
    assert sorted(count for count in counts.values() if count > 3) == [4, 4, 4, 4, 4, 6, 6]
    assert (led | nir).all()
    for item in ("203_hdpe", "dw905_pla"):
        mine = recording.groups == item
        assert (led[mine].sum(), nir[mine].sum()) == (6, 3)
        assert nir[mine].tolist() == [True] * 3 + [False] * 3


def test_diodes_are_divided_by_the_latest_preceding_calibration(
    recording: Recording, folder: Path
) -> None:
    rows = table(folder / "led8.csv")
    bands = [name for name in rows[0] if name.startswith("nm")]
    last = next(r for r in rows if r["DateTime"] == "2023-04-19 9:55:26")
    after = [r for r in rows if r["DateTime"].startswith("2023-04-19 1") and r["Name"] != "ref"]
    item = after[0]["sample"].casefold()
    expected = [float(after[0][b]) / float(last[b]) for b in bands]
    sample = np.flatnonzero(recording.groups == item)[:1]
    np.testing.assert_allclose(recording.read("led", sample)[0], expected, rtol=1e-6)


def test_reflectance_is_the_file_s_own(recording: Recording, folder: Path) -> None:
    index = table(folder / "nir_index.csv")
    with np.load(folder / "nir_spectra.npz") as arrays:
        percent = arrays["reflectance_pct"]
    row = next(k for k, r in enumerate(index) if r["sample"] == "KL200_HDPE" and r["scan"] == "2")
    sample = np.flatnonzero(recording.groups == "kl200_hdpe")[1:2]
    np.testing.assert_allclose(recording.read("nir", sample)[0], percent[row] / 100.0, rtol=1e-5)


def test_no_reference_became_an_item(recording: Recording) -> None:
    assert not [name for name in recording.group_names if name.startswith("ref")]
    assert recording.modalities["nir"].count == 498


def test_a_photo_is_stored_once_and_shared(recording: Recording) -> None:
    assert recording.modalities["video"].count == 156
    seen = recording.presence("video")
    assert len(set(recording.groups[seen].tolist())) == 156
    assert recording.presence("video")[recording.groups == "kl200_hdpe"].all()
    three = np.asarray(recording.read("video", np.flatnonzero(recording.groups == "001_pp")))
    assert (three == three[:1]).all()
    assert three.any()


def test_defaults_and_notes_say_what_was_done(recording: Recording) -> None:
    assert tuple(recording.defaults["teacher"]) == ("nir", "led")
    assert tuple(recording.defaults["student"]) == ("led",)
    assert recording.defaults["task"] == "polymer"
    notes = " ".join(recording.notes)
    for word in ("polymer order", "k-th", "calibration", "PETG", "background", "group"):
        assert word in notes


def test_time_is_kept_so_that_the_shortcut_is_found(recording: Recording) -> None:
    kinds = {warning.kind for warning in shortcut_check(recording, "polymer")}
    assert kinds == {"group_order", "acquisition_time"}


def balanced(features: np.ndarray, truth: np.ndarray, groups: np.ndarray) -> float:
    """Balanced accuracy by group, five folds, logistic regression."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=3000))
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    chance = cross_val_predict(
        model, features, truth, groups=groups, cv=folds, method="predict_proba"
    )
    names, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    mean = np.zeros((len(names), chance.shape[1]))
    np.add.at(mean, inverse, chance)
    guess, truth = mean.argmax(1), truth[first]
    return float(np.mean([(guess[truth == k] == k).mean() for k in np.unique(truth)]))


def test_baselines_are_those_of_the_set(recording: Recording) -> None:
    from stillage_spectral.modality import Led, Nir

    column = recording.targets["polymer"]
    use = recording.presence("led") & recording.presence("nir")
    use &= column.states == LabelState.LABELLED
    samples = np.flatnonzero(use)
    led, nir = (
        modality.prepare(torch.from_numpy(recording.read(modality.name, samples))).numpy()
        for modality in (Led(), Nir())
    )
    truth, groups = column.values[samples], recording.group_index[samples]
    assert 0.74 < balanced(led, truth, groups) < 0.90
    assert balanced(nir, truth, groups) > 0.92


def test_the_border_of_the_photos_told_the_polymer_and_no_longer_does(folder: Path) -> None:
    names = [f"{n:03d}_{p}" for p, a, b in (("PP", 1, 40), ("PET", 101, 139), ("HDPE", 201, 238))
             for n in range(a, b)]  # fmt: skip
    names = [name for name in names if (folder / "rgb" / f"{name}.jpg").is_file()]
    photos = [load(folder / "rgb" / f"{name}.jpg") for name in names]
    truth = np.unique([name.split("_")[1] for name in names], return_inverse=True)[1]
    ring = np.ones(photos[0].shape[:2], bool)
    ring[20:-20, 20:-20] = False
    before = np.array([photo[ring].reshape(-1, 3).mean(0) for photo in photos])
    raw = np.concatenate([before, [photo[ring].std(0) for photo in photos]], 1)
    assert balanced(raw, truth, np.arange(len(truth))) > 0.6
    cut = [cut_out(photo) for photo in photos]
    shown = np.array([picture for picture in cut if picture is not None])
    assert len(shown) > 0.9 * len(photos)
    assert (shown == 0).all(-1).mean() > 0.5
    corners = shown[:, [0, 0, -1, -1], [0, -1, 0, -1]].reshape(len(shown), -1).astype(np.float64)
    kept = truth[[picture is not None for picture in cut]]
    assert balanced(corners, kept, np.arange(len(kept))) == pytest.approx(1.0 / 3.0)


def test_the_command_imports_and_info_tells(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "plastic.h5")
    assert run(["record", "import", "plastic-scanner", str(folder), out]) == 0
    capsys.readouterr()
    assert run(["record", "info", out, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["modalities"]["led"]["shape"] == [8]
    assert found["targets"]["polymer"]["classes"] == ["PP", "PET", "HDPE", "PS"]
