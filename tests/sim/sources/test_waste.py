"""Waste compositions in both forms; sums are checked and nothing is invented."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillage.errors import BadInput
from stillage_sim.sources.waste import read_composition

LONG = """\
stream,material,share [%],source
household,PET,12.5,study
household,HDPE,7.5,study
household,other,rest,study
bulky,PET,10,study
bulky,wood,90,study
"""
WIDE = """\
material,household [%],bulky [1]
PET,40,0.25
HDPE,59.9,0.75
other,0.1,rest
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "waste.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_might_never_end_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(BadInput, match=r"pipe\.csv: found a device or a pipe, expected a file"):
        read_composition(tmp_path / "pipe.csv")
    with pytest.raises(BadInput, match=r"null (byte|character)"):
        read_composition(tmp_path / "a\0b.csv")


def test_a_row_for_each_stream_and_material(tmp_path: Path) -> None:
    found = read_composition(write(tmp_path, LONG))
    assert found.streams == ("household", "bulky")
    assert found.materials == ("PET", "HDPE", "other", "wood")
    assert found.share == pytest.approx(np.array([[0.125, 0.075, 0.8, 0.0], [0.1, 0, 0, 0.9]]))
    assert np.isnan(found.mass_kg).all()


def test_a_column_for_each_stream(tmp_path: Path) -> None:
    found = read_composition(write(tmp_path, WIDE))
    assert found.share == pytest.approx(np.array([[0.4, 0.599, 0.001], [0.25, 0.75, 0.0]]))


def test_masses_make_shares(tmp_path: Path) -> None:
    found = read_composition(write(tmp_path, "stream,material,mass [t]\na,x,3\na,y,1\nb,y,2\n"))
    assert found.share.tolist() == [[0.75, 0.25], [0.0, 1.0]]
    assert found.mass_kg.tolist() == [4000.0, 2000.0]


def test_rounding_is_scaled_away(tmp_path: Path) -> None:
    found = read_composition(write(tmp_path, "material,a [%]\nx,33.3\ny,33.3\nz,33.3\n"))
    assert found.share == pytest.approx(np.full((1, 3), 1 / 3), rel=1e-12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(masses=st.lists(st.floats(0.001, 1e6), min_size=1, max_size=8))
def test_shares_sum_to_one(tmp_path: Path, masses: list[float]) -> None:
    rows = "".join(f"a,m{k},{mass!r}\n" for k, mass in enumerate(masses))
    found = read_composition(write(tmp_path, "stream,material,mass [kg]\n" + rows))
    assert found.share.sum() == pytest.approx(1.0, abs=1e-12)
    assert found.mass_kg[0] == pytest.approx(sum(masses), rel=1e-12)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (LONG.replace("90", "80"), "waste.csv, 'bulky': found a sum of 90 %"),
        (LONG.replace("90", "95"), "waste.csv, 'bulky': found a sum of 105 %"),
        (LONG.replace("12.5", "112.5"), "line 2, column 'share [%]': found 112.5"),
        (LONG.replace("12.5", "95"), "found a sum of 102.5 %"),
        (LONG.replace("12.5", "-1"), "line 2, column 'share [%]': found -1"),
        (LONG.replace("12.5", "many"), "line 2, column 'share [%]': found 'many'"),
        (LONG.replace("12.5", ""), "line 2, column 'share [%]': found ''"),
        (LONG.replace("12.5", "rest"), "line 4, column 'share [%]': found 'rest'"),
        (LONG.replace("HDPE", "PET"), "line 3, column 'share [%]': found 'PET' twice"),
        (LONG.replace("HDPE", " "), "line 3, column 'material': found nothing"),
        (LONG.replace("share [%]", "share"), "column 'share': found no known unit"),
        (LONG.replace("share [%]", "share [kg]"), "expected a share in % or 1"),
        (LONG.replace("source", "mass [kg]"), "found 2 columns of amounts"),
        (LONG.replace("material,", "stuff,"), "no column 'material'"),
        (WIDE.replace("bulky [1]", "bulky"), "column 'bulky': found no known unit"),
        ("material\nx\n", "found no stream"),
        ("stream,material,mass [kg]\na,x,0\n", "waste.csv, 'a': found no mass"),
        ("stream,material,mass [kg]\na,x,rest\n", "found 'rest'"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_composition(write(tmp_path, text))
    assert found in str(caught.value)
    assert "\n" not in str(caught.value)
