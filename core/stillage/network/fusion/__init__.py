"""Fuse the tokens of any subset of modalities into one feature vector."""

__all__ = ["base", "concat", "gated", "specs"]
