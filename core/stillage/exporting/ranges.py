"""Find the ranges of activations over calibration readings: extremes, or percentiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

Feeds = Mapping[str, NDArray[Any]]
Ranges = dict[str, tuple[float, float]]

BINS = 4096


def session(model: onnx.ModelProto, level: str = "ORT_ENABLE_ALL", save: str = "") -> Any:
    """Open a quiet single-thread session of a model that we made ourselves."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    if save:
        options.optimized_model_filepath = save
    content = model.SerializeToString()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


class Observer:
    """A graph that runs with all its floating-point values as outputs."""

    def __init__(self, model: onnx.ModelProto) -> None:
        watched = onnx.ModelProto()
        watched.CopyFrom(model)
        known = {value.name: value for value in watched.graph.value_info}
        there = {value.name for value in watched.graph.output}
        for node in watched.graph.node:
            for name in node.output:
                if name in known and name not in there:
                    watched.graph.output.append(known[name])
        self._session = session(watched, "ORT_DISABLE_ALL")  # fused nodes would hide their values
        self._inputs = {value.name for value in model.graph.input}

    def values(self, feeds: Feeds) -> dict[str, NDArray[Any]]:
        """Compute every floating-point value, by name, for one reading."""
        names = [o.name for o in self._session.get_outputs() if o.type == "tensor(float)"]
        found = dict(zip(names, self._session.run(names, dict(feeds)), strict=True))
        floats = {n: v for n, v in feeds.items() if v.dtype == np.float32 and n in self._inputs}
        return {name: value for name, value in {**found, **floats}.items() if value.size}


def observe(
    model: onnx.ModelProto, readings: Sequence[Feeds], percentiles: Sequence[float]
) -> dict[str, Ranges]:
    """Find the ranges of every floating-point value: the extremes, and central percentiles.

    Two passes, so that memory does not grow with the readings: extremes, then histograms.

    Parameters
    ----------
    model : onnx.ModelProto
        With shapes inferred.
    readings : sequence of feeds
        Each for one reading.
    percentiles : sequence of float
        Shares of values, in percent, that the further ranges hold.

    Returns
    -------
    dict of dict
        ``minmax``, ``percentile 99.9`` ...: ranges by value name; all include 0.
    """
    watch = Observer(model)
    extremes: Ranges = {}
    for feeds in readings:
        for name, value in watch.values(feeds).items():
            low, high = extremes.get(name, (0.0, 0.0))
            extremes[name] = (min(low, float(value.min())), max(high, float(value.max())))
    counts = {name: np.zeros(BINS, np.int64) for name in extremes}
    for feeds in readings:
        for name, value in watch.values(feeds).items():
            low, high = extremes[name]
            if low < high:
                bins = ((value.ravel() - low) * (BINS / (high - low))).astype(np.int64)
                counts[name] += np.bincount(np.minimum(bins, BINS - 1), minlength=BINS)
    found = {"minmax": extremes}
    for share in percentiles:
        found[f"percentile {share:g}"] = {
            name: central(counts[name], extremes[name], share) for name in extremes
        }
    return found


def central(
    counts: NDArray[np.int64], extremes: tuple[float, float], percentile: float
) -> tuple[float, float]:
    """Find the range that holds ``percentile`` % of the values, widened to hold 0.

    Both tails lose half of the rest; bins are ``counts`` of equal width over ``extremes``.

    >>> central(np.array([1, 98, 0, 1]), (0.0, 4.0), 98.0)
    (0.0, 2.0)
    """
    total = int(counts.sum())
    if not total:
        return extremes
    tail = (100.0 - percentile) / 200.0 * total
    edges = np.linspace(*extremes, len(counts) + 1)
    below = np.cumsum(counts)
    low = edges[int(np.searchsorted(below, tail, side="right"))]
    high = edges[min(int(np.searchsorted(below, total - tail, side="left")) + 1, len(counts))]
    return min(float(low), 0.0), max(float(high), 0.0)
