"""Building: a chain's file becomes the arrays that the kernels read."""

from stillage_sim.chain.building.model import build

__all__ = ["build"]
