"""Networks: encoders, a fusion and heads in one torch module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stillage.network.build import build_network
    from stillage.network.config import NetworkConfig
    from stillage.network.network import Network

__all__ = ["Network", "NetworkConfig", "build_network"]

_HOMES = {
    "Network": "stillage.network.network",
    "NetworkConfig": "stillage.network.config",
    "build_network": "stillage.network.build",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
