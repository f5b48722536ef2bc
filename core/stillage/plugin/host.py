"""The host: every plugin that is installed, what it registers, and what is wrong with it.

>>> host = get_host()
>>> "concat" in [spec.name for spec in host.specs("fusion")]
True
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Collection, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Literal, overload

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
    CommandSpec,
    EncoderSpec,
    FusionSpec,
    KpiSpec,
    ModalitySpec,
    ObjectiveSpec,
    PolicySpec,
    ReaderSpec,
    ScenarioSpec,
    SectionSpec,
    Spec,
)
from stillage.plugin.suggest import one_of

if TYPE_CHECKING:
    from stillage.sensing.modality import Modality


class Host:
    """What a set of entry points provides. :meth:`load` makes one, :func:`get_host` the usual.

    Loading is isolated: one entry point that fails is a status, and all others work.
    Nothing here depends on the order in which entry points are found.
    """

    def __init__(self, statuses: Iterable[PluginStatus]) -> None:
        self._statuses = sorted(statuses, key=lambda s: (s.name, s.distribution, s.value))
        withdraw_duplicates(self._statuses)
        self._owner = {id(spec): status for status in self._statuses for spec in status.specs}
        self._modalities: dict[str, Modality] = {}

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
        """The status of every entry point, by name."""
        return list(self._statuses)

    @overload
    def specs(self, kind: Literal["modality"]) -> tuple[ModalitySpec, ...]: ...
    @overload
    def specs(self, kind: Literal["encoder"]) -> tuple[EncoderSpec, ...]: ...
    @overload
    def specs(self, kind: Literal["reader"]) -> tuple[ReaderSpec, ...]: ...
    @overload
    def specs(self, kind: Literal["fusion"]) -> tuple[FusionSpec, ...]: ...
    @overload
    def specs(self, kind: Literal["objective"]) -> tuple[ObjectiveSpec, ...]: ...
    @overload
    def specs(self, kind: Literal["scenario"]) -> tuple[ScenarioSpec, ...]: ...
    @overload
    def specs(self, kind: Literal["policy"]) -> tuple[PolicySpec, ...]: ...
    @overload
    def specs(self, kind: Literal["kpi"]) -> tuple[KpiSpec, ...]: ...
    @overload
    def specs(self, kind: Literal["section"]) -> tuple[SectionSpec, ...]: ...
    @overload
    def specs(self, kind: Literal["command"]) -> tuple[CommandSpec, ...]: ...
    @overload
    def specs(self, kind: str) -> tuple[Any, ...]: ...
    def specs(self, kind: str) -> tuple[Any, ...]:
        """All usable specs of a kind: plugins by name, each in its own order."""
        return tuple(s for status in self._statuses for s in status.specs if s.kind == kind)

    def scenario_specs(
        self, kind: Literal["policy", "kpi", "section"], scenario: str
    ) -> tuple[Any, ...]:
        """Policies, KPIs or report sections of a scenario; sections sorted by their order.

        A section whose ``scenario`` is empty belongs to every scenario.
        """
        wanted = (scenario, "") if kind == "section" else (scenario,)
        found = [spec for spec in self.specs(kind) if spec.scenario in wanted]
        return tuple(sorted(found, key=lambda spec: getattr(spec, "order", 0)))

    @overload
    def spec(self, kind: Literal["modality"], name: str) -> ModalitySpec: ...
    @overload
    def spec(self, kind: Literal["reader"], name: str) -> ReaderSpec: ...
    @overload
    def spec(self, kind: Literal["fusion"], name: str) -> FusionSpec: ...
    @overload
    def spec(self, kind: Literal["objective"], name: str) -> ObjectiveSpec: ...
    @overload
    def spec(self, kind: Literal["scenario"], name: str) -> ScenarioSpec: ...
    @overload
    def spec(self, kind: str, name: str, scenario: str = "") -> Any: ...
    def spec(self, kind: str, name: str, scenario: str = "") -> Any:
        """The spec of that kind and name (of that scenario, for policies and KPIs).

        Raises
        ------
        BadInput
            If no plugin has it: names those there are, and the nearest.
        PluginBroken
            If a plugin has it, but it cannot be used.
        """
        key = Key(kind, scenario, name)
        for spec in self.specs(kind):
            if key_of(spec) == key:
                return spec
        self._refuse_withheld(key)
        known = [spec.name for spec in self.specs(kind) if key_of(spec).scope == scenario]
        raise BadInput(str(key), f"no such {kind}", one_of(name, known) + self._broken_hint())

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

    def resolve(self, spec: Spec | str) -> Any:
        """Import what a spec's ``factory`` (or an import string) names.

        Raises
        ------
        PluginBroken
            If it cannot be imported; names the plugin and its distribution.
        """
        if isinstance(spec, str):
            return resolve(spec)
        owner = self._owner.get(id(spec))
        who = f" of plugin {owner.name} ({owner.where})" if owner else ""
        return resolve(spec.factory, f"{key_of(spec)}{who}")

    def create(self, kind: str, name: str, *args: Any, scenario: str = "", **kwargs: Any) -> Any:
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

    def modality(self, name: str) -> Modality:
        """The modality of that name; the same object every time.

        Raises
        ------
        BadInput, PluginBroken
            As :meth:`spec` and :meth:`resolve`; also if its factory gives no Modality.
        """
        if name not in self._modalities:
            self._modalities[name] = self.create("modality", name)
        return self._modalities[name]

    def encoder(self, modality: str, size: str) -> EncoderSpec:
        """The encoder of a modality and size.

        Every modality has ``linear``: where its plugin registers none, core's generic
        encoder (flattened prepared samples, no parameters).

        Raises
        ------
        BadInput
            If the modality has no such size, or there is no such modality.
        """
        found = [spec for spec in self.specs("encoder") if spec.modality == modality]
        for spec in found:
            if spec.size == size:
                return spec
        self.spec("modality", modality)
        if size == "linear":
            return EncoderSpec(
                name=f"{modality}-linear",
                summary="Flattened prepared samples, without parameters.",
                factory=FLATTEN,
                modality=modality,
                size="linear",
            )
        self._refuse_withheld(Key("encoder", "", f"{modality}-{size}"))
        sizes = {"linear", *(spec.size for spec in found)}
        raise BadInput(f"encoder size {size!r} of {modality}", "no such size", one_of(size, sizes))

    def manifest(self) -> dict[str, str]:
        """Per entry point, its distribution, version and a hash of what it registers.

        Workers compare theirs with the driver's, since a result must not depend on where
        it was computed. Disabled and broken plugins are in it too, under their status.
        """
        return {
            f"{status.name} = {status.value}": f"{status.where} {_digest(status)}"
            for status in self._statuses
        }

    def setup_worker(self, context: Mapping[str, str]) -> list[PluginStatus]:
        """Call every plugin's ``worker_setup``; the plugins whose call failed."""
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
