"""A chain world moves mass through nodes, edges, makers, use and back, hour by hour.

>>> from stillage_sim.chain import load_chain
>>> load_chain.__name__
'load_chain'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stillage_sim.chain.building.model import build
    from stillage_sim.chain.file.load import ChainFile, load_chain
    from stillage_sim.chain.model import ChainModel
    from stillage_sim.chain.running import advance, begun, totals, usual_policy

_HOMES = {  # the kernels bring numba
    "ChainFile": "file.load",
    "ChainModel": "model",
    "advance": "running",
    "begun": "running",
    "build": "building.model",
    "load_chain": "file.load",
    "totals": "running",
    "usual_policy": "running",
}

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


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
