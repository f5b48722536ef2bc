"""Run every ``*_floor.py`` beside this file, print each floor, write ``floors.json``.

``python -m tests.floors [PART_OF_A_FILE_NAME ...]`` runs only those; exit 1 where one fails.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from pathlib import Path

from stillage.storage.atomic import write_json
from tests.floors.floor import Floor

HERE = Path(__file__).parent


def main(parts: list[str]) -> int:
    """Real recordings come from ``STILLAGE_DATA`` (default: ``../shared/data``)."""
    data = Path(os.environ.get("STILLAGE_DATA", "../shared/data"))
    if not data.is_dir():
        print(f"floors: found no folder {data}, expected STILLAGE_DATA", file=sys.stderr)
        return 2
    found: list[Floor] = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for path in sorted(HERE.glob("*_floor.py")):
            if parts and not any(part in path.stem for part in parts):
                continue
            module = importlib.import_module(f"tests.floors.{path.stem}")
            for floor in module.floors(data, work):
                print(floor.line(), flush=True)
                found.append(floor)
                write_json("floors.json", [f.row() for f in found])
    return 0 if all(floor.holds for floor in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
