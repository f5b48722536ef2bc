"""Export a trained student to a bundle of ONNX files and a manifest."""

from __future__ import annotations

from stillage.exporting.student import export, export_all
from stillage.exporting.trace import TraceCache

__all__ = ["TraceCache", "export", "export_all"]
