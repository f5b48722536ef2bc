"""Manifests: a CSV of paths, groups and targets, read as a recording."""

from stillage.recording.manifest.files import load_sample, locate
from stillage.recording.manifest.reader import read_manifest
from stillage.recording.specs import ManifestOptions

__all__ = ["ManifestOptions", "load_sample", "locate", "read_manifest"]
