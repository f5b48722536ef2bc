"""The stages of a chain's step: scalar functions, compiled over the replicas."""
