"""The promises of modalities about readings that vary in length, and files of their own."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillage.plugin.spec import SampleSpec
from stillage.sensing.modality import Modality
from stillage.testing.results import demand, demand_refusal

if TYPE_CHECKING:
    from stillage.testing.prepare import Case


def _dense_sample(modality: Modality) -> SampleSpec:
    """Give the spec of what ``collate`` makes: ``dense`` where there is one, else the sample."""
    found = getattr(modality, "dense", None)
    return found if isinstance(found, SampleSpec) else modality.sample


def _lengths(case: Case) -> list[NDArray[Any]]:
    """Make rows of other lengths than the samples: none, one, half, whole, twice as long."""
    row = np.asarray(case.rows[0])
    if not len(row):
        row = np.zeros((2, *row.shape[1:]), row.dtype)
    return [row[:0], row[:1], row[: (len(row) + 1) // 2], row, np.concatenate([row, row])]


def collates_rows(case: Case) -> None:
    """collate() makes rows dense: one a sample, of the sample's dtype and axes."""
    rows = _lengths(case) if case.spec.sample.ragged else case.rows
    dense = case.modality.collate(rows)
    wanted = _dense_sample(case.modality)
    axes = len(wanted.shape)
    demand(
        isinstance(dense, np.ndarray) and dense.shape[:1] == (len(rows),),
        f"{type(dense).__name__} {getattr(dense, 'shape', '')} of {len(rows)} rows",
        "rows joined end to end; pad or cut each to one length and stack them",
    )
    demand(
        dense.dtype == np.dtype(wanted.dtype) and dense.ndim == axes + 1,
        f"{dense.dtype} with {dense.ndim - 1} axes, the sample has {axes} of {wanted.dtype}",
        "np.zeros without a dtype, or an axis lost in padding",
    )


def collates_independently(case: Case) -> None:
    """collate() gives a row the same shape and values alone as among others."""
    rows = _lengths(case) if case.spec.sample.ragged else case.rows
    dense = case.modality.collate(rows)
    for number, row in enumerate(rows):
        if not row.size:
            continue  # an absent reading does not tell what shape its sensor's readings have
        alone = case.modality.collate([row])
        demand(
            alone.shape[1:] == dense.shape[1:],
            f"a row of {len(row)} becomes {alone.shape[1:]} alone and {dense.shape[1:]} among"
            " others",
            "padding to the longest row of the batch; pad or cut to a length that the class"
            " fixes, since a network has one input shape",
        )
        demand(
            bool((alone[0] == dense[number]).all()),
            "the values differ",
            "a start or a scale taken from the whole batch",
        )


def collates_missing(case: Case) -> None:
    """A missing reading (no elements) is made dense and prepared to finite numbers."""
    if not case.spec.sample.ragged:
        return
    rows = _lengths(case)
    prepared = case.prepared(case.modality.collate([rows[0], rows[3]]))
    demand(
        bool(prepared.isfinite().all()),
        "NaN or infinity",
        "a mean or a maximum of no elements; absent readings arrive with a length of 0",
    )


def reads_declared_files(case: Case) -> None:
    """read() is there for the suffixes that the spec declares, and refuses bad files in a line."""
    suffixes = case.spec.suffixes
    own = type(case.modality).read is not Modality.read
    demand(
        own == bool(suffixes),
        f"read() is {'' if own else 'not '}overridden, suffixes are {list(suffixes)}",
        "a spec without the suffixes that read() decodes, or suffixes without read()",
    )
    with tempfile.TemporaryDirectory() as folder:
        for suffix in suffixes:
            empty, missing = Path(folder) / f"empty{suffix}", Path(folder) / f"missing{suffix}"
            empty.touch()
            for path, what in ((empty, "an empty file"), (missing, "a missing file")):
                demand_refusal(
                    partial(case.modality.read, path),
                    f"{what} ({suffix})",
                    "taken",
                    "a length that is not checked",
                )


ROW_CHECKS = (collates_rows, collates_independently, collates_missing, reads_declared_files)
