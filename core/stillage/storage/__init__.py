"""Storage: files that are whole or absent, digests, and records of what a model was trained on.

Names are imported when they are first used; :mod:`stillage.storage.digest` needs NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillage.lazy import lazily

if TYPE_CHECKING:
    from stillage.storage.atomic import atomic_file, atomic_folder, write_json, write_text
    from stillage.storage.provenance import Training, training

__all__ = [
    "Training",
    "atomic_file",
    "atomic_folder",
    "training",
    "write_json",
    "write_text",
]

__getattr__ = lazily(
    __name__,
    {
        "atomic": ["atomic_file", "atomic_folder", "write_json", "write_text"],
        "provenance": ["Training", "training"],
    },
)
