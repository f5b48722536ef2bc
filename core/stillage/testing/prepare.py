"""The promises of modalities about their spec, their cost and ``prepare``."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stillage.errors import BadInput
from stillage.plugin.resolve import last_line
from stillage.plugin.spec import Cost, ModalitySpec
from stillage.sensing.augment import View
from stillage.sensing.modality import Modality
from stillage.testing.results import demand
from stillage.testing.samples import view_of
from stillage.testing.worker import in_worker

COUNT = 4


@dataclass(frozen=True)
class Case:
    """A modality, its spec, dense raw samples ``(4, *shape)`` of it and the rows behind them."""

    spec: ModalitySpec
    modality: Modality
    raw: NDArray[Any]
    rows: list[NDArray[Any]]

    def prepared(self, raw: NDArray[Any] | None = None) -> Tensor:
        """Prepare a copy of these samples."""
        given = self.raw if raw is None else raw
        return self.modality.prepare(torch.from_numpy(np.array(given)))


def spec_agrees(case: Case) -> None:
    """The modality and its spec agree."""
    demand(
        case.modality.spec == case.spec,
        f"Modality.spec is {case.modality.spec.name!r}, registered is another one",
        "two specs written down; set `spec = plugin.SPEC` in the class",
    )
    sample = case.spec.sample
    demand(
        len(sample.axes) == len(sample.shape),
        f"{len(sample.axes)} axes for {len(sample.shape)} sizes",
        "an axis without a name in SampleSpec.axes",
    )


def cost_is_stated(case: Case) -> None:
    """Price, joules and seconds are finite, with a source, and a sensor's reading is not free."""
    cost = case.modality.cost
    demand(isinstance(cost, Cost), f"cost is a {type(cost).__name__}", "an overridden `cost`")
    values = (cost.price_eur, cost.energy_j, cost.time_s)
    demand(all(map(math.isfinite, values)), f"cost {values}", "a division by zero")
    said = not any(values) and cost.source != Cost.model_fields["source"].default
    demand(
        said or (cost.price_eur >= 0 and cost.energy_j > 0 and cost.time_s > 0),
        f"{cost.price_eur} EUR, {cost.energy_j} J and {cost.time_s} s a reading",
        "a cost left at zero or below, which would make this sensor free in every scenario; what"
        " is known without a sensor says so in its source",
    )
    demand(cost.source.strip() != "", "no source", "Cost(source=...) left empty")


def refuses_wrong_samples(case: Case) -> None:
    """check() refuses another shape and NaN, and takes good samples."""
    case.modality.check(case.raw)
    wrong = [case.raw[..., None]]
    if np.issubdtype(case.raw.dtype, np.floating):
        wrong.append(np.full_like(case.raw, np.nan))
    for samples in wrong:
        try:
            case.modality.check(samples)
        except BadInput:
            continue
        what = "NaN" if samples.shape == case.raw.shape else f"shape {samples.shape[1:]}"
        demand(False, f"{what} was taken", "an overridden check() without super().check()")


def prepares_float32(case: Case) -> None:
    """prepare() gives finite float32, one row a sample."""
    prepared = case.prepared()
    demand(
        prepared.dtype == torch.float32,
        f"dtype {prepared.dtype}",
        "a missing .float(), or a float64 constant in prepare()",
    )
    demand(
        prepared.shape[:1] == (COUNT,),
        f"shape {tuple(prepared.shape)} for {COUNT} samples",
        "the batch axis was reduced or moved",
    )
    demand(bool(prepared.isfinite().all()), "NaN or infinity", "a logarithm or division of zero")


def prepares_flat_samples(case: Case) -> None:
    """prepare() of a flat reading (all zero) is finite."""
    prepared = case.prepared(np.zeros_like(case.raw))
    demand(
        bool(prepared.isfinite().all()),
        "NaN or infinity",
        "a logarithm of zero or a division by a zero deviation; clamp first",
    )


