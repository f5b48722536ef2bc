"""Everything moves through one transfer, and sums are exact."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stillage_sim.engine.ledger import QUANTUM, quantise, residual, transfer

moves = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 1), st.floats(0, 1e4)),
    max_size=60,
)


@settings(deadline=None)
@given(moves)
def test_quantised_amounts_sum_exactly_in_any_order(
    moves: list[tuple[int, int, int, float]],
) -> None:
    books = [np.zeros((1, 4, 2)), np.zeros((1, 4, 2))]
    for ledger, order in zip(books, (moves, moves[::-1]), strict=True):
        for source, sink, kind, amount in order:
            transfer(ledger, 0, source, sink, kind, float(quantise(amount)))
    assert (books[0].sum(1) == 0).all()
    assert (books[0] == books[1]).all()
    assert residual(books[0]) == 0.0


def test_residual_finds_what_went_missing() -> None:
    ledger = np.zeros((2, 3, 1))
    transfer(ledger, 1, 0, 1, 0, 8.0)
    assert residual(ledger) == 0.0
    ledger[1, 2, 0] += 0.5
    assert residual(ledger) == 0.5 / 8.25


def test_quantum_is_a_milligram() -> None:
    assert abs(float(quantise(0.0123456789)) - 0.0123456789) <= QUANTUM / 2 < 1e-6
