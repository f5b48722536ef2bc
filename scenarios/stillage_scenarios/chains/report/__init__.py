"""The report's sections on a chain."""