def prepares_beside_missing(case: Case) -> None:
    """prepare() of a sample does not change with missing ones (all zero) beside it."""
    holes = np.array(case.raw)
    holes[::2] = 0
    whole, some = case.prepared()[1::2], case.prepared(holes)[1::2]
    demand(
        bool(torch.allclose(whole, some, atol=1e-5, rtol=1e-5)),
        "the values differ",
        "a maximum or a scale over the batch, which missing samples change",
    )


def prepares_empty_batch(case: Case) -> None:
    """prepare() takes an empty batch."""
    prepared, wanted = case.prepared(case.raw[:0]), case.prepared().shape[1:]
    demand(
        prepared.shape == (0, *wanted),
        f"shape {tuple(prepared.shape)}, not {(0, *wanted)}",
        "a reshape(len(raw), -1), which cannot infer a size; name every size",
    )


def prepares_samples_independently(case: Case) -> None:
    """prepare() of one sample equals its row in a batch."""
    batch = case.prepared()
    single = torch.cat([case.prepared(case.raw[i : i + 1]) for i in range(COUNT)])
    demand(
        single.shape == batch.shape and bool(torch.allclose(single, batch, atol=1e-5, rtol=1e-5)),
        "the values differ",
        "a mean or squeeze over the batch axis; use statistics of each sample only",
    )


def prepares_purely(case: Case) -> None:
    """prepare() is a pure function that leaves its input alone."""
    given = torch.from_numpy(np.array(case.raw))
    first = case.modality.prepare(given).clone()
    demand(
        bool((given == torch.from_numpy(case.raw)).all()),
        "the input was changed",
        "an operation in place, such as raw.sub_()",
    )
    torch.rand(3), np.random.default_rng().random(3)
    demand(
        bool(torch.equal(first, case.modality.prepare(given))),
        "a second call gives other values",
        "a random number; augmentation belongs in augment()",
    )


class _Prepare(nn.Module):
    """A module that runs ``prepare``, as exporters want it."""

    def __init__(self, modality: Modality) -> None:
        super().__init__()
        self.modality = modality

    def forward(self, raw: Tensor) -> Tensor:
        return self.modality.prepare(raw)


def prepares_in_a_graph(case: Case) -> None:
    """prepare() can be traced into a graph that serves other samples too."""
    given = [torch.from_numpy(np.array(case.raw[k : k + 1])) for k in range(2)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            graph = torch.export.export(_Prepare(case.modality), (given[0],), strict=False).module()
    except Exception as error:
        demand(
            False,
            f"torch.export says {shorten(last_line(error), 160)}",
            "NumPy or a branch on values inside prepare(), which is part of every exported"
            " bundle; use torch operations",
        )
    for raw in given:
        demand(
            bool(torch.allclose(graph(raw), case.modality.prepare(raw), atol=1e-5, rtol=1e-5)),
            "the graph gives other values",
            "a value of the traced sample kept as a constant, e.g. by .item() or .numpy()",
        )


def _prepared_and_augmented(
    modality: Modality, raw: NDArray[Any], view: View
) -> tuple[NDArray[Any], NDArray[Any]]:
    prepared = modality.prepare(torch.from_numpy(raw))
    return prepared.numpy(), modality.augment(prepared.clone(), view).numpy()


def works_in_a_worker(case: Case) -> None:
    """The modality can be pickled to a fresh process, and prepares and augments alike there."""
    prepared = case.prepared()
    augmented = case.modality.augment(prepared.clone(), view_of(1))
    there = in_worker(_prepared_and_augmented, "", case.modality, np.array(case.raw), view_of(1))
    for method, here, far in zip(("prepare", "augment"), (prepared, augmented), there, strict=True):
        demand(
            bool(np.allclose(far, here.numpy(), atol=1e-4, rtol=1e-4)),
            f"{method}() gives other values there",
            "state that __getstate__ leaves out, or hash() of a string, which each process"
            " salts; use stillage.counter.stream",
        )


PREPARE_CHECKS = (
    spec_agrees,
    cost_is_stated,
    refuses_wrong_samples,
    prepares_float32,
    prepares_flat_samples,
    prepares_beside_missing,
    prepares_empty_batch,
    prepares_samples_independently,
    prepares_purely,
    prepares_in_a_graph,
    works_in_a_worker,
)
