"""Run every ``*_bench.py`` beside this file, print a table and write ``benchmarks.json``.

``python -m tests.benchmarks [PART_OF_A_NAME ...]`` runs only those whose name has the part.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from stillage.storage.atomic import write_json
from tests.benchmarks.harness import Benchmark, measure, reached

HERE = Path(__file__).parent
RESULTS = Path("benchmarks.json")


def discover() -> list[Benchmark]:
    """All benchmarks of the ``*_bench.py`` modules, in order of file name."""
    found: list[Benchmark] = []
    for path in sorted(HERE.glob("*_bench.py")):
        module = importlib.import_module(f"tests.benchmarks.{path.stem}")
        found.extend(module.benchmarks())
    names = [benchmark.name for benchmark in found]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise SystemExit(f"benchmarks: more than one is called {', '.join(doubled)}")
    return found


def line(row: dict[str, Any]) -> str:
    """One line of the table."""
    peer = "-" if row["peer"] is None else f"{row['peer']:.4g}"
    ratio = "-" if row["ratio"] is None else f"{row['ratio']:.2f}x"
    target = "-" if row["target"] is None else f"{row['target']:g}"
    verdict = {None: "", True: "ok", False: "BELOW"}[reached(row)]
    return (
        f"{row['name']:<44} {row['ours']:>11.4g} {peer:>11} {row['unit']:<16} "
        f"{ratio:>8} {target:>8} {verdict:<5} {row['peer_version']}"
    )


def main(parts: list[str]) -> int:
    """Measure what was asked for; 0 whatever the figures, since machines differ."""
    head = ("name", "ours", "peer", "unit", "ratio", "target")
    print("{:<44} {:>11} {:>11} {:<16} {:>8} {:>8}".format(*head), flush=True)
    rows = []
    for benchmark in discover():
        if not parts or any(part in benchmark.name for part in parts):
            rows.append(measure(benchmark))
            print(line(rows[-1]), flush=True)
    write_json(RESULTS, rows)
    print(f"written: {RESULTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
