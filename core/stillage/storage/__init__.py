"""Storage: files that are whole or absent, digests, and records of what a model was trained on.

Names are imported when they are first used; :mod:`stillage.storage.digest` needs NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

_HOMES = {
    "Training": "provenance",
    "atomic_file": "atomic",
    "atomic_folder": "atomic",
    "training": "provenance",
    "write_json": "atomic",
    "write_text": "atomic",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
