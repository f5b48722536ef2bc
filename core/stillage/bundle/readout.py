"""Turn raw head outputs into probabilities and values, in NumPy alone.

Shared by :meth:`stillage.task.Task.predict` and by exported bundles, which run where
nothing but onnxruntime and NumPy is installed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def head_width(kind: str, classes: int) -> int:
    """Count a head's raw outputs: K logits, K-1 cumulative logits (ordinal), or one value.

    >>> head_width("classification", 4), head_width("ordinal", 3), head_width("regression", 0)
    (4, 2, 1)
    """
    return {"classification": classes, "ordinal": classes - 1}.get(kind, 1)


def readout(kind: str, raw: NDArray[Any]) -> NDArray[np.float64]:
    """Turn raw head outputs (B, width) into probabilities (B, K); regression: values (B,).

    Ordinal outputs are cumulative logits of P(y > k) (CORAL, Cao et al. 2020).

    >>> readout("ordinal", np.array([[0.0, -40.0]])).round(2)
    array([[0.5, 0.5, 0. ]])
    >>> readout("classification", np.array([[0.0, np.log(3.0)]])).round(2)
    array([[0.25, 0.75]])
    """
    raw = np.asarray(raw, np.float64)
    if kind == "regression":
        return raw.reshape(len(raw))
    if kind == "classification":
        shifted = np.exp(raw - raw.max(1, keepdims=True))
        return np.asarray(shifted / shifted.sum(1, keepdims=True))
    above = 0.5 * (1.0 + np.tanh(0.5 * raw))  # the logistic function, without overflow
    ones, zeros = np.ones((len(raw), 1)), np.zeros((len(raw), 1))
    steps = np.hstack([ones, above, zeros])
    return np.asarray(np.clip(steps[:, :-1] - steps[:, 1:], 0.0, 1.0))
