"""The radar modality: range-Doppler maps of items on a belt."""
