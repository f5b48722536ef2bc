"""A run: from a scenario's name to a folder of figures."""
