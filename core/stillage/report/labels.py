"""Label, colour and order arms and policies in the report, as they are declared.

An arm is declared in the table of arms, a policy in the spec that its plugin registers. What
neither declares, such as a bundle, is labelled by its own name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, get_args

from stillage.distillation.arm_table import ARMS, Arm, find_arm
from stillage.plugin.host import get_host
from stillage.plugin.spec import PolicySpec, Role
from stillage.report import words

_ROLES: tuple[Role, ...] = get_args(Role)
"""All roles, the best informed first."""

COLOURS: Mapping[Role, str] = {
    "oracle": "ink",
    "teacher": "blue",
    "student": "copper",
    "control": "green",
}
"""The colour of every role that recognises items; all others are grey."""

_SIGHT = {":ideal": 0, ":declared": 2, ":majority": 3}
"""Rank of what a policy without a table perceives with, best first; a table has 1, nothing 4."""


class Named(NamedTuple):
    """The name of an arm or policy: its key, its label, and the colour of its marks and lines."""

    name: str
    label: str
    colour: str = "grey"

    @property
    def ours(self) -> bool:
        """Whether it is the distilled student, or acts with it."""
        return self.colour == COLOURS["student"]


def arm(name: str) -> Named:
    """Label an arm; it is grey where no policy can perceive with it.

    >>> arm("labels_only"), arm("my_bundle").label
    (Named(name='labels_only', label='student, labels only', colour='green'), 'my bundle')
    """
    found = find_arm(name)
    if found is None:
        return Named(name, words.name(name))
    return Named(name, found.label, COLOURS[found.role] if found.perceives else "grey")


def arms(names: Iterable[str]) -> list[Named]:
    """Order arms for the report: ours before plain ones, best informed first, bundles last.

    >>> [each.name for each in arms(["mine", "plain", "shuffled", "distilled", "teacher"])]
    ['teacher', 'distilled', 'shuffled', 'plain', 'mine']
    """
    names = list(names)
    known = sorted((each for each in ARMS if each.name in names), key=_arm_order)
    ordered = [each.name for each in known]
    return [arm(name) for name in [*ordered, *(n for n in names if n not in ordered)]]


def _arm_order(found: Arm) -> tuple[bool, int]:
    return found.plain, _ROLES.index(found.role)


def specs(figures: Mapping[str, Any]) -> dict[str, PolicySpec]:
    """Give the specs of a run's policies, best informed first; bundles have none."""
    registered = get_host().scenario_specs(PolicySpec, figures["scenario"])
    ran = [spec for spec in registered if spec.name in figures["policies"]]
    return {spec.name: spec for spec in sorted(ran, key=_policy_order)}


def _policy_order(spec: PolicySpec) -> tuple[int, int]:
    return _ROLES.index(spec.role), 1 if spec.table else _SIGHT.get(spec.sees, 4)


def policies(figures: Mapping[str, Any]) -> dict[str, Named]:
    """Label a run's policies: best informed first, bundles after those that recognise items."""
    known = specs(figures)
    named = {
        name: Named(name, spec.label or words.name(name), COLOURS.get(spec.role, "grey"))
        for name, spec in known.items()
    }
    bundles = {n: Named(n, words.name(n)) for n in figures["policies"] if n not in known}
    informed = {name: each for name, each in named.items() if known[name].role in COLOURS}
    return informed | bundles | named


def of_role(figures: Mapping[str, Any], role: Role) -> list[PolicySpec]:
    """List a run's policies of a role, best informed first."""
    return [spec for spec in specs(figures).values() if spec.role == role]


def student(figures: Mapping[str, Any]) -> PolicySpec | None:
    """Find the policy of the distilled student: as quantised for the device, if it ran."""
    found = of_role(figures, "student")
    quantised = {each.name for each in ARMS if each.of}
    return next((spec for spec in found if spec.table in quantised), next(iter(found), None))


def rival(figures: Mapping[str, Any], policy: PolicySpec, role: Role) -> PolicySpec | None:
    """Find the best informed policy of a role that differs from ``policy`` only in what it sees."""
    made = policy.factory, policy.options
    found = of_role(figures, role)
    return next((spec for spec in found if (spec.factory, spec.options) == made), None)
