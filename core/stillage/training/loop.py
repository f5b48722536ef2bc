"""Train by gradient steps; the result is the same to the bit however often it is interrupted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from stillage.errors import BadInput, StillageError
from stillage.network import Network
from stillage.sensing.augment import View
from stillage.training.checkpoint import (
    drop_checkpoint,
    load_checkpoint,
    save_checkpoint,
    training_key,
)
from stillage.training.convex import fit_convex, is_linear
from stillage.training.determinism import batch_rows, deterministic, seed_step
from stillage.training.plan import TrainPlan
from stillage.training.samples import PreparedSamples
from stillage.training.supervision import Supervision

Progress = Callable[[int, int, float], None]
"""Called with the step, the number of steps, and the loss."""

Validate = Callable[[Network], float]
"""A score of the network on validation samples; higher is better."""

_CURVE_POINTS = 200


@dataclass
class TrainResult:
    """Hold what a training returns besides the network's parameters.

    Attributes
    ----------
    loss : list of [step, value]
        Training loss, at most some 200 points.
    validation : list of [step, score]
        Empty where steps were fixed.
    steps : int
        Steps (or evaluations) done.
    best_step : int
        The step whose weights were kept.
    """

    loss: list[list[float]] = field(default_factory=list)
    validation: list[list[float]] = field(default_factory=list)
    steps: int = 0
    best_step: int = 0

    def json(self) -> dict[str, Any]:
        """Return the result as a dict, for files."""
        return {
            "loss": self.loss,
            "validation": self.validation,
            "steps": self.steps,
            "best_step": self.best_step,
        }


def learning_rate(plan: TrainPlan, step: int) -> float:
    """Linear warm-up to ``plan.lr``, then a half cosine towards 0.

    >>> plan = TrainPlan(steps=100, lr=1.0, warmup=0.1)
    >>> [round(learning_rate(plan, step), 2) for step in (0, 9, 55, 99)]
    [0.1, 1.0, 0.5, 0.0]
    """
    rising = max(1, round(plan.warmup * plan.steps))
    if step < rising:
        return plan.lr * (step + 1) / rising
    done = (step - rising) / max(1, plan.steps - rising)
    return plan.lr * 0.5 * (1.0 + math.cos(math.pi * done))


def _optimiser(network: Network, extra: nn.Module, plan: TrainPlan) -> torch.optim.AdamW:
    parameters = [p for p in [*network.parameters(), *extra.parameters()] if p.requires_grad]
    if not parameters:
        raise BadInput("training", "nothing to learn", "at least one parameter")
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": plan.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=plan.lr)


class _Run:
    """Hold the state of one gradient training: all that a checkpoint holds."""

    def __init__(self, network: Network, extra: nn.Module, plan: TrainPlan) -> None:
        self.network, self.extra, self.plan = network, extra, plan
        self.optimiser = _optimiser(network, extra, plan)
        self.result = TrainResult()
        self.best: dict[str, Any] | None = None
        self.best_score = -math.inf

    def state(self, step: int) -> dict[str, Any]:
        return {
            "step": step,
            "network": self.network.state_dict(),
            "extra": self.extra.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "result": self.result.json(),
            "best": self.best,
            "best_score": self.best_score,
        }

    def restore(self, state: dict[str, Any]) -> int:
        self.network.load_state_dict(state["network"])
        self.extra.load_state_dict(state["extra"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.result = TrainResult(**state["result"])
        self.best, self.best_score = state["best"], state["best_score"]
        return int(state["step"])

    def validated(self, step: int, score: float) -> bool:
        """Note a validation score, and say whether patience has run out."""
        self.result.validation.append([step, score])
        if score > self.best_score:
            self.best_score, self.result.best_step = score, step
            self.best = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        waited = (step - self.result.best_step) / self.plan.validate_every
        return waited >= self.plan.patience

    def step(self, step: int, samples: PreparedSamples, supervision: Supervision) -> float:
        """Take one optimiser step, and return the loss before it."""
        plan = self.plan
        rows, epoch = batch_rows(plan.seed, step, min(plan.batch, len(samples)), len(samples))
        view = View(plan.seed, epoch % plan.views, samples.samples[rows])
        seed_step(plan.seed, step)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(plan, step)
        self.optimiser.zero_grad(set_to_none=True)
        outputs = self.network.forward_prepared(samples.fetch(rows, view))
        loss = supervision.lesson(rows, view.index).loss(outputs)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), plan.clip)
        self.optimiser.step()
        return loss.item()


def train(
    network: Network,
    samples: PreparedSamples,
    supervision: Supervision,
    plan: TrainPlan,
    validate: Validate | None = None,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> TrainResult:
    """Train ``network`` in place; it is left in eval mode.

    The result depends on the arguments alone: batches, views and dropout come from
    ``plan.seed`` by counter, on one thread. A training that was interrupted after a
    checkpoint goes on from it and ends with the very bits of an uninterrupted one.

    Parameters
    ----------
    network : Network
        Standardised and, for regression heads, fitted to its targets.
    samples : PreparedSamples
        What it learns from.
    supervision : Supervision
        What it is told of them.
    plan : TrainPlan
        How.
    validate : callable, optional
        Stops early and picks the weights; never from held-out samples.
    folder : Path, optional
        Where checkpoints are kept until the training ends.
    progress : callable, optional
        Called after every step.

    Raises
    ------
    BadInput
        If there is nothing to learn from, or a convex method for a deep network.
    StillageError
        If the loss is no longer finite.
    """
    if not len(samples):
        raise BadInput("training", "no samples", "at least one")
    linear = is_linear(network)
    if plan.method == "convex" and not linear:
        raise BadInput("training", "a network with learnt encoders", "a linear one for 'convex'")
    with deterministic(network.device):
        network.train()
        supervision.train()
        if linear and plan.method != "gradient" and not list(supervision.extra.parameters()):
            curve = fit_convex(network, samples, supervision, plan.penalty, plan.steps)
            points = [[float(i), value] for i, value in enumerate(curve)]
            result = TrainResult(points[:_CURVE_POINTS], [], len(curve), len(curve))
            if progress:
                progress(len(curve), len(curve), curve[-1])
        else:
            result = _gradient(network, samples, supervision, plan, validate, folder, progress)
        network.eval()
    if not all(bool(torch.isfinite(p).all()) for p in network.parameters()):
        raise StillageError("training: parameters are no longer finite; lower the learning rate")
    return result


def _gradient(
    network: Network,
    samples: PreparedSamples,
    supervision: Supervision,
    plan: TrainPlan,
    validate: Validate | None,
    folder: Path | None,
    progress: Progress | None,
) -> TrainResult:
    run = _Run(network, supervision.extra, plan)
    key = training_key(
        plan.model_dump_json(), network.fingerprint(), samples.samples.tobytes(), supervision.key()
    )
    state = load_checkpoint(folder, key) if folder else None
    first = run.restore(state) if state else 0
    thin = max(1, plan.steps // _CURVE_POINTS)
    for step in range(first, plan.steps):
        loss = run.step(step, samples, supervision)
        if not math.isfinite(loss):
            raise StillageError(f"training: loss {loss} at step {step}; lower the learning rate")
        run.result.steps = step + 1
        if step % thin == 0 or step == plan.steps - 1:
            run.result.loss.append([float(step), loss])
        if progress:
            progress(step + 1, plan.steps, loss)
        done = step + 1
        if validate and done % plan.validate_every == 0:
            network.eval()
            stop = run.validated(done, validate(network))
            network.train()
            if stop:
                break
        if folder and plan.checkpoint_every and done % plan.checkpoint_every == 0:
            save_checkpoint(folder, key, run.state(done))
    if run.best is not None:
        network.load_state_dict(run.best)
    else:
        run.result.best_step = run.result.steps
    if folder:
        drop_checkpoint(folder)
    return run.result
