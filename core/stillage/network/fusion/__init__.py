"""Fusions: any subset of modalities' tokens to one feature vector."""
