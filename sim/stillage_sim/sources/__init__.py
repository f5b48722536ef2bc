"""Read tables that others publish: recorded series, PV_ICE baselines, waste analyses."""

__all__ = ["csvfile", "pv_ice", "waste"]
