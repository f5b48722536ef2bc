"""A chain world moves mass through nodes, edges, makers, use and back, hour by hour.

>>> from stillage_sim.chain import load_chain
>>> load_chain.__name__
'load_chain'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillage.lazy import lazily

if TYPE_CHECKING:
    from stillage_sim.chain.building.model import build
    from stillage_sim.chain.file.load import ChainFile, load_chain
    from stillage_sim.chain.model import ChainModel
    from stillage_sim.chain.running import advance, begun, totals, usual_policy

__all__ = [
    "ChainFile",
    "ChainModel",
    "advance",
    "begun",
    "build",
    "load_chain",
    "totals",
    "usual_policy",
]


__getattr__ = lazily(
    __name__,
    {  # the kernels bring numba
        "building.model": ["build"],
        "file.load": ["ChainFile", "load_chain"],
        "model": ["ChainModel"],
        "running": ["advance", "begun", "totals", "usual_policy"],
    },
)
