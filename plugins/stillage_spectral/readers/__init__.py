"""Readers: real files become recordings."""
