"""N-MNIST, the set's own split: our CNN beside a forest on count images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from stillage.network import Network, build_network
from stillage.network.batch import load_batch
from stillage.recording import Recording
from stillage.sensing.augment import View
from tests.floors.floor import Floor, rounded, stillage

SEEDS, EPOCHS, BATCH, RATE = 3, 30, 50, 4e-3
LEAST, AIM = 0.92, 0.95
FOREST = 0.76
"""What the set's source states of a forest on count images."""

MIRROR = 0.5


class Upright(View):
    """Views that shift but never mirror: a mirrored digit is another one, or none."""

    def uniform(self, name: str, *shape: int) -> NDArray[np.float64]:
        """Draws as ever, those of ``flip`` in the half that does nothing."""
        drawn = super().uniform(name, *shape)
        return MIRROR + (1.0 - MIRROR) * drawn if name == "flip" else drawn


def floors(data: Path, work: Path, seeds: int = SEEDS) -> list[Floor]:
    """Import, then train the small encoder and the forest on the same 1,000 recordings."""
    path = work / "nmnist.h5"
    stillage("record", "import", "nmnist", data / "event_small", path)
    torch.set_num_threads(1)
    with Recording.open(path) as recording:
        assert recording.split is not None
        train = np.flatnonzero(recording.split == "train")
        test = np.flatnonzero(recording.split == "test")
        truth = recording.targets["digit"].values
        ours = np.stack([_network(recording, train, test, seed) for seed in range(seeds)])
        plain = np.stack([_forest(recording, train, test, seed) for seed in range(seeds)])
    right, forest = ours == truth[test], plain == truth[test]
    found, beside = _interval(right), _interval(forest)
    ahead = _interval(right.astype(float) - forest)
    figures = {
        "ours": rounded(found),
        "forest": rounded(beside),
        "ours-forest": rounded(ahead),
        "by_seed": [round(float(row.mean()), 4) for row in right],
        "test": len(test),
        "train": len(train),
        "aim": AIM,
    }
    return [
        Floor(
            "events/nmnist",
            f"accuracy on the {len(test)} test recordings at least {LEAST}, and the interval of "
            f"the lead over the forest (stated by the source: {FOREST}) excludes 0",
            found["mean"] >= LEAST and ahead["low"] > 0,
            figures,
            "python -m tests.floors events",
        )
    ]


def _interval(right: NDArray[np.generic], draws: int = 2000) -> dict[str, float]:
    """Mean of (seeds, recordings) and 95 % over redrawn recordings and seeds."""
    random = np.random.default_rng(0)
    values = np.asarray(right, float)
    means = [
        values[random.integers(len(values), size=len(values))][
            :, random.integers(values.shape[1], size=values.shape[1])
        ].mean()
        for _ in range(draws)
    ]
    low, high = np.quantile(means, [0.025, 0.975])
    return {"mean": float(values.mean()), "low": float(low), "high": float(high)}


def _forest(
    recording: Recording, train: NDArray[np.int64], test: NDArray[np.int64], seed: int
) -> NDArray[np.int64]:
    """A forest on counts of either polarity, as plain as the source's."""
    from sklearn.ensemble import RandomForestClassifier

    def counts(samples: NDArray[np.int64]) -> NDArray[np.float32]:
        raw = load_batch(recording, samples, ["events"]).raw["events"]
        return raw.sum(2).flatten(1).numpy()

    model = RandomForestClassifier(300, random_state=seed)
    model.fit(counts(train), recording.targets["digit"].values[train])
    return np.asarray(model.predict(counts(test)), np.int64)


def _network(
    recording: Recording, train: NDArray[np.int64], test: NDArray[np.int64], seed: int
) -> NDArray[np.int64]:
    """Classes that a small network says, trained in shifted views; no test recording is seen."""
    network = build_network(recording, ["events"], "small", ["digit"], seed=seed)
    learnt = load_batch(recording, train, ["events"], network.tasks)
    network.fit_standardise([learnt])
    prepared = network.prepare(learnt)
    labels = learnt.targets["digit"]
    steps = EPOCHS * (len(train) // BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.02)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.15)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
    order = np.random.default_rng(seed)
    network.train()
    for epoch in range(EPOCHS):
        shuffled = order.permutation(len(train))
        for rows in np.split(shuffled[: len(train) // BATCH * BATCH], len(train) // BATCH):
            view = Upright(seed, epoch + 1, train[rows])
            outputs = network.forward_prepared(network.augment(prepared.select(rows), view))
            loss = loss_of(outputs.heads["digit"], labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            rate.step()
    return _said(network.eval(), recording, test)


def _said(network: Network, recording: Recording, samples: NDArray[np.int64]) -> NDArray[np.int64]:
    with torch.inference_mode():
        outputs = network(load_batch(recording, samples, ["events"]))
    return np.asarray(outputs.heads["digit"].argmax(1).numpy(), np.int64)
