"""Fusions: any subset of modalities' tokens to one feature vector."""

__all__ = ["base", "concat", "gated", "specs"]
