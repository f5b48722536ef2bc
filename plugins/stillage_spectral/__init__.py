"""Spectral modalities: spectrometers (``nir``), few-band scanners (``led``), and their reader."""
