"""Tasks: the targets that heads predict from a sample, and the scores of predictions."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from stillage.bundle.readout import head_width, readout

TaskKind = Literal["classification", "ordinal", "regression"]


class LabelState(IntEnum):
    """The state of a sample's target value: whether it may be used (stored as int8).

    OUT_OF_SET values belong to no class of the task and join neither distillation nor scores.
    """

    OUT_OF_SET = -1
    UNLABELLED = 0
    LABELLED = 1


class Task(BaseModel):
    """A target that heads predict.

    ``classes`` orders the class names (ordinal: worst to best or least to most); regression
    has none and a ``unit`` instead.

    >>> Task(target="mass", kind="regression", unit="g").metric
    'r2'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: str
    kind: TaskKind
    classes: Annotated[tuple[str, ...], Field(max_length=65536)] = ()
    unit: str = ""

    @property
    def width(self) -> int:
        """Raw outputs of a head: K logits, K-1 cumulative logits, or one value."""
        return head_width(self.kind, len(self.classes))

    @property
    def metric(self) -> str:
        """Name of the score: balanced_accuracy, quadratic_kappa or r2."""
        return {
            "classification": "balanced_accuracy",
            "ordinal": "quadratic_kappa",
            "regression": "r2",
        }[self.kind]

    def predict(self, raw: NDArray[Any]) -> NDArray[np.float64]:
        """Turn raw head outputs (B, width) into probabilities (B, K); regression: values (B,).

        Ordinal outputs are cumulative logits of P(y > k) (CORAL, Cao et al. 2020).

        >>> task = Task(target="t", kind="ordinal", classes=("a", "b", "c"))
        >>> task.predict(np.array([[0.0, -40.0]])).round(2)
        array([[0.5, 0.5, 0. ]])
        """
        return readout(self.kind, raw)

    def score(self, truth: NDArray[Any], prediction: NDArray[Any]) -> float:
        """Score ``prediction`` (from :meth:`predict`) against ``truth`` (B,) by the task's metric.

        Balanced accuracy is the mean recall of the classes present; quadratic kappa is
        Cohen's with squared weights (1968); r2 is 1 - SSE/SST, and 0 where SST is 0.
        """
        if self.kind == "regression":
            total = float(((truth - truth.mean()) ** 2).sum())
            return 1.0 - float(((truth - prediction) ** 2).sum()) / total if total else 0.0
        guess = prediction.argmax(1)
        if self.kind == "classification":
            return float(np.mean([(guess[truth == k] == k).mean() for k in np.unique(truth)]))
        count = len(self.classes)
        table = np.zeros((count, count))
        np.add.at(table, (truth.astype(np.int64), guess), 1.0)
        grid = np.arange(count)
        weight = (grid[:, None] - grid[None, :]) ** 2
        chance = np.outer(table.sum(1), table.sum(0)) / max(table.sum(), 1.0)
        expected = float((weight * chance).sum())
        return 1.0 - float((weight * table).sum()) / expected if expected else 0.0
