"""The physics that the sensor models are made of, a module a phenomenon."""

__all__ = ["bearing", "impact", "plates", "ringing"]
