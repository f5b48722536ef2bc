"""Sorting mixed waste on a belt."""
