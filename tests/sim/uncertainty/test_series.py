"""Recorded series: exact resampling, units, and files that are refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillage.errors import BadInput
from stillage_sim.uncertainty.series import Recorded, resample
from stillage_sim.uncertainty.units import conversion


def write(folder: Path, text: str, name: str = "prices.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def recorded(**changes: Any) -> Recorded:
    given_ = {"file": "prices.csv", "column": "price", "unit": "EUR/t", "interval_h": 24.0}
    return Recorded(**{**given_, **changes})


def test_a_column_in_its_unit(tmp_path: Path) -> None:
    write(tmp_path, "day,price [EUR/t]\n1,100\n2,300\n\n3,200\n4,400\n")
    series = recorded().values(tmp_path, 48.0, "EUR/kg")
    assert series == pytest.approx([0.2, 0.3])
    assert recorded(resampled="sum").values(tmp_path, 48.0, "EUR/t").tolist() == [400.0, 600.0]


@given(
    rows=st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40),
    interval=st.sampled_from([0.25, 1.0, 24.0]),
    split=st.sampled_from([1, 2, 3, 8]),
)
def test_sums_and_means_are_kept_where_periods_fill_the_series(
    rows: list[float], interval: float, split: int
) -> None:
    array = np.array(rows)
    finer = resample(array, interval, interval / split, "sum")
    assert len(finer) == len(rows) * split
    assert finer.sum() == pytest.approx(array.sum(), abs=1e-6)
    whole = resample(array, interval, interval * len(rows), "mean")
    assert whole == pytest.approx([array.mean()], abs=1e-6)


def test_periods_cut_rows_in_proportion_and_drop_an_incomplete_end() -> None:
    rows = np.array([6.0, 12.0, 30.0])
    assert resample(rows, 2.0, 3.0, "sum") == pytest.approx([12.0, 36.0])
    assert resample(rows, 2.0, 4.0, "mean") == pytest.approx([9.0])
    with pytest.raises(ValueError, match="found 0 periods"):
        resample(rows, 2.0, 7.0, "mean")
    with pytest.raises(ValueError, match="10000000"):
        resample(rows, 87_600.0, 1e-3, "mean")


@pytest.mark.parametrize(
    ("text", "changes", "found"),
    [
        ("price\n1\nnan\n", {}, "prices.csv, line 3, column 'price': found 'nan'"),
        ("price\n1\n\n\ninf\n", {}, "line 5, column 'price': found 'inf'"),
        ("price\n1\n1_000\n", {}, "line 3, column 'price': found '1_000'"),
        ("price,b\n1,2\n,3\n", {}, "line 3, column 'price': found ''"),
        ('price\n"1,5"\n', {}, "line 2, column 'price': found '1,5'"),
        ("price;b\n1;2\n", {}, "line 1: found columns parted by ';'"),
        ("cost\n1\n", {}, "no column 'price', expected one of 'cost'"),
        ("price [USD/t]\n1\n", {}, "expected the declared unit 'EUR/t'"),
        ("price,price\n1,2\n", {}, "column 'price' twice"),
        ("price,b\n1\n", {}, "line 2: found 1 cells, expected 2"),
        ("price,\n1,2\n", {}, "column 2 without a name"),
        ("price\n", {}, "expected a line of column names, and rows"),
        ("", {}, "expected a line of column names, and rows"),
        ('price\n"1\n', {}, "expected CSV"),
        ("price\n1\n", {"file": "../prices.csv"}, "expected a path inside the folder"),
        ("price\n1\n", {"file": "/etc/hostname"}, "expected a path inside the folder"),
        ("price\n1\n", {"file": "link.csv"}, "expected a path inside the folder"),
        ("price\n1\n", {"file": "other.csv"}, "no file 'other.csv'"),
        ("price\n1\n", {"unit": "EUR/h"}, "unit 'EUR/h', expected 'EUR/t'"),
        ("price\n1\n", {"interval_h": 1.0}, "found 0 periods of 24 h"),
    ],
)
def test_bad_files_are_refused_in_one_line(
    tmp_path: Path, text: str, changes: dict[str, Any], found: str
) -> None:
    folder = tmp_path / "chain"
    folder.mkdir()
    write(folder, text)
    (folder / "link.csv").symlink_to(write(tmp_path, "price\n1\n"))
    with pytest.raises(BadInput) as caught:
        recorded(**changes).values(folder, 24.0, "EUR/t", "price")
    assert found in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_bytes(b"price\n\xff\xfe\n")
    with pytest.raises(BadInput, match="UTF-8"):
        recorded().values(tmp_path, 24.0, "EUR/t")


def test_a_byte_order_mark_is_none_of_the_name(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_bytes("\ufeffprice\r\n7\r\n".encode())
    assert recorded().values(tmp_path, 24.0, "EUR/t").tolist() == [7.0]


@pytest.mark.parametrize(
    ("found", "expected", "factor"),
    [
        ("t", "kg", 1e3),
        ("kWh", "J", 3.6e6),
        ("EUR/MWh", "EUR/kWh", 1e-3),
        ("%", "1", 0.01),
        ("kg/d", "kg/h", 1 / 24),
        ("widgets", "widgets", 1.0),
    ],
)
def test_units_convert(found: str, expected: str, factor: float) -> None:
    assert conversion(found, expected) == pytest.approx(factor, rel=1e-15)
    assert conversion(expected, found) == pytest.approx(1 / factor, rel=1e-15)


@pytest.mark.parametrize("pair", [("kg", "J"), ("kg", "kg/d"), ("stones", "kg"), ("", "kg")])
def test_other_dimensions_do_not_convert(pair: tuple[str, str]) -> None:
    with pytest.raises(BadInput, match="converts"):
        conversion(*pair)


PV_ICE = """\
Year,mod_EOL_collection_eff,mod_mass,new_Installed_Capacity_[MW]
years,%,g,MW
2019,15,8000,10
2020,20,,30
2021,25,9000,20
"""


def yearly(**changes: Any) -> Recorded:
    given_ = {"file": "pv.csv", "column": "mod_EOL_collection_eff", "unit": "%"}
    return Recorded(**{**given_, "interval_h": 8760.0, **changes})


def test_a_column_of_a_pv_ice_table(tmp_path: Path) -> None:
    write(tmp_path, PV_ICE, "pv.csv")
    assert yearly().values(tmp_path, 8760.0, "1") == pytest.approx([0.15, 0.2, 0.25])
    assert yearly(first_year=2020).values(tmp_path, 8760.0, "%") == pytest.approx([20.0, 25.0])
    mass = yearly(column="mod_mass", unit="g", first_year=2021)
    assert mass.values(tmp_path, 8760.0, "kg") == pytest.approx([9.0])
    capacity = yearly(column="new_installed_capacity_[mw]", unit="MW", resampled="sum")
    assert capacity.values(tmp_path, 4380.0, "kW") == pytest.approx(
        [5e3, 5e3, 15e3, 15e3, 1e4, 1e4]
    )


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"unit": "1"}, "found unit '1', expected '%', as 'pv.csv' has it"),
        ({"interval_h": 24.0}, "found rows 24 h apart, expected every year, 8760 h apart"),
        ({"column": "mod_mass", "unit": "g"}, "line 4, column 'mod_mass': found an empty cell"),
        ({"column": "mass"}, "pv.csv, line 1: found no column 'mass'"),
        ({"first_year": 2030}, "found no year 2030, expected one of 2019 to 2021"),
    ],
)
def test_faults_of_a_pv_ice_table(tmp_path: Path, changes: dict[str, Any], found: str) -> None:
    write(tmp_path, PV_ICE, "pv.csv")
    with pytest.raises(BadInput) as caught:
        yearly(**changes).values(tmp_path, 8760.0, changes.get("unit", "%"))
    assert found in str(caught.value)


def test_years_that_are_not_there(tmp_path: Path) -> None:
    write(tmp_path, PV_ICE.replace("2020,20,,30\n", ""), "pv.csv")
    with pytest.raises(BadInput, match="expected every year"):
        yearly().values(tmp_path, 8760.0, "1")
    write(tmp_path, "price\n1\n")
    with pytest.raises(BadInput, match="found first_year, but no years in"):
        recorded(first_year=2020).values(tmp_path, 24.0, "EUR/t")
