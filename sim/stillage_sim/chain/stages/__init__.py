"""The stages of a chain's step: scalar functions, compiled into a loop over the replicas."""

__all__ = ["decide", "flows", "making", "step", "trade", "using"]
