"""Where a network's parts come from: the installed plugins, or parts handed over directly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from stillage.errors import BadInput

if TYPE_CHECKING:
    from stillage.plugin.host import Host
    from stillage.sensing.modality import Modality

LINEAR = "linear"
"""The size that every modality has: the flattened prepared sample, no parameters."""


class PartsProtocol(Protocol):
    """Gives modalities and the factories of encoders and fusions by name."""

    def modality(self, name: str) -> Modality: ...

    def encoder(self, modality: str, size: str) -> Callable[..., Any]: ...

    def fusion(self, name: str) -> Callable[..., Any]: ...


def _flatten() -> Callable[..., Any]:
    from stillage.network.encoders import FlattenEncoder

    return FlattenEncoder


@dataclass(frozen=True)
class Parts:
    """Parts handed over directly, without plugins: for tests and notebooks.

    ``encoders`` maps (modality, size) to a factory; ``fusions`` adds to those of core.

    >>> Parts().fusion("concat").__name__
    'ConcatFusion'
    """

    modalities: Mapping[str, Modality] = field(default_factory=dict)
    encoders: Mapping[tuple[str, str], Callable[..., Any]] = field(default_factory=dict)
    fusions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    def modality(self, name: str) -> Modality:
        if name not in self.modalities:
            raise BadInput("modality", repr(name), f"one of {sorted(self.modalities)}")
        return self.modalities[name]

    def encoder(self, modality: str, size: str) -> Callable[..., Any]:
        if (modality, size) in self.encoders:
            return self.encoders[modality, size]
        if size == LINEAR:
            return _flatten()
        sizes = sorted({s for m, s in self.encoders if m == modality} | {LINEAR})
        raise BadInput(f"encoder of {modality!r}", f"size {size!r}", f"one of {sizes}")

    def fusion(self, name: str) -> Callable[..., Any]:
        from stillage.network.fusion.concat import ConcatFusion
        from stillage.network.fusion.gated import GatedFusion

        known: dict[str, Any] = {"concat": ConcatFusion, "gated": GatedFusion, **self.fusions}
        if name not in known:
            raise BadInput("fusion", repr(name), f"one of {sorted(known)}")
        factory: Callable[..., Any] = known[name]
        return factory


@dataclass(frozen=True)
class HostParts:
    """Parts from installed plugins."""

    host: Host

    def modality(self, name: str) -> Modality:
        return self.host.modality(name)

    def encoder(self, modality: str, size: str) -> Callable[..., Any]:
        specs = self.host.specs("encoder")
        known = any((s.modality, s.size) == (modality, size) for s in specs)
        if size == LINEAR and not known:
            return _flatten()
        factory: Callable[..., Any] = self.host.resolve(self.host.encoder(modality, size))
        return factory

    def fusion(self, name: str) -> Callable[..., Any]:
        factory: Callable[..., Any] = self.host.resolve(self.host.spec("fusion", name))
        return factory


if TYPE_CHECKING:
    PartsSource = PartsProtocol | Host | Mapping[str, Modality] | None


def parts_of(source: PartsSource) -> PartsProtocol:
    """Parts from a plugin host, from a mapping of modalities, or (None) from what is installed.

    >>> parts_of({}).encoder("anything", "linear").__name__
    'FlattenEncoder'
    """
    if isinstance(source, Mapping):
        return Parts(source)
    if isinstance(source, Parts | HostParts):
        return source
    from stillage.plugin.host import Host, get_host

    if source is None:
        return HostParts(get_host())
    return HostParts(source) if isinstance(source, Host) else source
