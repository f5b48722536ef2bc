"""Chain files are TOML that describes a circular supply chain, read and checked here."""

from stillage_sim.chain.file.load import ChainFile, load_chain

__all__ = ["ChainFile", "load_chain"]
