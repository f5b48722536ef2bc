"""The promise of factories: they take the parameters that their spec declares."""

from __future__ import annotations

import inspect
from collections.abc import Collection

from stillage.errors import BadInput
from stillage.plugin.part import PartConfig
from stillage.plugin.resolve import resolve
from stillage.plugin.spec import Spec
from stillage.testing.results import demand


def demand_parameters(spec: Spec, own: Collection[str] = ()) -> None:
    """Demand that a factory takes what its spec declares, with these defaults.

    Parameters
    ----------
    spec : Spec
        Of the part.
    own : collection of str
        Arguments that are no parameters: what whoever creates the part hands over.
    """
    given = inspect.signature(resolve(spec.factory)).parameters.values()
    named = (p for p in given if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))
    takes = {p.name: p.default for p in named if p.name not in own}
    declared = {parameter.name: parameter.default for parameter in spec.parameters}
    demand(
        takes.keys() == declared.keys(),
        f"takes {sorted(takes)}, declared are {sorted(declared)}",
        "a parameter added to the factory but not to the spec",
    )
    for name, default in takes.items():
        demand(
            bool(default == declared[name]),
            f"{name} is {default!r} by default, declared {declared[name]!r}",
            "a default changed in one of two places",
        )
    for example in spec.examples:
        parameters = {key: value for key, value in example.items() if key not in own}
        try:
            PartConfig(name=spec.name, parameters=parameters).checked(spec)
        except BadInput as error:
            demand(False, str(error), "an example that no option could say")
