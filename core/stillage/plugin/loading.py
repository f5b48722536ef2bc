"""Load one entry point, so that whatever it does, the others stay unharmed."""

from __future__ import annotations

import traceback
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from typing import Any, Literal, NamedTuple

import pluggy

from stillage.plugin import hooks
from stillage.plugin.resolve import last_line, missing_module
from stillage.plugin.spec import (
    API_VERSION,
    EncoderSpec,
    IncompatibleSpec,
    KpiSpec,
    PolicySpec,
    Spec,
)
from stillage.plugin.suggest import nearest

_Status = Literal["ok", "disabled", "incompatible", "broken"]
HOOKS = ("register", "worker_setup")


class Key(NamedTuple):
    """A key that only one spec may have: kind, scenario (or "") and name."""

    kind: str
    scope: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}" + (f" of {self.scope}" if self.scope else "")


def key_of(spec: Spec) -> Key:
    """Give the key of a spec; names of policies and KPIs are unique in their scenario."""
    scope = spec.scenario if isinstance(spec, PolicySpec | KpiSpec) else ""
    return Key(spec.kind, scope, spec.name)


@dataclass
class PluginStatus:
    """The status of one entry point: whether it could be loaded, and what it registers.

    ``specs`` are those that can be used; ``withheld`` says why others cannot; ``reason`` is
    one line, and ``traceback`` what led to it where an exception did.
    """

    name: str
    value: str
    distribution: str = "unknown"
    version: str = ""
    status: _Status = "ok"
    reason: str = ""
    traceback: str = ""
    specs: tuple[Spec, ...] = ()
    withheld: dict[Key, str] = field(default_factory=dict)
    manager: pluggy.PluginManager | None = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "manager": None}  # another process loads its own plugin module

    @property
    def where(self) -> str:
        """Distribution and version, for messages."""
        return f"{self.distribution} {self.version}".strip()

    def set(self, status: _Status, reason: str, error: BaseException | None = None) -> None:
        """Give another status with its reason; the traceback is of ``error``."""
        self.status, self.reason = status, " ".join(reason.split())
        if error is not None:
            self.traceback = "".join(traceback.format_exception(error))

    def withhold(self, spec: Spec, reason: str) -> None:
        """Take one spec out of use, for a reason."""
        self.withheld[key_of(spec)] = reason
        self.specs = tuple(other for other in self.specs if other is not spec)

    def names(self, kind: type[Spec]) -> list[str]:
        """List the names of its usable specs of one kind."""
        return [spec.name for spec in self.specs if isinstance(spec, kind)]


def describe(entry_point: EntryPoint) -> PluginStatus:
    """Give the status before loading: names and versions; damaged metadata are ``unknown``."""
    status = PluginStatus(entry_point.name, entry_point.value)
    try:
        dist = entry_point.dist
        if dist is not None:
            status.distribution, status.version = str(dist.name), str(dist.version)
    except Exception as error:
        status.set("broken", f"damaged metadata: {last_line(error)}", error)
    return status


def load(entry_point: EntryPoint, disabled: Collection[str]) -> PluginStatus:
    """Load one entry point; every failure ends in its status, none escapes but Ctrl-C."""
    status = describe(entry_point)
    if status.status == "broken":
        return status
    if {entry_point.name, status.distribution} & set(disabled):
        status.set("disabled", f"by {DISABLE_VARIABLE}")
        return status
    try:
        _fill(status, entry_point)
    except IncompatibleSpec as error:
        status.set("incompatible", str(error), error)
    except _Fault as error:
        status.set("broken", str(error))
    except (Exception, SystemExit) as error:
        status.set("broken", last_line(error), error)
    return status


DISABLE_VARIABLE = "STILLAGE_DISABLE_PLUGINS"


class _Fault(Exception):
    """A mistake that its message explains better than a traceback."""


def _fill(status: PluginStatus, entry_point: EntryPoint) -> None:
    plugin = entry_point.load()
    # a manager for each plugin: in a common one, a hook that raises would stop all others
    manager = pluggy.PluginManager("stillage")
    manager.add_hookspecs(hooks)
    manager.register(plugin, entry_point.name)
    _check_hooks(plugin, manager)
    specs: list[Spec] = []
    for result in manager.hook.register():
        specs.extend(_check_specs(result))
    status.manager = manager
    other = [spec for spec in specs if spec.api_version != API_VERSION]
    if other:
        status.withheld = {key_of(spec): incompatible(spec.api_version) for spec in specs}
        status.set("incompatible", incompatible(other[0].api_version))
        return
    status.specs = tuple(specs)
    for spec in specs:
        lacking = missing_module(spec.requires)
        if lacking:
            status.withhold(spec, f"needs module {lacking!r}, which is not installed")
    if specs and not status.specs:
        status.set("disabled", "; ".join(dict.fromkeys(status.withheld.values())))


def incompatible(version: int) -> str:
    """Say why a spec of another API version is not used."""
    return f"made for plugin API {version}, this is {API_VERSION}"


def _check_hooks(plugin: Any, manager: pluggy.PluginManager) -> None:
    callers = manager.get_hookcallers(plugin) or []
    for caller in callers:
        if not caller.has_spec():
            raise _Fault(f"unknown hook {caller.name!r}{nearest(caller.name, HOOKS)}")
    manager.check_pending()
    if not callers:
        forgotten = [name for name in HOOKS if callable(getattr(plugin, name, None))]
        hint = (
            f"{forgotten[0]}() lacks @hookimpl" if forgotten else f"expected {' or '.join(HOOKS)}"
        )
        raise _Fault(f"no hook is implemented: {hint}")


def _check_specs(result: Any) -> Sequence[Spec]:
    if isinstance(result, (str, Mapping)) or not isinstance(result, Collection):
        raise _Fault(f"register() returned {type(result).__name__}, expected a list of specs")
    for spec in result:
        if not isinstance(spec, Spec):
            raise _Fault(f"register() returned a {type(spec).__name__}, expected specs only")
    return list(result)


def withdraw_duplicates(statuses: Sequence[PluginStatus]) -> None:
    """Take every name that several plugins claim from all of them, whatever their order."""
    claims: dict[Key, list[tuple[PluginStatus, Spec]]] = {}
    for status in statuses:
        for spec in status.specs:
            for key in _claims(spec):
                claims.setdefault(key, []).append((status, spec))
    for key, claimed in claims.items():
        if len(claimed) < 2:
            continue
        owners = " and ".join(sorted({f"{s.name} ({s.where})" for s, _ in claimed}))
        how = "both registered by" if len({id(s) for s, _ in claimed}) > 1 else "twice in"
        reason = f"{key} is {how} {owners}"
        for status, spec in claimed:
            status.withhold(spec, reason)
            if status.status == "ok":
                status.set("broken", reason)


def _claims(spec: Spec) -> list[Key]:
    keys = [key_of(spec)]
    if isinstance(spec, EncoderSpec):
        keys.append(Key("encoder size", spec.modality, spec.size))
    return keys


def call_setup(status: PluginStatus, context: Mapping[str, str]) -> None:
    """Call one plugin's ``worker_setup``; a failure ends in its status."""
    # a broken plugin that was loaded (it has a duplicate, say) still provides its other specs
    if status.manager is None or status.status not in ("ok", "broken"):
        return
    try:
        status.manager.hook.worker_setup(context=context)
    except (Exception, SystemExit) as error:
        status.set("broken", f"worker_setup failed: {last_line(error)}", error)
