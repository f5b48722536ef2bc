"""Describe a training run: steps, batches, rates and its seed."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class TrainPlan(BaseModel):
    """Describe how a network is trained.

    Parameters
    ----------
    method : {"auto", "gradient", "convex"}
        ``convex`` is full-batch L-BFGS in float64 on the sum of the losses plus
        ``penalty / 2`` times the squared weights (biases and missing tokens are free), the
        problem that scikit-learn's LogisticRegression solves with ``C = 1 / penalty``;
        ``gradient`` is AdamW with a warm-up and a cosine; ``auto`` takes ``convex`` where no
        parameter lies between the prepared readings and the heads.
    steps : int
        Optimiser steps of ``gradient``, at most so many iterations of ``convex``.
    batch : int
        Samples a step.
    lr, weight_decay, warmup : float
        Peak learning rate, AdamW's decay, and the fraction of steps that ramps up.
    penalty : float
        The L2 penalty of ``convex``.
    clip : float
        Largest gradient norm of ``gradient``.
    seed : int
        Decides batches, dropout and views.
    views : int
        Augmented views of the training samples; 1 is the untouched samples alone.
    validate_every : int
        Steps between validations, where there is a validation set.
    patience : int
        Validations without a better score before training stops; the best weights stay.
    checkpoint_every : int
        Steps between checkpoints, where a folder is given; 0 writes none.

    >>> TrainPlan(steps=10).method
    'auto'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["auto", "gradient", "convex"] = "auto"
    steps: int = Field(default=200, ge=1)
    batch: int = Field(default=64, ge=1)
    lr: float = Field(default=2e-3, gt=0, allow_inf_nan=False)
    weight_decay: float = Field(default=1e-2, ge=0, allow_inf_nan=False)
    warmup: float = Field(default=0.1, ge=0, lt=1)
    penalty: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    clip: float = Field(default=5.0, gt=0, allow_inf_nan=False)
    seed: int = 0
    views: int = Field(default=1, ge=1)
    validate_every: int = Field(default=25, ge=1)
    patience: int = Field(default=8, ge=1)
    checkpoint_every: int = Field(default=100, ge=0)
