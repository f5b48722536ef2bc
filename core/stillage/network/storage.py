"""Networks on disk: a validated description and weights, no pickled object, every size bounded."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import torch
from pydantic import BaseModel, ConfigDict, ValidationError

from stillage.atomic import atomic_folder
from stillage.errors import BadInput, StillageError
from stillage.network.config import NetworkConfig

if TYPE_CHECKING:
    from stillage.network.network import Network
    from stillage.network.parts import PartsSource

    N = TypeVar("N", bound=Network)

CONFIG, WEIGHTS = "network.json", "weights.pt"
MAX_CONFIG = 16 << 20
SLACK = 4 << 20
"""Bytes that a file of weights may hold beyond the weights themselves."""


class StoredNetwork(BaseModel):
    """What ``network.json`` holds; ``fingerprint`` is that of the network as it was saved."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = 1
    fingerprint: str
    network: NetworkConfig


def save(network: Network, folder: Path | str) -> None:
    """Write description and weights into ``folder``, atomically."""
    with atomic_folder(folder) as part:
        stored = StoredNetwork(fingerprint=network.fingerprint(), network=network.config)
        (part / CONFIG).write_text(stored.model_dump_json(indent=1), encoding="utf-8")
        state = {name: tensor.detach().cpu() for name, tensor in network.state_dict().items()}
        buffer = io.BytesIO()  # torch's own file writer does not say that a disk is full
        torch.save(state, buffer)
        (part / WEIGHTS).write_bytes(buffer.getbuffer())


def read_description(folder: Path | str) -> StoredNetwork:
    """Read and validate ``network.json``."""
    file = Path(folder) / CONFIG
    try:
        if file.stat().st_size > MAX_CONFIG:
            raise BadInput(file, f"{file.stat().st_size} bytes", f"at most {MAX_CONFIG}")
        return StoredNetwork.model_validate_json(file.read_bytes())
    except OSError as error:
        raise BadInput(file, error.strerror or "unreadable", "a saved network") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise BadInput(file, f"{place} {first['msg']}".strip(), "a saved network") from error


def _bytes(network: Network) -> int:
    return sum(t.numel() * t.element_size() for t in network.state_dict().values())


def _check_size(file: Path, needed: int) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            inside = sum(entry.file_size for entry in archive.infolist())
    except Exception as error:
        # damaged directories of zip files raise many kinds of error
        raise BadInput(file, "unreadable weights", "a file written by Network.save") from error
    if not needed <= inside <= needed + SLACK:
        raise BadInput(file, f"weights of {inside} bytes", f"about {needed} bytes")


def _read_weights(file: Path) -> dict[str, Any]:
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        # torch raises many kinds of error for a damaged or forbidden pickle
        raise BadInput(file, "unreadable weights", "a file written by Network.save") from error
    if not isinstance(state, dict) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise BadInput(file, "something else than tensors", "a file written by Network.save")
    return state


def load(cls: type[N], folder: Path | str, host: PartsSource = None) -> N:
    """Build the described network and fill it; nothing is allocated beyond the weights' size."""
    stored = read_description(folder)
    config = stored.network
    file = Path(folder) / WEIGHTS
    try:
        with torch.device("meta"):
            needed = _bytes(cls(config, host))
    except StillageError:
        raise
    except (RuntimeError, NotImplementedError, OverflowError):
        needed = -1  # an encoder that cannot be built without memory: the real build decides
    if needed >= 0:
        _check_size(file, needed)
    network = cls(config, host)
    _check_size(file, _bytes(network))
    state = _read_weights(file)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise BadInput(file, "weights of another network", f"those of {CONFIG}") from error
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise BadInput(file, f"NaN or infinity in {name!r}", "finite weights")
    if network.fingerprint() != stored.fingerprint:
        raise BadInput(file, "damaged weights", "those that Network.save wrote")
    return network.eval()
