"""The engine: how loops over replicas are compiled; the only part of the simulator with numba.

Who writes a kernel needs the marks below, and from the modules of this package what it
calculates with: ``cycles``, ``ledger``, ``quantiles``, ``randomness`` and ``rows``. How it works
inside is described by README.md in this folder.
"""

from stillage_sim.engine.entries import bound, kernel, packed
from stillage_sim.engine.marks import called, compiled, inlined, shared, stage, wrapping
from stillage_sim.engine.numba_internals import INTERPRETED
from stillage_sim.engine.packing import alone, changing

__all__ = [
    "INTERPRETED", "alone", "bound", "called", "changing", "compiled", "inlined", "kernel",
    "packed", "shared", "stage", "wrapping",
]  # fmt: skip
