"""Bundles: exported students, which run with onnxruntime and NumPy alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stillage.bundle.runtime import Bundle

__all__ = ["Bundle"]


def __getattr__(name: str) -> Any:
    if name == "Bundle":  # onnxruntime is imported when a bundle is first wanted
        from stillage.bundle.runtime import Bundle

        return Bundle
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
