"""Sensing: modalities, the scenes that they see, and how their readings are augmented."""
