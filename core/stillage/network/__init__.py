"""Networks: encoders, a fusion and heads in one torch module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillage.lazy import lazily

if TYPE_CHECKING:
    from stillage.network.build import build_network
    from stillage.network.config import NetworkConfig
    from stillage.network.network import Network

__all__ = ["Network", "NetworkConfig", "build_network"]

__getattr__ = lazily(
    __name__,
    {
        "build": ["build_network"],
        "config": ["NetworkConfig"],
        "network": ["Network"],
    },
)
