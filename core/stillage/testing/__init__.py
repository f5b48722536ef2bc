"""The conformance kit checks that a plugin keeps the promises that Stillage relies on.

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
from pathlib import Path
from typing import Any

from stillage.plugin.host import get_host
from stillage.plugin.spec import (
    FusionSpec,
    ModalitySpec,
    ObjectiveSpec,
    ReaderSpec,
    ScenarioSpec,
)
from stillage.sensing.scene import Scene
from stillage.testing.encoder import ENCODER_CHECKS
from stillage.testing.fusion import FUSION_CHECKS, fusion_results
from stillage.testing.modality import MODALITY_CHECKS, modality_results
from stillage.testing.objective import OBJECTIVE_CHECKS, objective_results
from stillage.testing.reader import READER_CHECKS, reader_results
from stillage.testing.render import RENDER_CHECKS
from stillage.testing.results import Failed, Failing, Passed, Result, demand_all
from stillage.testing.scenario import SCENARIO_CHECKS, scenario_results

__all__ = [
    "CHECKS",
    "PROMISES",
    "Failed",
    "Failing",
    "Passed",
    "Result",
    "check_fusion",
    "check_modality",
    "check_objective",
    "check_reader",
    "check_scenario",
]

CHECKS: dict[str, Callable[[Any], Iterator[Result]]] = {
    "modality": modality_results,
    "fusion": fusion_results,
    "objective": objective_results,
    "scenario": scenario_results,
}
"""For each kind with checks, the function that gives their results one by one."""


PROMISES: dict[str, tuple[Callable[[Any], None], ...]] = {
    "modality": (*MODALITY_CHECKS, *RENDER_CHECKS),
    "encoder": ENCODER_CHECKS,
    "fusion": FUSION_CHECKS,
    "objective": OBJECTIVE_CHECKS,
    "scenario": SCENARIO_CHECKS,
    "reader": READER_CHECKS,
}
"""All checks, by the kind that they check; the first line of a check's docstring is its promise."""


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

    For an example, see docs/plugins/writing.md.
    """
    found = get_host().spec(ModalitySpec, spec) if isinstance(spec, str) else spec
    return demand_all(f"modality {found.name!r}", modality_results(found, scene))


def check_fusion(spec: FusionSpec | str) -> list[Passed]:
    """Check a fusion on its examples: subsets of modalities, gradients, shapes.

    Raises
    ------
    Failing
        Every promise that is not kept, with its likely cause.

    >>> {type(result).__name__ for result in check_fusion("gated")}
    {'Passed'}
    """
    found = get_host().spec(FusionSpec, spec) if isinstance(spec, str) else spec
    return demand_all(f"fusion {found.name!r}", fusion_results(found))


def check_objective(spec: ObjectiveSpec | str) -> list[Passed]:
    """Check a distillation loss: its ports, its value and its gradients.

    Raises
    ------
    Failing
        Every promise that is not kept, with its likely cause.

    >>> {type(result).__name__ for result in check_objective("soft_target")}
    {'Passed'}
    """
    found = get_host().spec(ObjectiveSpec, spec) if isinstance(spec, str) else spec
    return demand_all(f"objective {found.name!r}", objective_results(found))


def check_reader(
    spec: ReaderSpec | str, path: str | Path, *, cut: str = "", **options: Any
) -> list[Passed]:
    """Check a reader on an example: a file or folder of its format, of several groups.

    Parameters
    ----------
    spec : ReaderSpec or str
        The spec, or the name of an installed reader.
    path : path
        The example; it is only read. Copies of it are emptied and cut short.
    cut : str
        The file inside the example that is cut short; default: the largest.
    **options
        Of the reader, by name.

    Raises
    ------
    Failing
        Every promise that is not kept, with its likely cause.

    For an example, see docs/plugins/writing.md.
    """
    found = get_host().spec(ReaderSpec, spec) if isinstance(spec, str) else spec
    results = reader_results(found, path, cut, found.arguments(**options))
    return demand_all(f"reader {found.name!r}", results)


def check_scenario(spec: ScenarioSpec | str) -> list[Passed]:
    """Check a scenario: documented settings, its parts, and its Gymnasium environment.

    Raises
    ------
    Failing
        Every promise that is not kept, with its likely cause.

    For an example, see docs/plugins/hooks.md.
    """
    found = get_host().spec(ScenarioSpec, spec) if isinstance(spec, str) else spec
    return demand_all(f"scenario {found.name!r}", scenario_results(found))
