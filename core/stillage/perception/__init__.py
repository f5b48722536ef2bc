"""Perception: what models say of held-out items, and what a reading costs a device."""

__all__ = ["device", "latency", "macs", "table"]
