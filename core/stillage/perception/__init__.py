"""Perception: tables of models' outputs for held-out items, and the cost of inference."""

__all__ = ["device", "latency", "macs", "table"]
