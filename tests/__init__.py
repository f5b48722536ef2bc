"""Tests, benchmarks and floors, runnable as modules from the repository's root."""
