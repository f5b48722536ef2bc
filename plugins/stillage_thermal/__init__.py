"""Thermal modality: radiometric pictures of a warmed item as it cools."""
