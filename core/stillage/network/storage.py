"""Write networks to disk and read them: a validated description and weights, no pickled object."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from stillage.errors import BadInput, StillageError
from stillage.network.config import NetworkConfig
from stillage.plugin.part import PartConfig
from stillage.storage.atomic import atomic_folder
from stillage.storage.description import read_description

Module = TypeVar("Module", bound=nn.Module)
State = Mapping[str, Tensor]
PLAIN = PartConfig(name="network")
"""The model of core's own networks."""
CONFIG, WEIGHTS = "network.json", "weights.pt"
_MAX_CONFIG = 16 << 20
_SLACK = 4 << 20
"""Most bytes that a file of weights may hold beyond the weights themselves."""


class StoredNetwork(BaseModel):
    """The content of ``network.json``.

    ``fingerprint`` is that of the network as it was saved, and ``model`` the registered student
    that it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = 1
    fingerprint: str
    network: NetworkConfig
    model: PartConfig = PLAIN


def fingerprint_of(config: NetworkConfig, state: State) -> str:
    """Compute the sha256 of a configuration and of all weights, hexadecimal."""
    digest = hashlib.sha256(config.model_dump_json().encode())
    for name, tensor in sorted(state.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        plain = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(plain.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def write(
    folder: Path | str, config: NetworkConfig, state: State, model: PartConfig = PLAIN
) -> None:
    """Write description and weights into ``folder``, atomically."""
    with atomic_folder(folder) as part:
        fingerprint = fingerprint_of(config, state)
        stored = StoredNetwork(fingerprint=fingerprint, network=config, model=model)
        (part / CONFIG).write_text(stored.model_dump_json(indent=1), encoding="utf-8")
        buffer = io.BytesIO()  # torch's own file writer does not say that a disk is full
        torch.save({name: tensor.detach().cpu() for name, tensor in state.items()}, buffer)
        (part / WEIGHTS).write_bytes(buffer.getbuffer())


def _bytes(module: nn.Module) -> int:
    return sum(t.numel() * t.element_size() for t in module.state_dict().values())


def _check_size(file: Path, needed: int) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            inside = sum(entry.file_size for entry in archive.infolist())
    except Exception as error:
        # damaged directories of zip files raise many kinds of error
        raise BadInput(file, "unreadable weights", "a file written by Network.save") from error
    if not needed <= inside <= needed + _SLACK:
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


def read(folder: Path | str, build: Callable[[StoredNetwork], Module]) -> Module:
    """Build the described network and fill it; nothing is allocated beyond the weights' size."""
    stored = read_description(Path(folder) / CONFIG, StoredNetwork, _MAX_CONFIG, "a saved network")
    config = stored.network
    file = Path(folder) / WEIGHTS
    try:
        # a build without memory gives the weights' size, before a hostile description can claim any
        with torch.device("meta"):
            needed = _bytes(build(stored))
    except StillageError:
        raise
    except (RuntimeError, NotImplementedError, OverflowError):
        needed = -1  # an encoder that cannot be built without memory: the real build decides
    if needed >= 0:
        _check_size(file, needed)
    network = build(stored)
    _check_size(file, _bytes(network))
    state = _read_weights(file)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise BadInput(file, "weights of another network", f"those of {CONFIG}") from error
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise BadInput(file, f"NaN or infinity in {name!r}", "finite weights")
    if fingerprint_of(config, network.state_dict()) != stored.fingerprint:
        raise BadInput(file, "damaged weights", "those that Network.save wrote")
    return network
