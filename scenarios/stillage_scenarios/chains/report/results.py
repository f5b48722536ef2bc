"""Read what the report's pictures show of a finished run: replicas' arrays, and the chain.

Pictures show the student as deployed where there is one, since it is what the run is about.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillage.plugin.overrides import checked
from stillage.report.labels import policies, student
from stillage_scenarios.chains.casting import load_model
from stillage_scenarios.chains.settings import ChainWorldSettings
from stillage_sim.chain.model import ChainModel

if TYPE_CHECKING:
    from stillage.rundir.folder import RunDir

Floats = NDArray[np.float64]

LOW, HIGH = 0.025, 0.975
"""Quantiles over replicas that bands span."""


@dataclass(frozen=True)
class Band:
    """A band of a quantity over time: mean and quantiles over replicas, each (N, ...)."""

    mean: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, values: Floats) -> Band:
        """Compute the band of replicas (R, N, ...).

        >>> Band.of(np.array([[1.0], [3.0]])).mean.tolist()
        [2.0]
        """
        low, high = np.quantile(values, [LOW, HIGH], axis=0)
        return cls(values.mean(0), low, high)


class Results:
    """The results of a run: its replicas, its figures and its chain."""

    def __init__(self, run: RunDir) -> None:
        self.run = run
        self.figures: dict[str, Any] = run.kpis()
        self.settings = checked(ChainWorldSettings, run.config.settings, "settings")

    @functools.cached_property
    def model(self) -> ChainModel:
        """Load the chain that was run."""
        return load_model(self.settings)

    @functools.cached_property
    def labels(self) -> dict[str, str]:
        """Return the label of every policy, in the report's order."""
        return {name: policy.label for name, policy in policies(self.figures).items()}

    @property
    def policies(self) -> list[str]:
        """Name all policies in the report's order."""
        return list(self.labels)

    @property
    def shown(self) -> str:
        """Name the policy that pictures show."""
        ours = student(self.figures)
        return ours.name if ours else self.policies[0]

    @property
    def other(self) -> str | None:
        """Name the policy that it is shown beside."""
        return next((p for p in ("bare", "blind", "majority") if p in self.policies), None)

    def of(self, policy: str, name: str) -> Floats:
        """Read a total of every replica, float64 (R, ...)."""
        with self._group(policy) as group:
            return np.asarray(group[f"totals/{name}"][()], np.float64)

    def mean(self, policy: str, name: str) -> Floats:
        """Average a total over replicas."""
        return np.asarray(self.of(policy, name).mean(0))

    def band(self, policy: str, name: str) -> Band:
        """Compute the band of a frame's quantity over time."""
        return Band.of(self.of(policy, name))

    @functools.cached_property
    def days(self) -> Floats:
        """Return the ends of the frames (N,)."""
        return np.asarray(self.of(self.shown, "frame_h")[0] / 24.0)

    @contextmanager
    def _group(self, policy: str) -> Iterator[Any]:
        import h5py

        with h5py.File(self.run.path / "replicas.h5") as file:
            yield next(
                group
                for name, group in file.items()
                if name != "world" and group.attrs["policy"] == policy
            )
