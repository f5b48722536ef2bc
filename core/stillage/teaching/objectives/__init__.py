"""Objectives: losses that a student learns by, with declared ports."""
