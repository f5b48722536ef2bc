"""Find policies: those that plugins register for a scenario, and those that a user names."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

from stillage.errors import BadInput, PluginBroken
from stillage.plugin.host import get_host
from stillage.plugin.resolve import last_line, resolve
from stillage.plugin.spec import PolicySpec
from stillage_sim.policy.protocol import ARRAYS, FILE, Policy, Seeing, is_saved


def registered(scenario: str) -> dict[str, Seeing]:
    """Collect all policies of a scenario by name, a plugin's too, in the host's order.

    Raises
    ------
    PluginBroken
        If a factory cannot be imported, or gives something that does not say what it sees.
    """
    specs = get_host().scenario_specs(PolicySpec, scenario)
    return {spec.name: made(spec) for spec in specs}


def made(spec: PolicySpec) -> Seeing:
    """Make the policy of a spec."""
    policy = get_host().resolve(spec)(spec.sees, **spec.options)
    if not isinstance(policy, Seeing):
        raise PluginBroken(f"policy {spec.name!r}: its factory gave a {type(policy).__name__}")
    return policy


def outside(place: str) -> Policy:
    """Load a policy that no plugin registers: a saved one's folder, or ``module:attribute``.

    The attribute is a policy, or a class or function that makes one without arguments.

    Raises
    ------
    BadInput
        If it is neither, is not to be found, or is something else than a policy.
    PluginBroken
        If importing or making it fails.
    """
    if is_saved(Path(place)):
        from stillage_sim.policy.saved import load_policy

        return load_policy(place)
    found = _attribute(place)
    try:  # whatever runs here is the user's code
        if callable(found) and (isinstance(found, type) or not isinstance(found, Policy)):
            found = found()
        if isinstance(found, Policy) and isinstance(found.sees, str):
            return found
    except (Exception, SystemExit) as error:
        raise PluginBroken(f"policy {place!r} cannot be made: {last_line(error)}") from error
    wanted = "a Policy (sees, begin, act), or what makes one"
    raise BadInput(f"policy {place!r}", type(found).__name__, wanted)


def _attribute(place: str) -> Any:
    """Import what ``module:attribute`` names."""
    module = place.partition(":")[0]
    try:
        return resolve(place, f"policy {place!r}")
    except PluginBroken as error:
        cause = error.__cause__
        if isinstance(cause, ModuleNotFoundError) and module.startswith(str(cause.name)):
            raise BadInput(f"{error}; install it, or put its folder on PYTHONPATH") from None
        if isinstance(cause, AttributeError):
            raise BadInput(str(error)) from None
        raise


def content_of(place: str) -> str:
    """Digest what decides a policy of :func:`outside`: its files, or its package's.

    Of ``module:attribute`` that is every Python file of the package that the module is in, or of
    modules that lie beside a single module and are imported.
    """
    folder = Path(place)
    files = [folder / FILE, folder / ARRAYS] if is_saved(folder) else _sources(place)
    state = hashlib.sha256(place.encode())
    for file in files:
        state.update(file.read_bytes() if file.is_file() else b"")
    return state.hexdigest()[:24]


def _sources(place: str) -> list[Path]:
    top = sys.modules.get(place.partition(":")[0].partition(".")[0])
    origin = getattr(top, "__file__", None)
    if origin is None:
        return []
    home = Path(origin).parent
    if hasattr(top, "__path__"):
        return sorted(home.rglob("*.py"))
    loaded = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return sorted({Path(file) for file in loaded if file and Path(file).parent == home})
