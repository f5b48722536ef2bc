"""Bundles: exported students, which run with onnxruntime and NumPy alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillage.lazy import lazily

if TYPE_CHECKING:
    from stillage.bundle.runtime import Bundle

__all__ = ["Bundle"]


__getattr__ = lazily(
    __name__,
    {  # onnxruntime comes with it
        "runtime": ["Bundle"],
    },
)
