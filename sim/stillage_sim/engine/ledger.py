"""The ledger: every kilogram, joule and euro moves through it, of one kind or of all at once.

A ledger is float64 ``(R, accounts, kinds)``. What one account loses another gains, so the
accounts of a replica and kind sum to zero at every step; sources (the feed, the sun, the
buyers) run negative. Amounts that were made by :func:`quantise` are multiples of 2**-20, whose
sums are exact in float64 up to 2**33, whatever their order.

>>> books = np.zeros((1, 2, 1))
>>> transfer(books, 0, 0, 1, 0, float(quantise(0.1)))
>>> bool(books.sum() == 0), residual(books)
(True, 0.0)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage_sim.engine.marks import shared
from stillage_sim.engine.rows import Row, row, set_row

__all__ = ["QUANTUM", "quantise", "residual", "transfer", "transfer_row"]

QUANTUM = 2.0**-20


@shared
def transfer(
    ledger: np.ndarray, replica: int, source: int, sink: int, kind: int, amount: float
) -> None:
    """Move ``amount`` of one kind from one account of a replica to another."""
    ledger[replica, source, kind] -= amount
    ledger[replica, sink, kind] += amount


@shared
def transfer_row(
    kinds: tuple[int, ...], source: np.ndarray, sink: np.ndarray, amounts: Row
) -> None:
    """Move ``amounts`` (kinds,) at once from one account's row (kinds,) to another's, in kernels.

    Compiled, it takes only the plain arrays of a kernel; chains' conservation tests run it.
    """
    set_row(source, row(kinds, source) - amounts)
    set_row(sink, row(kinds, sink) + amounts)


def quantise(amounts: Any) -> NDArray[np.float64]:
    """Round to multiples of 2**-20 (a milligram of a kilogram), so that sums are exact."""
    return np.asarray(np.round(np.asarray(amounts, np.float64) / QUANTUM) * QUANTUM)


def residual(ledger: NDArray[np.float64]) -> float:
    """Compute the largest |sum over accounts| of any replica and kind, relative to what moved."""
    gap = np.abs(ledger.sum(1))
    moved = np.abs(ledger).sum(1) / 2.0
    return float((gap / np.where(moved > 0, moved, 1.0)).max(initial=0.0))
