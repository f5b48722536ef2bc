"""The conformance kit: does a plugin keep the promises that the rest of Stillage relies on?

From an author's test::

    from stillage.testing import check_modality

    def test_conforms():
        check_modality("sonar")

Each ``check_*`` takes a spec, or the name of an installed one, and raises :class:`Failing`
with every promise that is not kept and its likely cause. ``stillage plugins check NAME``
prints the same results line by line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from stillage.plugin.host import get_host
from stillage.plugin.spec import FusionSpec, ModalitySpec, ObjectiveSpec, ScenarioSpec
from stillage.scene import Scene
from stillage.testing.fusion import fusion_results
from stillage.testing.modality import modality_results
from stillage.testing.objective import objective_results
from stillage.testing.results import Failed, Failing, Passed, Result, demand_all
from stillage.testing.scenario import scenario_results

__all__ = [
    "CHECKS",
    "Failed",
    "Failing",
    "Passed",
    "Result",
    "check_fusion",
    "check_modality",
    "check_objective",
    "check_scenario",
]

CHECKS: dict[str, Callable[[Any], Iterator[Result]]] = {
    "modality": modality_results,
    "fusion": fusion_results,
    "objective": objective_results,
    "scenario": scenario_results,
}
"""For each kind that has checks, the function that gives their results one by one."""


def check_modality(spec: ModalitySpec | str, scene: Scene | None = None) -> list[Passed]:
    """Check a modality, its sensor model and its registered encoders.

    Parameters
    ----------
    spec : ModalitySpec or str
        The spec, or the name of an installed modality.
    scene : Scene, optional
        Items to render, with every declared field and values that differ between items;
        default: that of an installed scenario which records this modality.

    Raises
    ------
    Failing
        Every promise that is not kept, with its likely cause.
    """
    found = get_host().spec("modality", spec) if isinstance(spec, str) else spec
    return demand_all(f"modality {found.name!r}", modality_results(found, scene))


def check_fusion(spec: FusionSpec | str) -> list[Passed]:
    """Check a fusion on its examples: subsets of modalities, gradients, shapes.

    Raises
    ------
    Failing
        Every promise that is not kept, with its likely cause.
    """
    found = get_host().spec("fusion", spec) if isinstance(spec, str) else spec
    return demand_all(f"fusion {found.name!r}", fusion_results(found))


def check_objective(spec: ObjectiveSpec | str) -> list[Passed]:
    """Check a distillation loss: its ports, its value and its gradients.

    Raises
    ------
    Failing
        Every promise that is not kept, with its likely cause.
    """
    found = get_host().spec("objective", spec) if isinstance(spec, str) else spec
    return demand_all(f"objective {found.name!r}", objective_results(found))


def check_scenario(spec: ScenarioSpec | str) -> list[Passed]:
    """Check a scenario: documented settings, its parts, and its Gymnasium environment.

    Raises
    ------
    Failing
        Every promise that is not kept, with its likely cause.
    """
    found = get_host().spec("scenario", spec) if isinstance(spec, str) else spec
    return demand_all(f"scenario {found.name!r}", scenario_results(found))
