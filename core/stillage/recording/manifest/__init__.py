"""Manifests: a CSV of paths, groups and targets, read as a recording."""
