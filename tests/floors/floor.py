"""A floor: a demand, the figures that were seen, and whether they meet it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Floor:
    """One demand on a result; ``command`` reproduces ``figures``."""

    name: str
    demand: str
    holds: bool
    figures: dict[str, Any]
    command: str

    def line(self) -> str:
        """One printed line."""
        verdict = "holds" if self.holds else "FAILS"
        return f"{verdict}  {self.name}: {self.demand}\n       {json.dumps(self.figures)}"

    def row(self) -> dict[str, Any]:
        """The entry in ``floors.json``."""
        return asdict(self)


def stillage(*arguments: str | Path, check: bool = True) -> Any:
    """Run the command line as a user would; parsed JSON where ``--json`` is asked for."""
    words = [str(a) for a in arguments]
    print("$ stillage " + " ".join(words), file=sys.stderr, flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "stillage", *words], stdout=subprocess.PIPE, text=True, check=check
    )
    return json.loads(done.stdout) if "--json" in words else done.stdout


def plastic_recording(data: Path, work: Path) -> Path:
    """The plastic set as a recording, imported by the first floor that asks."""
    recording = work / "plastic.h5"
    if not recording.exists():
        stillage("record", "import", "plastic-scanner", data / "plastic_scanner_paired", recording)
    return recording


def rounded(interval: dict[str, float]) -> dict[str, float]:
    """An interval to four decimals, for reading."""
    return {key: round(value, 4) for key, value in interval.items()}
