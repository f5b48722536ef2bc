"""Write and read checkpoints: each is complete, and belongs to the training that wrote it."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import torch

from stillage.storage.atomic import atomic_file

FILE = "checkpoint.pt"


def training_key(*parts: object) -> str:
    """Hash what decides a training; a checkpoint of another one is not taken up."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else repr(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def save_checkpoint(folder: Path, key: str, state: dict[str, Any]) -> None:
    """Write ``state`` (tensors, numbers and containers of them) atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    torch.save({"key": key, **state}, buffer)
    with atomic_file(folder / FILE) as part:
        part.write_bytes(buffer.getvalue())


def load_checkpoint(folder: Path, key: str) -> dict[str, Any] | None:
    """Read the state of this very training; None where there is none (or a damaged one)."""
    file = folder / FILE
    if not file.is_file():
        return None
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception:  # torch raises many kinds; whatever it is, training starts anew
        return None
    if not isinstance(state, dict) or state.get("key") != key:
        return None
    return state


def drop_checkpoint(folder: Path) -> None:
    """Remove the checkpoint of a training that has ended."""
    (folder / FILE).unlink(missing_ok=True)
