"""Name policies: registered ones, bundles, saved policies, objects of code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from stillage.errors import BadInput
from stillage_sim.policy.protocol import is_saved
from stillage_sim.run.deploy import exported, split_bundle

_IMPORT_STRING = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


class Named(NamedTuple):
    """The policies of an evaluation, by kind.

    ``names`` of all, in order; ``bundles`` gives the folders of exported bundles by name,
    ``outside`` the folders of saved policies and the import strings of others.
    """

    names: tuple[str, ...]
    bundles: dict[str, str]
    outside: dict[str, str]


def sort_out(policies: Sequence[str], known: Sequence[str]) -> Named:
    """Sort policies into registered names, folders and import strings.

    A bundle or saved policy is named after its folder (``bundle``, or ``bundle-2`` where that is
    taken), an object of code after its attribute.

    >>> sort_out(["oracle", "acme.rules:Greedy"], ["oracle", "rule"])
    Named(names=('oracle', 'Greedy'), bundles={}, outside={'Greedy': 'acme.rules:Greedy'})
    """
    names: list[str] = []
    bundles: dict[str, str] = {}
    outside: dict[str, str] = {}
    for policy in policies:
        folder, precision = split_bundle(policy)
        there = bool(policy) and folder.is_dir()  # "" would be the current folder
        if policy in known or policy in names:
            names.append(policy)
        elif there and is_saved(folder):
            if exported(folder) or policy.endswith(":fp32"):
                raise BadInput(f"policy {policy!r}", "a saved policy and more", "one or the other")
            names.append(_fresh(folder.resolve().name, known, names))
            outside[names[-1]] = str(folder.resolve())
        elif there and not exported(folder):
            found = "a folder without manifest.json or policy.json"
            raise BadInput(f"policy {policy!r}", found, "an exported bundle, or a saved policy")
        elif there:
            told = precision == "fp32" and policy.endswith(":fp32")
            names.append(_fresh(folder.resolve().name, known, names, "_fp32" if told else ""))
            bundles[names[-1]] = f"{folder.resolve()}{':fp32' if told else ''}"
        elif _IMPORT_STRING.fullmatch(policy):
            names.append(_fresh(policy.rpartition(":")[2], known, names))
            outside[names[-1]] = policy
        else:
            names.append(policy)
    if not names:
        raise BadInput("--policy", "none", "at least one name or bundle")
    return Named(tuple(names), bundles, outside)


def _fresh(text: str, known: Sequence[str], names: Sequence[str], suffix: str = "") -> str:
    """Make a name of ``text`` that is not taken."""
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", Path(text).name).strip("-.") or "bundle"
    stem += suffix
    name, number = stem, 1
    while name in known or name in names:
        number += 1
        name = f"{stem}-{number}"
    return name
