"""Run every floor, print each as it is found, write ``floors.json``; exit 1 where one fails."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from stillage.atomic import write_json
from tests.floors import deploy, plastic, sorting
from tests.floors.floor import Floor


def main() -> int:
    """Real recordings come from ``STILLAGE_DATA`` (default: ``../shared/data``)."""
    data = Path(os.environ.get("STILLAGE_DATA", "../shared/data"))
    if not data.is_dir():
        print(f"floors: found no folder {data}, expected STILLAGE_DATA", file=sys.stderr)
        return 2
    found: list[Floor] = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for group in (plastic.floors, deploy.floors, sorting.floors):
            for floor in group(data, work):
                print(floor.line(), flush=True)
                found.append(floor)
                write_json("floors.json", [f.row() for f in found])
    return 0 if all(floor.holds for floor in found) else 1


if __name__ == "__main__":
    sys.exit(main())
