"""Run from Python: ``run``, ``evaluate`` and ``resume``, as the commands of the same name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillage.compute import check_workers
from stillage.plugin.overrides import checked
from stillage.rundir import RunConfig, RunDir
from stillage_sim.run.configure import Overrides, configure, default_policies
from stillage_sim.run.naming import sort_out
from stillage_sim.run.pipeline import Progress, execute, quiet
from stillage_sim.run.replicas import CHUNK


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run: its directory and its figures.

    Attributes
    ----------
    folder : Path
        The run directory.
    figures : dict
        What ``kpis.json`` holds.
    """

    folder: Path
    figures: dict[str, Any]

    @property
    def report(self) -> Path:
        """Return the report's path."""
        return self.folder / "report.html"

    def json(self) -> dict[str, Any]:
        """Return what ``--json`` prints: the figures and the report's path."""
        return {**self.figures, "report": str(self.report)}


def run(
    scenario: str | Path,
    overrides: Overrides = (),
    *,
    recording: str | Path | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    address: str | None = None,
    seed: int | None = None,
    progress: Progress = quiet,
    chunk: int = CHUNK,
) -> Outcome:
    """Record, distil, deploy, simulate and report a scenario.

    Parameters
    ----------
    scenario : str or path
        A scenario's name, or a saved configuration (``*.toml``).
    overrides : mapping, or iterable of ``key=value``
        Keys as ``-o`` takes them.
    recording : path, optional
        Instead of the one that the scenario renders.
    out : path, optional
        A new run directory; default: the next ``runs/<scenario>-<n>``.
    workers, address
        As :func:`stillage.compute.open_executor`; the figures do not depend on them.
    seed : int, optional
        All randomness comes from it.
    progress : callable
        See :data:`stillage_sim.run.pipeline.Progress`.
    chunk : int
        Replicas a task; the figures do not depend on it.

    Raises
    ------
    BadInput
        One line on what does not fit; Incomplete if work is missing and can be resumed.
    """
    config = configure(scenario, overrides, seed=seed, recording=recording)
    return start(config, out, workers, address, progress, chunk)


def evaluate(
    scenario: str,
    policies: Sequence[str],
    overrides: Overrides = (),
    *,
    recording: str | Path | None = None,
    replicas: int | None = None,
    days: float | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    address: str | None = None,
    seed: int | None = None,
    progress: Progress = quiet,
    chunk: int = CHUNK,
) -> Outcome:
    """Compare policies.

    Each is a registered name, the folder of an exported bundle (which acts on what it says of
    items that it was not trained on), the folder of a saved policy, or ``module:attribute`` (a
    :class:`stillage_sim.policy.Policy`, or what makes one). Policies that perceive with a model
    of this run (``teacher``, ``distilled`` ...) have it trained first.
    Arguments as :func:`run`.
    """
    config = configure_evaluation(
        scenario, policies, overrides, recording=recording, replicas=replicas, days=days, seed=seed
    )
    return start(config, out, workers, address, progress, chunk)


def configure_evaluation(
    scenario: str,
    policies: Sequence[str],
    overrides: Overrides = (),
    *,
    recording: str | Path | None = None,
    replicas: int | None = None,
    days: float | None = None,
    seed: int | None = None,
) -> RunConfig:
    """Complete the configuration of an evaluation; arguments as :func:`evaluate`."""
    named = sort_out(policies, default_policies(scenario))
    config = configure(
        scenario, overrides, seed=seed, recording=recording, policies=named.names,
        bundles=named.bundles, outside=named.outside, kind="evaluate",
    )  # fmt: skip
    asked = {"replicas": replicas, "days": days}
    given = {key: value for key, value in asked.items() if value is not None}
    return checked(RunConfig, {**config.model_dump(), **given}, "evaluate")


def start(
    config: RunConfig,
    out: str | Path | None = None,
    workers: int | None = None,
    address: str | None = None,
    progress: Progress = quiet,
    chunk: int = CHUNK,
) -> Outcome:
    """Make a run directory for a complete configuration, and do all of it."""
    check_workers(workers, address)
    folder = RunDir.create(out, config)
    return Outcome(folder.path, execute(folder, workers, address, progress, chunk))


def resume(
    folder: str | Path,
    *,
    workers: int | None = None,
    address: str | None = None,
    progress: Progress = quiet,
    chunk: int = CHUNK,
) -> Outcome:
    """Do what is missing in a run directory; a finished one is only read.

    Raises
    ------
    BadInput
        If there is no run, another driver is at work on it, or its recording has changed.
    """
    check_workers(workers, address)
    found = RunDir.open(folder)
    return Outcome(found.path, execute(found, workers, address, progress, chunk))
