"""Tables and JCAMP-DX files of spectra that the tests write."""

from __future__ import annotations

from pathlib import Path

import numpy as np

GRID = np.arange(1000.0, 1401.0, 20.0)


def write_table(path: Path, rows: int = 6, separator: str = ",", comma: bool = False) -> np.ndarray:
    values = np.random.default_rng(3).uniform(0.2, 0.9, (rows, len(GRID))).round(4)
    lines = [separator.join(["Sample", "Polymer", "Mass", *(f"{g:g}nm" for g in GRID)])]
    for k, row in enumerate(values):
        cells = [f"item {k // 2}", ["PET", "PP", ""][k % 3], f"{k}.5", *map(str, row)]
        lines.append(separator.join(c.replace(".", ",") if comma else c for c in cells))
    path.write_text("\n".join(lines) + "\n")
    return values


def write_jcamp(path: Path, table: list[str], **labels: object) -> Path:
    known = {
        "TITLE": "a bottle", "JCAMP-DX": "4.24 $$ comment", "DATA TYPE": "INFRARED SPECTRUM",
        "XUNITS": "NANOMETERS", "YUNITS": "REFLECTANCE", "FIRSTX": "1000", "LASTX": "1090",
        "NPOINTS": "10", "XFACTOR": "1", "YFACTOR": "0.01", "FIRSTY": "0.10", "CLASS-IFICATION":
        "PET", **labels, "XYDATA": labels.get("XYDATA", "(X++(Y..Y))"),
    }  # fmt: skip
    text = [f"##{name}={value}" for name, value in known.items() if value is not None]
    path.write_text("\r\n".join([*text, *table, "##END="]) + "\r\n", encoding="latin-1")
    return path


VALUES = [10, 12, 15, 15, 15, 14, 9, 120, 121, 122]
