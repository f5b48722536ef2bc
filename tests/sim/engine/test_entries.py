"""The kernel cache: never stale, safe for many at once, and dispensable."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LEAF = """
from typing import NamedTuple
import numpy as np
from stillage_sim.engine import shared
class Pair(NamedTuple):
    first: np.ndarray
    second: np.ndarray
@shared
def leaf(pair):
    return pair.first[0] - 2.0 * pair.second[0]
"""
HELPER = """
import leaf
from stillage_sim.engine import compiled
TERM = {}
@compiled
def part(pair):
    return leaf.leaf(pair) + TERM
"""
MAIN = """
import numpy as np
from leaf import Pair
from stillage_sim.engine import kernel
@kernel
def whole(pair):
    return part(pair)
from helper import part  # defined after the kernel that calls it
print(int(whole(Pair(*map(np.array, ([1.0], [2.0]))))), sum(whole.stats.cache_hits.values()))
"""

FIRST = "return pair.first[0]"


def start(folder: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "main.py"],
        cwd=folder,
        env={**os.environ, "NUMBA_DISABLE_JIT": "0", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> list[int]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return [int(word) for word in out.split()]


def write(folder: Path, term: int, leaf: str = LEAF) -> None:
    (folder / "leaf.py").write_text(leaf)
    (folder / "helper.py").write_text(HELPER.format(term))
    (folder / "main.py").write_text(MAIN)


def test_many_compile_at_once_and_later_ones_load(tmp_path: Path) -> None:
    write(tmp_path, 10)
    together = [start(tmp_path) for _ in range(3)]
    assert [finish(process)[0] for process in together] == [7, 7, 7]
    assert finish(start(tmp_path)) == [7, 1]


def test_an_edited_callee_is_compiled_anew(tmp_path: Path) -> None:
    write(tmp_path, 10)
    assert finish(start(tmp_path)) == [7, 0]
    write(tmp_path, 20)
    assert finish(start(tmp_path)) == [17, 0]
    write(tmp_path, 10)
    assert finish(start(tmp_path)) == [7, 1]


def test_an_edited_callee_of_a_callee_is_compiled_anew(tmp_path: Path) -> None:
    write(tmp_path, 10)
    assert finish(start(tmp_path)) == [7, 0]
    write(tmp_path, 10, LEAF.replace("2.0", "4.0"))
    assert finish(start(tmp_path)) == [3, 0]


def test_swapped_fields_of_an_argument_are_compiled_anew(tmp_path: Path) -> None:
    """Numba's own key takes two tuples of the same name and types for one."""
    first, second = "    first: np.ndarray\n", "    second: np.ndarray\n"
    write(tmp_path, 10)
    main = MAIN.replace("return part(pair)", FIRST)
    (tmp_path / "main.py").write_text(main)
    assert finish(start(tmp_path)) == [1, 0]
    write(tmp_path, 10, LEAF.replace(first + second, second + first))
    (tmp_path / "main.py").write_text(main)
    assert finish(start(tmp_path)) == [2, 0]


def test_nowhere_to_write_is_no_error(tmp_path: Path) -> None:
    write(tmp_path, 10)
    (tmp_path / "__pycache__").write_text("a file in the way")
    for _ in range(2):
        process = start(tmp_path, HOME="/dev/null", XDG_CACHE_HOME="/dev/null")
        assert finish(process) == [7, 0]


def test_a_damaged_cache_is_no_error(tmp_path: Path) -> None:
    write(tmp_path, 10)
    assert finish(start(tmp_path)) == [7, 0]
    for file in (tmp_path / "__pycache__").glob("*.nb[ci]"):
        file.write_bytes(b"damaged")
    assert finish(start(tmp_path)) == [7, 0]
    assert finish(start(tmp_path)) == [7, 1]


def test_what_cannot_be_read_is_not_kept(tmp_path: Path) -> None:
    """A function made from a text has no file: its kernel is compiled in every process."""
    write(tmp_path, 10)
    text = "from helper import part as inner\n@shared\ndef other(pair):\n    return inner(pair)"
    made = f"from stillage_sim.engine import shared\nexec({text!r})\npart = other\n"
    (tmp_path / "main.py").write_text(MAIN.replace("print(", made + "print("))
    assert finish(start(tmp_path)) == [7, 0]
    assert finish(start(tmp_path)) == [7, 0]
