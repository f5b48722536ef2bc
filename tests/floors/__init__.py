"""Acceptance runs on real recordings: `python -m tests.floors` (minutes to tens of minutes)."""
