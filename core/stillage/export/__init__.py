"""Export: from a trained student to a bundle of ONNX files and a manifest."""

from __future__ import annotations

from stillage.export.student import export_student, export_students
from stillage.export.trace import TraceCache

__all__ = ["TraceCache", "export_student", "export_students"]
