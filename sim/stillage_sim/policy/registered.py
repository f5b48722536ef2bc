"""Find policies: those that plugins register for a scenario, and those that a user names."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from stillage.errors import BadInput, PluginBroken
from stillage.plugin.host import get_host
from stillage.plugin.resolve import resolve
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
        If it is neither, or something else than a policy.
    PluginBroken
        If it cannot be imported or made.
    """
    if is_saved(Path(place)):
        from stillage_sim.policy.saved import load_policy

        return load_policy(place)
    found = resolve(place, f"policy {place!r}")
    if isinstance(found, type) or not isinstance(found, Policy):
        if not callable(found):
            raise BadInput(f"policy {place!r}", type(found).__name__, "a Policy, or its maker")
        try:
            found = found()
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
            raise PluginBroken(f"policy {place!r} cannot be made: {told}") from error
    if not isinstance(found, Policy):
        kind = type(found).__name__
        raise BadInput(f"policy {place!r}", kind, "a Policy: sees, begin(), act()")
    return found


def content_of(place: str) -> str:
    """Digest what decides a policy of :func:`outside`: its files, or its module's text."""
    folder = Path(place)
    if is_saved(folder):
        files = [folder / FILE, folder / ARRAYS]
    else:
        spec = importlib.util.find_spec(place.partition(":")[0])
        files = [Path(spec.origin)] if spec and spec.origin else []
    state = hashlib.sha256(place.encode())
    for file in files:
        state.update(file.read_bytes() if file.is_file() else b"")
    return state.hexdigest()[:24]
