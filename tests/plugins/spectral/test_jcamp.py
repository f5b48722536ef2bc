"""JCAMP-DX against the vectors of the protocol (McDonald and Wilks 1988), and hostile text."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage_spectral.readers.asdf import Ordinates, decode, pseudo
from stillage_spectral.readers.jcamp import read_jcamp
from tests.plugins.spectral.spectra_files import VALUES, write_jcamp

TABLE_VI = "599.860@VKT%TLkj%J%KLJ%njKjL%kL%jJULJ%kLK1%lLMNPNPRLJ0QTOJ1P"
ORDINATES = [
    0, 0, 0, 0, 2, 4, 4, 4, 7, 5, 4, 4, 5, 5, 7, 10, 11, 11, 6, 5, 7, 6, 9, 9, 7, 10, 10, 9, 10,
    11, 12, 15, 16, 16, 14, 17, 38, 38, 35, 38, 42, 47, 54, 59, 66, 75, 78, 88, 96, 104, 110, 121,
    128,
]  # fmt: skip
"""Table VI of the protocol, with the two misprints of its DIFDUP string mended as in Baumbach
et al. (2001)."""


@pytest.mark.parametrize("form", [
    "1 2 3 3 2 1 0 -1 -2 -3", "1+2+3+3+2+1+0-1-2-3", "1 2 3 3 2 1 0-1-2-3", "1BCCBA@abc",
    "1JJ%jjjjjj", "1JT%jX",
])  # fmt: skip
def test_every_form_of_table_vii_says_the_same(form: str) -> None:
    assert decode([f"0 {form}"]) == [1, 2, 3, 3, 2, 1, 0, -1, -2, -3]


def test_table_vi_with_its_check_line() -> None:
    assert decode([TABLE_VI, "700.158A28"]) == ORDINATES


def test_pseudo_digits_are_those_of_the_tables() -> None:
    assert [pseudo("sqz", c) for c in "@ABCDEFGHI"] == list(range(10))
    assert [pseudo("sqz", c) for c in "abcdefghi"] == [-k for k in range(1, 10)]
    assert [pseudo("dif", c) for c in "%JKLMNOPQR"] == list(range(10))
    assert [pseudo("dif", c) for c in "jklmnopqr"] == [-k for k in range(1, 10)]
    assert [len(decode([f"0 5{c}"])) for c in "STUVWXYZs"] == list(range(1, 10))


def test_an_exponent_is_no_squeezed_five() -> None:
    assert decode(["1 1.5E+02 -2.0e-01"]) == [150.0, -0.2]
    assert decode(["1 E3e"]) == [53.0, -5.0]


def test_a_check_value_may_be_repeated() -> None:
    assert decode(["1 a0J0", "2 @T"]) == [-10.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["599+1jj", "600+4jj"], "line 2: found check value 4 after -1"),
        (["1 5s999999999999"], "ordinates or more, expected ##NPOINTS=100"),
        (["1 T5"], "first in a line"),
        (["1 J5"], "first in a line"),
        (["1 5 &"], "found '&', expected an ordinate"),
        (["one 5"], "expected an abscissa"),
    ],
)
def test_damaged_tables_are_refused(lines: list[str], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        decode(lines, most=100)


def test_memory_does_not_follow_a_repeat_count() -> None:
    table = Ordinates("here", 50)
    with pytest.raises(BadInput):
        table.add("1 5s99999999999999", 1)
    assert len(table.values) == 1


def encode(values: list[int]) -> str:
    """DIF form of one line by hand: a squeezed first value, then differences."""

    def letters(value: int, positive: str, negative: str) -> str:
        digits = str(abs(value))
        first = positive[int(digits[0])] if value >= 0 else negative[int(digits[0])]
        return first + digits[1:]

    text = letters(values[0], "@ABCDEFGHI", " abcdefghi")
    for a, b in pairwise(values):
        text += letters(b - a, "%JKLMNOPQR", " jklmnopqr")
    return text


def test_a_file_is_checked_and_scaled(tmp_path: Path) -> None:
    lines = [f"1000{encode(VALUES[:5])}", f"1040{encode(VALUES[4:9])}", f"1080{encode(VALUES[8:])}",
             f"1090{encode(VALUES[9:])}"]  # fmt: skip
    found = read_jcamp(write_jcamp(tmp_path / "a.dx", lines))
    assert len(found) == 1
    np.testing.assert_allclose(found[0].wavelength, np.arange(1000.0, 1091.0, 10.0))
    np.testing.assert_allclose(found[0].values[0], np.array(VALUES) * 0.01, rtol=1e-6)
    assert found[0].about[0]["classification"] == "PET"
    assert found[0].about[0]["name"] == "a bottle"


def test_wavenumbers_and_absorbance_become_ascending_nm_and_reflectance(tmp_path: Path) -> None:
    path = write_jcamp(
        tmp_path / "a.jdx", ["10000 1 2 3", "8500 4"], XUNITS="1/CM", YUNITS="ABSORBANCE",
        FIRSTX=10000, LASTX=8500, NPOINTS=4, YFACTOR=0.1, FIRSTY=0.1,
    )  # fmt: skip
    found = read_jcamp(path)[0]
    np.testing.assert_allclose(found.wavelength, 1e7 / np.array([10000, 9500, 9000, 8500]))
    np.testing.assert_allclose(found.values[0], 10.0 ** -np.array([0.1, 0.2, 0.3, 0.4]), rtol=1e-6)


def test_points_may_be_given_in_pairs(tmp_path: Path) -> None:
    path = tmp_path / "pairs.dx"
    write_jcamp(path, ["1000, 0.5; 1003, 0.6", "1010,0.7;"], NPOINTS=3, YFACTOR=1, FIRSTY=0.5)
    path.write_text(path.read_text().replace("XYDATA=(X++(Y..Y))", "XYPOINTS=(XY..XY)"))
    found = read_jcamp(path)[0]
    assert found.wavelength.tolist() == [1000.0, 1003.0, 1010.0]
    np.testing.assert_allclose(found.values, [[0.5, 0.6, 0.7]])


def test_a_compound_file_gives_all_its_spectra(tmp_path: Path) -> None:
    lines = [f"1000 {' '.join(map(str, VALUES))}"]
    one = write_jcamp(tmp_path / "a.dx", lines).read_text()
    two = one.replace("a bottle", "a cup")
    linked = f"##TITLE=both\n##DATA TYPE=LINK\n##BLOCKS=2\n{one}{two}##END=\n"
    (tmp_path / "linked.dx").write_text(linked)
    found = read_jcamp(tmp_path / "linked.dx")
    assert [s.about[0]["name"] for s in found] == ["a bottle", "a cup"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"NPOINTS": 11, "LASTX": 1100}, "found 10 ordinates, expected ##NPOINTS=11"),
        ({"NPOINTS": 10**12}, "an integer of 2 to 65536"),
        ({"NPOINTS": "many"}, "found ##NPOINTS='many', expected a number"),
        ({"FIRSTY": 0.5}, "found first ordinate 0.1, expected ##FIRSTY=0.5"),
        ({"XUNITS": "SECONDS"}, "##XUNITS='SECONDS'"),
        ({"YUNITS": "ARBITRARY UNITS"}, "##YUNITS='ARBITRARY UNITS'"),
        ({"LASTX": 1000}, "two abscissae"),
        ({"FIRSTX": 1200, "LASTX": 1290}, "a line is missing"),
        ({"XYDATA": "(X++(R..R))"}, r"expected ##XYDATA=\(X\+\+"),
        ({"YFACTOR": "1e400"}, "expected a number"),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    path = write_jcamp(tmp_path / "a.dx", [f"1000 {' '.join(map(str, VALUES))}"], **change)
    with pytest.raises(BadInput, match=message):
        read_jcamp(path)


def test_a_lost_line_is_found(tmp_path: Path) -> None:
    lines = ["1000 10 12 15", "1060 9 120 121 122 1 2 3"]
    with pytest.raises(BadInput, match="abscissa 1060 at ordinate 4, expected 1030"):
        read_jcamp(write_jcamp(tmp_path / "a.dx", lines))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "begins with ##TITLE="),
        (b"\x89PNG\r\n\x1a\n\x00", "begins with ##TITLE="),
        (b"##NPOINTS=3\n", "expected ##TITLE= first"),
        (b"##TITLE=a\n##END=\n", "no block with ##XYDATA="),
        (b"##TITLE=a\n##XUNITS=NM\n##YUNITS=REFLECTANCE\n##NPOINTS=2\n##PEAK TABLE=(XY..XY)\n"
         b"1,2\n##END=\n", "##PEAKTABLE"),
        (b"##TITLE=a\n##XYDATA=(X++(Y..Y))\n1 2\n", "the end of the file within a block"),
    ],
)  # fmt: skip
def test_foreign_text_is_refused_in_one_line(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "a.dx"
    path.write_bytes(text)
    with pytest.raises(BadInput, match=message) as caught:
        read_jcamp(path)
    assert "\n" not in str(caught.value)
