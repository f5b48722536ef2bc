"""The kernel cache: never stale, safe for many at once, and dispensable."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HELPER = """
from stillage_sim.engine import compiled
@compiled
def part(x):
    return x + {}
"""
MAIN = """
import helper
from stillage_sim.engine import kernel
@kernel
def whole(x):
    return helper.part(x)
print(whole(1), sum(whole.stats.cache_hits.values()))
"""


def start(folder: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "main.py"],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> list[int]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return [int(word) for word in out.split()]


def write(folder: Path, term: int) -> None:
    (folder / "helper.py").write_text(HELPER.format(term))
    (folder / "main.py").write_text(MAIN)


def test_many_compile_at_once_and_later_ones_load(tmp_path: Path) -> None:
    write(tmp_path, 1)
    together = [start(tmp_path) for _ in range(3)]
    assert [finish(process)[0] for process in together] == [2, 2, 2]
    assert finish(start(tmp_path)) == [2, 1]


def test_an_edited_callee_is_compiled_anew(tmp_path: Path) -> None:
    write(tmp_path, 1)
    assert finish(start(tmp_path)) == [2, 0]
    write(tmp_path, 7)
    assert finish(start(tmp_path)) == [8, 0]
    write(tmp_path, 1)
    assert finish(start(tmp_path)) == [2, 1]


def test_nowhere_to_write_is_no_error(tmp_path: Path) -> None:
    write(tmp_path, 1)
    (tmp_path / "__pycache__").write_text("a file in the way")
    for _ in range(2):
        process = start(tmp_path, HOME="/dev/null", XDG_CACHE_HOME="/dev/null")
        assert finish(process) == [2, 0]


def test_a_damaged_cache_is_no_error(tmp_path: Path) -> None:
    write(tmp_path, 1)
    assert finish(start(tmp_path)) == [2, 0]
    for file in (tmp_path / "__pycache__").glob("*.nb[ci]"):
        file.write_bytes(b"damaged")
    assert finish(start(tmp_path)) == [2, 0]
    assert finish(start(tmp_path)) == [2, 1]
