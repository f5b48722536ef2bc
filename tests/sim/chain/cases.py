"""Cases with a closed form: what theory says, what was simulated, and how sure that is.

A case is its own evidence: the row that docs/simulator/evidence.md has of it is made of the very
figures that its test has just simulated, and compared with the page.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from stillage_sim.chain.building.model import build
from stillage_sim.chain.file.load import load_chain
from stillage_sim.chain.model import ChainModel
from stillage_sim.chain.running import advance, begun, totals, usual_policy
from stillage_sim.chain.stages.decide import CompiledPolicy
from stillage_sim.chain.stages.step import States

Floats = NDArray[np.float64]

PAGE = Path(__file__).parents[3] / "docs" / "simulator" / "evidence.md"
SEED = 4
CONFIDENCE = 0.99
WRONG = 0.02
"""An error of this share of the value must be seen."""

EXACT = 1e-9
"""Relative tolerance of cases without luck."""

COLUMNS = ("Case", "Formula", "Theory", "Simulated", "99 % interval", "Replicas", "Source")
HEAD = (f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}")


class Case(NamedTuple):
    """A figure: ``samples`` (N,) are independent; one alone is a case without luck.

    Half the interval is less than ``tight`` of the value.
    """

    name: str
    formula: str
    source: str
    theory: float
    samples: Floats
    tight: float = 0.01

    @property
    def mean(self) -> float:
        """What was simulated."""
        return float(self.samples.mean())

    @property
    def half(self) -> float:
        """Half the width of its Student interval of confidence 99 %; 0 without luck."""
        count = len(self.samples)
        if count == 1:
            return 0.0
        width = stats.t.isf((1.0 - CONFIDENCE) / 2.0, count - 1)
        return float(width * self.samples.std(ddof=1) / np.sqrt(count))

    @property
    def row(self) -> str:
        """Its row on the page."""
        count = len(self.samples)
        interval = f"{self.mean - self.half:.5g} to {self.mean + self.half:.5g}"
        cells = (
            self.name, self.formula, f"{self.theory:.5g}", f"{self.mean:.5g}",
            interval if count > 1 else "no luck in it", f"{count:,}", self.source,
        )  # fmt: skip
        return f"| {' | '.join(cells)} |"


Simulation = Callable[[], list[Case]]
"""Simulates cases that share a rollout."""


def reproduces(case: Case) -> None:
    """The 99 % interval has the value of theory in it, and lies within 2 % of it.

    And the page says just this.
    """
    if len(case.samples) == 1:
        assert abs(case.mean - case.theory) <= EXACT * abs(case.theory), case.row
    else:
        assert case.half < case.tight * abs(case.theory), case.row
        assert abs(case.mean - case.theory) <= case.half, case.row
        assert case.half + abs(case.mean - case.theory) < WRONG * abs(case.theory), case.row
    assert case.row in PAGE.read_text("utf-8"), f"python -m tests.sim.evidence\n{case.row}"


def chain(text: str) -> ChainModel:
    """The chain that a text describes."""
    return build(load_chain(text))


class Rolled(NamedTuple):
    """What changed in all totals during ``steps``, and the states at the end."""

    model: ChainModel
    gain: dict[str, Floats]
    states: States
    steps: int

    def flow(self, name: str, kind: str) -> Floats:
        """Kilograms (R,) of all materials that went the ways of a name and kind."""
        found = [n for n, w in enumerate(self.model.ways) if (w.name, w.kind) == (name, kind)]
        assert found, (name, kind, [(w.name, w.kind) for w in self.model.ways])
        return np.asarray(self.gain["flow"][:, found].sum((1, 2)))

    def mass(self, name: str) -> Floats:
        """Kilograms (R,) that an account gained."""
        return np.asarray(self.gain["mass"][:, self.model.account(name)].sum(1))


def rolled(
    model: ChainModel,
    replicas: int,
    steps: int,
    warm_up: int = 0,
    policy: CompiledPolicy | None = None,
    seed: int = SEED,
) -> Rolled:
    """Run a chain, and watch it after ``warm_up`` steps."""
    states = begun(model, replicas, seed)
    policy = usual_policy(model) if policy is None else policy
    advance(model, policy, states, warm_up)
    before = totals(states)
    advance(model, policy, states, steps)
    after = totals(states)
    return Rolled(model, {k: v - before[k] for k, v in after.items()}, states, steps)
