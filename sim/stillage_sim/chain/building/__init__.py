"""Building turns a chain's file into the arrays that the kernels read."""

from stillage_sim.chain.building.model import build

__all__ = ["build"]
