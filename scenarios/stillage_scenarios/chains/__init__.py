"""Chains: what every world that is described by a chain file shares."""
