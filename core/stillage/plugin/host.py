"""The host of plugins: it loads those that are installed and finds what they register.

>>> from stillage.plugin.spec import FusionSpec
>>> host = get_host()
>>> "concat" in [spec.name for spec in host.specs(FusionSpec)]
True
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

from stillage.errors import BadInput, PluginBroken
from stillage.plugin.hooks import GROUP
from stillage.plugin.loading import (
    DISABLE_VARIABLE,
    Key,
    PluginStatus,
    call_setup,
    key_of,
    load,
    withdraw_duplicates,
)
from stillage.plugin.resolve import resolve
from stillage.plugin.spec import (
    FLATTEN,
    LINEAR,
    EncoderSpec,
    KpiSpec,
    ModalitySpec,
    PolicySpec,
    SectionSpec,
    Spec,
    kind_of,
)
from stillage.plugin.suggest import one_of

S = TypeVar("S", bound=Spec)
_Scoped = TypeVar("_Scoped", PolicySpec, KpiSpec, SectionSpec)


class Host:
    """A host holds the specs of a set of entry points, and the status of each.

    :meth:`load` makes one; :func:`get_host` gives that of the installed plugins. Loading is
    isolated: one entry point that fails is a status, and all others work.
    Nothing here depends on the order in which entry points are found.
    """

    def __init__(self, statuses: Iterable[PluginStatus]) -> None:
        self._statuses = sorted(statuses, key=lambda s: (s.name, s.distribution, s.value))
        withdraw_duplicates(self._statuses)
        self._shared: dict[tuple[type[Spec], str], Any] = {}

    def __reduce__(self) -> tuple[type[Host], tuple[list[PluginStatus]]]:
        # shared objects stay behind: another process makes its own
        return Host, (self._statuses,)

    @classmethod
    def load(
        cls,
        entry_points: Iterable[EntryPoint] | None = None,
        disabled: Collection[str] | None = None,
    ) -> Host:
        """Load entry points one by one.

        Parameters
        ----------
        entry_points : iterable of EntryPoint, optional
            Default: those that installed distributions declare in the group ``stillage``.
        disabled : collection of str, optional
            Entry points or distributions to leave out, by name; default: the
            comma-separated ones of the variable ``STILLAGE_DISABLE_PLUGINS``.
        """
        if disabled is None:
            named = os.environ.get(DISABLE_VARIABLE, "").split(",")
            disabled = [name.strip() for name in named if name.strip()]
        found = _installed() if entry_points is None else entry_points
        return cls([load(entry_point, disabled) for entry_point in found])

    def statuses(self) -> list[PluginStatus]:
        """List the status of every entry point, by name."""
        return list(self._statuses)

    def plus(self, specs: Iterable[Spec]) -> Host:
        """Give a host with further specs, as of one more plugin; for notebooks and tests.

        >>> from stillage.plugin.spec import FusionSpec
        >>> mine = FusionSpec(name="mine", summary="", factory="__main__:Mine")
        >>> "mine" in [spec.name for spec in get_host().plus([mine]).specs(FusionSpec)]
        True
        """
        # copies, since a duplicate among the further specs takes specs away from a status
        statuses = [replace(s, withheld=dict(s.withheld)) for s in self._statuses]
        return Host([*statuses, PluginStatus("given", "given", specs=tuple(specs))])

    def specs(self, kind: type[S]) -> tuple[S, ...]:
        """Give all usable specs of a kind: plugins by name, each in its own order."""
        return tuple(s for status in self._statuses for s in status.specs if isinstance(s, kind))

    def scenario_specs(self, kind: type[_Scoped], scenario: str) -> tuple[_Scoped, ...]:
        """Give a scenario's policies, KPIs or report sections; sections sorted by their order.

        A section whose ``scenario`` is empty belongs to every scenario.
        """
        wanted = (scenario, "") if kind is SectionSpec else (scenario,)
        found = [spec for spec in self.specs(kind) if spec.scenario in wanted]
        return tuple(sorted(found, key=lambda spec: getattr(spec, "order", 0)))

    def spec(self, kind: type[S], name: str, scenario: str = "") -> S:
        """Find the spec of that kind and name (of that scenario, for policies and KPIs).

        Raises
        ------
        BadInput
            If no plugin has it: names those there are, and the nearest.
        PluginBroken
            If a plugin has it, but it cannot be used.
        """
        key = Key(kind_of(kind), scenario, name)
        for spec in self.specs(kind):
            if key_of(spec) == key:
                return spec
        self._refuse_withheld(key)
        known = [spec.name for spec in self.specs(kind) if key_of(spec).scope == scenario]
        raise BadInput(str(key), f"no such {key.kind}", one_of(name, known) + self._broken_hint())

    def _refuse_withheld(self, key: Key) -> None:
        for status in self._statuses:
            if key in status.withheld:
                raise PluginBroken(
                    f"{key} of plugin {status.name} ({status.where}) cannot be used: "
                    f"{status.withheld[key]}"
                )

    def _broken_hint(self) -> str:
        names = [status.name for status in self._statuses if status.status == "broken"]
        if not names:
            return ""
        return f" (broken: {', '.join(names)}; see `stillage plugins doctor`)"

    def owner(self, spec: Spec) -> PluginStatus | None:
        """Find the plugin that registered this very spec, if one of this host's did."""
        return next((s for s in self._statuses if any(spec is own for own in s.specs)), None)

    def resolve(self, spec: Spec | str) -> Any:
        """Import what a spec's ``factory`` (or an import string) names.

        Raises
        ------
        PluginBroken
            If it cannot be imported; names the plugin and its distribution.
        """
        if isinstance(spec, str):
            return resolve(spec)
        owner = self.owner(spec)
        who = f" of plugin {owner.name} ({owner.where})" if owner else ""
        return resolve(spec.factory, f"{key_of(spec)}{who}")

    def create(
        self, kind: type[Spec], name: str, /, *args: Any, scenario: str = "", **kwargs: Any
    ) -> Any:
        """Call the factory of the spec of that kind and name with these arguments.

        Raises
        ------
        PluginBroken
            If the factory's product is not what specs of that kind promise.
        """
        spec = self.spec(kind, name, scenario)
        made = self.resolve(spec)(*args, **kwargs)
        if spec.face and not isinstance(made, resolve(spec.face)):
            raise PluginBroken(f"{key_of(spec)}: its factory gave a {type(made).__name__}")
        return made

    def shared(self, kind: type[Spec], name: str) -> Any:
        """Give what :meth:`create` makes without arguments, the same object every time."""
        key = (kind, name)
        if key not in self._shared:
            self._shared[key] = self.create(kind, name)
        return self._shared[key]

    def encoder(self, modality: str, size: str) -> EncoderSpec:
        """Find the encoder of a modality and size.

        Every modality has ``linear``: where its plugin registers none, core's generic
        encoder (flattened prepared samples, no parameters).

        Raises
        ------
        BadInput
            If the modality has no such size, or there is no such modality.
        """
        found = [spec for spec in self.specs(EncoderSpec) if spec.modality == modality]
        for spec in found:
            if spec.size == size:
                return spec
        self.spec(ModalitySpec, modality)
        if size == LINEAR:
            return EncoderSpec(
                name=f"{modality}-{LINEAR}",
                summary="Flattened prepared samples, without parameters.",
                factory=FLATTEN,
                modality=modality,
                size=LINEAR,
            )
        self._refuse_withheld(Key("encoder", "", f"{modality}-{size}"))
        sizes = {LINEAR, *(spec.size for spec in found)}
        raise BadInput(f"encoder size {size!r} of {modality}", "no such size", one_of(size, sizes))

    def manifest(self) -> dict[str, str]:
        """Give each entry point's distribution, version and a hash of what it registers.

        Workers compare theirs with the driver's, since a result must not depend on where
        it was computed. Disabled and broken plugins are in it too, under their status.
        """
        return {
            f"{status.name} = {status.value}": f"{status.where} {_digest(status)}"
            for status in self._statuses
        }

    def setup_worker(self, context: Mapping[str, str]) -> list[PluginStatus]:
        """Call every plugin's ``worker_setup``, and give the plugins whose call failed."""
        for status in self._statuses:
            call_setup(status, context)
        return [s for s in self._statuses if s.reason.startswith("worker_setup")]


def _installed() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=GROUP))


def _digest(status: PluginStatus) -> str:
    if status.status in ("disabled", "incompatible") or not status.specs:
        return status.status
    text = json.dumps([spec.model_dump(mode="json") for spec in status.specs], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@functools.cache
def get_host() -> Host:
    """The host of this process's installed plugins, loaded once."""
    return Host.load()
