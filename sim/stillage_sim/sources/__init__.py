"""Readers of tables that others publish: recorded series, PV_ICE baselines, waste analyses."""
