"""Homographies against exact ones, against an independent least-squares solver, and on file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy import ndimage, optimize

from stillage.cli.main import run
from stillage.errors import BadInput
from stillage.recording import Recording, Registration, Stream, TargetColumn, warp, write_recording
from stillage.recording.registration import Kind, estimate_registration, project

TILTED = np.array([[1.1, 0.08, 14.0], [-0.05, 0.93, -7.0], [2e-4, -1e-4, 1.0]])
CORNERS = np.array([[0.0, 0.0], [319.0, 0.0], [319.0, 239.0], [0.0, 239.0]])


def some_points(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform([0, 0], [320, 240], (count, 2))


@pytest.mark.parametrize("count", [4, 5, 50])
def test_exact_homographies_are_found(count: int) -> None:
    points = CORNERS if count == 4 else some_points(count)
    fit = estimate_registration(points, project(TILTED, points), "video")
    np.testing.assert_allclose(fit.registration.array, TILTED, rtol=1e-8, atol=1e-9)
    assert fit.registration.error_px == pytest.approx(0.0, abs=1e-8)
    assert not fit.registration.affine
    assert len(fit.outliers) == 0
    back = fit.registration.inverse("thermal").apply(fit.registration.apply(points))
    np.testing.assert_allclose(back, points, atol=1e-8)


def test_noisy_points_are_near_the_best_that_there_is() -> None:
    """The optimum of the distance itself, by SciPy, is the reference."""
    points, rng = some_points(60), np.random.default_rng(1)
    seen = project(TILTED, points) + rng.normal(0, 0.5, (60, 2))
    fit = estimate_registration(points, seen, "video")

    def distances(eight: np.ndarray) -> np.ndarray:
        return np.ravel(project(np.append(eight, 1.0).reshape(3, 3), points) - seen)

    best = optimize.least_squares(distances, TILTED.ravel()[:8], x_scale=np.abs(TILTED.ravel()[:8]))
    least = np.sqrt(2.0 * best.cost / 60)
    assert fit.registration.error_px is not None
    assert least <= fit.registration.error_px + 1e-9 < 1.02 * least


def test_affine_is_the_least_squares_solution() -> None:
    points, rng = some_points(20), np.random.default_rng(2)
    affine = np.array([[0.5, 0.02, 3.0], [-0.01, 0.48, 9.0]])
    seen = np.c_[points, np.ones(20)] @ affine.T + rng.normal(0, 0.3, (20, 2))
    fit = estimate_registration(points, seen, "video", "affine")
    wanted = np.linalg.lstsq(np.c_[points, np.ones(20)], seen, rcond=None)[0].T
    np.testing.assert_allclose(fit.registration.array[:2], wanted, rtol=1e-9, atol=1e-9)
    assert fit.registration.affine


def test_a_wrong_pair_is_reported() -> None:
    points = some_points(30)
    seen = project(TILTED, points) + np.random.default_rng(3).normal(0, 0.2, (30, 2))
    seen[7] += 40.0
    fit = estimate_registration(points, seen)
    assert 7 in fit.outliers
    assert fit.residuals_px.argmax() == 7


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        (CORNERS[:3], "homography", "3 pairs of points, expected at least 4"),
        (CORNERS[:2], "affine", "2 pairs of points, expected at least 3"),
        (np.c_[np.arange(6.0), 2 * np.arange(6.0)], "homography", "points on one line"),
        (np.c_[np.arange(6.0), 2 * np.arange(6.0)], "affine", "points on one line"),
        (np.ones((5, 2)), "homography", "all points in one place"),
        (np.full((5, 2), np.nan), "homography", "NaN or infinity"),
        (np.ones(5), "homography", "expected pairs (N, 2)"),
    ],
)
def test_points_that_say_too_little_are_refused(
    source: np.ndarray, kind: Kind, message: str
) -> None:
    with pytest.raises(BadInput) as caught:
        estimate_registration(source, source, "video", kind)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "matrix",
    [np.zeros((3, 3)), np.ones((3, 3)), np.eye(4), [[1, 2], [3]], np.diag([1, 1, np.nan]), "abc"],
    ids=str,
)
def test_matrices_that_map_nothing_are_refused(matrix: Any) -> None:
    with pytest.raises(BadInput):
        Registration.of("video", matrix)


@pytest.mark.parametrize("matrix", [TILTED, [[1, 0, 2.5], [0, 1, -1.25]], [[0, 1, 0], [1, 0, 0]]])
def test_warp_is_scipys_bilinear_interpolation(matrix: Any) -> None:
    rng = np.random.default_rng(4)
    frames = rng.random((2, 24, 32, 3))
    registration = Registration.of("video", matrix)
    moved, seen = warp(frames, registration, 30, 40)
    y, x = np.mgrid[0:30, 0:40]
    targets = np.stack([x.ravel(), y.ravel()], 1).astype(float)
    places = project(np.asarray(np.linalg.inv(registration.array), float), targets)
    for frame in range(2):
        for channel in range(3):
            wanted = ndimage.map_coordinates(
                frames[frame, :, :, channel], places.T[::-1], order=1, mode="nearest"
            ).reshape(30, 40)
            np.testing.assert_allclose(
                moved[frame, :, :, channel][seen], wanted[seen], rtol=1e-9, atol=1e-12
            )
    assert (moved[:, ~seen] == 0).all()
    assert 0 < seen.sum() < seen.size


def test_warp_keeps_whole_numbers_and_undoes_itself() -> None:
    frames = np.random.default_rng(5).integers(0, 65536, (1, 20, 30)).astype(np.uint16)
    shift = Registration.of("b", [[1, 0, 4], [0, 1, -3]])
    moved, _ = warp(frames, shift, 20, 30)
    assert moved.dtype == np.uint16
    back, seen = warp(moved, shift.inverse("a"), 20, 30)
    inner = seen.copy()
    inner[:3] = False
    assert (back[0][inner] == frames[0][inner]).all()


def streams(registration: Registration | None = None) -> list[Stream]:
    video = np.random.default_rng(0).integers(0, 255, (3, 4, 6)).astype(np.uint8)
    thermal = video[:, ::2, ::2].astype(np.uint16)
    return [
        Stream("video", video, "1/255"),
        Stream("thermal", thermal, "cK", registration=registration),
    ]


def write(path: Path, registration: Registration | None = None) -> Path:
    target = TargetColumn("t", "classification", np.array([0, 1, 0]), classes=("a", "b"))
    return write_recording(path, streams(registration), [target], ["x", "y", "z"])


def test_kept_in_the_recording_and_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registration = Registration.of("video", TILTED, 0.25)
    path = write(tmp_path / "a.h5", registration)
    with Recording.open(path) as recording:
        assert recording.modalities["thermal"].registration == registration
        assert recording.modalities["video"].registration is None
    with h5py.File(path) as file:
        assert file.attrs["version"] == 2
    assert run(["record", "info", str(path), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["modalities"]["thermal"]["registration"]
    assert shown["onto"] == "video"
    np.testing.assert_allclose(shown["matrix"], TILTED)
    assert run(["record", "info", str(path)]) == 0
    line = "registered thermal onto video by [1.1 0.08 14; -0.05 0.93 -7; 0.0002 -0.0001 1]"
    assert f"{line}, 0.25 px off in the mean" in capsys.readouterr().out


def test_recordings_without_one_stay_as_they_were(tmp_path: Path) -> None:
    """Version 1, no new key, and the very fingerprint that version 1 defines."""
    path = write(tmp_path / "a.h5")
    with h5py.File(path) as file:
        metadata = json.loads(file["metadata"][...].tobytes())
        assert file.attrs["version"] == 1
        fingerprint = file.attrs["fingerprint"]
    assert all("registration" not in meta for meta in metadata["modalities"].values())
    for key in ("reader", "provenance", "notes", "defaults"):
        del metadata[key]
    import hashlib

    text = json.dumps(["stillage-recording", 1, metadata], sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest() == fingerprint.decode()
    other = write(tmp_path / "b.h5", Registration.of("video", TILTED))
    with Recording.open(other) as recording:
        assert recording.fingerprint != fingerprint.decode()


@pytest.mark.parametrize("onto", ["thermal", "sonar"])
def test_onto_itself_or_nothing_is_refused(tmp_path: Path, onto: str) -> None:
    with pytest.raises(BadInput, match="registration of 'thermal'"):
        write(tmp_path / "a.h5", Registration.of(onto, TILTED))
    assert not (tmp_path / "a.h5").exists()


@pytest.mark.parametrize(
    "change",
    [{"matrix": [0.0] * 9}, {"matrix": [1.0] * 8}, {"onto": "sonar"}, {"more": 1}, {"onto": 3}],
    ids=str,
)
def test_a_forged_registration_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    path = write(tmp_path / "a.h5", Registration.of("video", TILTED))
    with h5py.File(path, "r+") as file:
        metadata = json.loads(file["metadata"][...].tobytes())
        metadata["modalities"]["thermal"]["registration"].update(change)
        del file["metadata"]
        file["metadata"] = np.frombuffer(json.dumps(metadata).encode(), np.uint8)
    with pytest.raises(BadInput) as caught:
        Recording.open(path)
    assert "\n" not in str(caught.value)
