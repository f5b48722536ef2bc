"""Hold what the arms of one seed share: samples, labels, networks and how these are trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from stillage.distillation.arrange import Arrangement
from stillage.distillation.plan import DistillPlan
from stillage.distillation.scoring import Units
from stillage.network import Network
from stillage.network.build import network_config
from stillage.network.config import FusionConfig
from stillage.network.network import create_student
from stillage.plugin.spec import LINEAR
from stillage.training.loop import TrainResult, Validate, train
from stillage.training.samples import PreparedSamples, stream_batches
from stillage.training.supervision import Guidance, Labels, Supervision

if TYPE_CHECKING:
    from stillage.plugin.host import Host
    from stillage.plugin.part import PartConfig
    from stillage.recording import Recording

Ints = NDArray[np.int64]
Told = Callable[[str], None]
"""Called with a line on what has been done."""


def select(labels: Mapping[str, Labels], rows: Ints) -> dict[str, Labels]:
    """Return the labels of some rows."""
    return {name: Labels(one.values[rows], one.known[rows]) for name, one in labels.items()}


@dataclass
class Bench:
    """Hold what the arms of one seed share and what a teacher is fitted on.

    A teacher learns from :attr:`labelled` and reads ``plan.teacher``; what the arrangement holds
    out is not for it.

    Attributes
    ----------
    recording : Recording
        Readings of all samples.
    plan : DistillPlan
        Complete; ``plan.teacher`` and ``plan.student`` are modalities.
    seed : int
        Of everything random.
    arrangement : Arrangement
        Tasks, samples, and the labels that the budget shows.
    host : Host, optional
        Default: the installed plugins.
    folder : Path or None
        For checkpoints and the bank while it runs.
    told : callable
        Called with a line on what has been done.
    curves : dict of TrainResult
        Of every training so far, by arm.
    """

    recording: Recording
    plan: DistillPlan
    seed: int
    arrangement: Arrangement
    host: Host | None = None
    folder: Path | None = None
    told: Told = field(default=lambda line: None)
    curves: dict[str, TrainResult] = field(default_factory=dict)
    _rich: PreparedSamples | None = None

    @property
    def labelled(self) -> tuple[Ints, dict[str, Labels]]:
        """Paired training samples (n,) with a label of any target, and these labels."""
        rows = self.teacher_rows
        return self.arrangement.train[rows], select(self.arrangement.labels, rows)

    @property
    def teacher_rows(self) -> Ints:
        """Rows of the training samples that :attr:`labelled` gives."""
        return np.flatnonzero(self.arrangement.known & self.arrangement.paired)

    def network(
        self,
        modalities: tuple[str, ...],
        size: str,
        fusion: FusionConfig,
        model: PartConfig | None = None,
    ) -> Network:
        """Build a fresh network, standardised on the training samples and fitted to the labels.

        Parameters
        ----------
        modalities : tuple of str
            That it reads.
        size : str
            Of its encoders; empty: their modalities' defaults.
        fusion : FusionConfig
            How they are fused.
        model : PartConfig, optional
            A registered student; default: a plain network.
        """
        config = network_config(
            self.recording,
            modalities,
            self.arrangement.tasks,
            size or None,
            fusion.name,
            fusion_parameters=fusion.parameters,
            host=self.host,
        )
        made = (
            create_student(model, config, self.host, self.seed)
            if model
            else Network(config, self.host, self.seed)
        )
        made.fit_standardise(
            stream_batches(self.recording, self.arrangement.train, modalities, self.host)
        )
        made.fit_targets(
            {
                name: torch.from_numpy(labels.values[labels.known])
                for name, labels in self.arrangement.labels.items()
            }
        )
        return made.to(self.plan.device)

    def preparer(self) -> Network:
        """Build a network that reads ``plan.teacher`` and learns no features.

        Its features (B, D) are the prepared, standardised samples, zero where one is absent: what
        a teacher that is no network reads.
        """
        return self.network(self.plan.teacher, LINEAR, FusionConfig())

    def prepared(self, network: Network, samples: Ints) -> PreparedSamples:
        """Return samples as ``network`` reads them."""
        return PreparedSamples(network, self.recording, samples, host=self.host)

    def rich(self, network: Network | None = None) -> PreparedSamples:
        """All training samples with the teacher's modalities, prepared once.

        The first who asks may give the ``network`` that prepares them.
        """
        if self._rich is None:
            self._rich = self.prepared(network or self.preparer(), self.arrangement.train)
        return self._rich

    def validate(self, network: Network) -> Validate | None:
        """Score the validation samples, if there are any: the mean over tasks."""
        chosen = self.arrangement.validation
        if not len(chosen):
            return None
        samples = self.prepared(network, chosen)
        groups = self.recording.group_index[chosen]
        units = {
            name: Units.of(shown.values[shown.known], groups[shown.known])
            for name, shown in self.arrangement.shown.items()
            if shown.known.any()
        }

        def score(trained: Network) -> float:
            said = samples.predict(trained)
            scores = [
                units[task.target].score(
                    task, said[task.target][self.arrangement.shown[task.target].known]
                )
                for task in self.arrangement.tasks
                if task.target in units
            ]
            return float(np.mean(scores)) if scores else 0.0

        return score

    def fit(
        self,
        name: str,
        network: Network,
        samples: PreparedSamples,
        labels: Mapping[str, Labels],
        guidance: Guidance | None = None,
        validate: Validate | None = None,
    ) -> TrainResult:
        """Train ``network`` in place as arm ``name``; its curves are kept too."""
        how = self.plan.training(self.seed, teacher=name == "teacher")
        batch = min(how.batch, len(samples))
        supervision = Supervision(
            network, labels, self.plan.objectives, guidance, batch, self.seed, self.host
        )
        folder = self.folder / name if self.folder else None
        self.curves[name] = train(network, samples, supervision, how, validate, folder)
        self.told(f"{name} trained")
        return self.curves[name]
