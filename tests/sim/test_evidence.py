"""The page of evidence is what the tests have found; see also the cases of chains."""

from __future__ import annotations

import pytest

from tests.sim import evidence, parts
from tests.sim.chain.cases import PAGE, Simulation, reproduces


@pytest.mark.parametrize(
    "simulation", [*parts.QUEUES, *parts.MACHINES, *parts.OTHERS], ids=lambda s: s.__name__
)
def test_parts_reproduce_their_closed_forms(simulation: Simulation) -> None:
    for case in simulation():
        reproduces(case)


def test_the_page_is_as_it_was_written() -> None:
    """Each row is compared where its case is simulated; here all else, and that none was added."""
    text = PAGE.read_text("utf-8")
    rows = evidence.rows_of(text)
    assert text == evidence.page(rows)
    assert list(rows) == list(evidence.SECTIONS)
    names = [line.split("|")[1] for lines in rows.values() for line in lines]
    assert len(set(names)) == len(names)
