"""The radar modality: range-Doppler maps of items on a belt."""

__all__ = ["encoders", "modality", "pairs", "sensor"]
