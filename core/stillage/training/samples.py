"""Hold training samples as a network reads them: prepared once, or streamed when large."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from stillage.network import Network
from stillage.network.batch import Batch, Prepared, load_batch
from stillage.sensing.augment import View

if TYPE_CHECKING:
    from stillage.plugin.host import Host
    from stillage.recording import Recording

_CACHE_BYTES = 512 * 2**20
_READ = 256
"""Samples read at a time."""


def stream_batches(
    recording: Recording,
    samples: NDArray[np.int64],
    modalities: tuple[str, ...],
    host: Host | None = None,
    device: str | torch.device = "cpu",
) -> Iterator[Batch]:
    """Yield raw batches of at most 256 samples, in order."""
    for start in range(0, len(samples), _READ):
        yield load_batch(
            recording, samples[start : start + _READ], modalities, device=device, host=host
        )


class PreparedSamples:
    """Hold prepared and standardised samples (n), by row number.

    They are prepared once and kept while they take at most ``limit`` bytes, else read and
    prepared batch by batch. Either way rows come out the same. Networks with the same
    modalities and standardisation may share one.

    Parameters
    ----------
    network : Network
        Prepares; its standardisation must have been fitted.
    recording : Recording
    samples : int64 array (n,)
        Sample numbers in the recording.
    limit : int
        Bytes of the cache.
    host : Host, optional
        Default: the installed plugins.
    """

    def __init__(
        self,
        network: Network,
        recording: Recording,
        samples: NDArray[np.int64],
        limit: int = _CACHE_BYTES,
        host: Host | None = None,
    ) -> None:
        self.network, self.recording, self.host = network, recording, host
        self.samples = np.asarray(samples, np.int64)
        self._kept: Prepared | None = None
        if len(self.samples) and self._size() <= limit:
            self._kept = Prepared.concatenate(
                self.network.prepare(batch) for batch in self._batches(self.samples)
            )

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def cached(self) -> bool:
        """Say whether all samples are kept in memory."""
        return self._kept is not None

    def _batches(self, samples: NDArray[np.int64]) -> Iterator[Batch]:
        return stream_batches(
            self.recording, samples, self.network.modalities, self.host, self.network.device
        )

    def _size(self) -> int:
        first = next(self._batches(self.samples[:1]))
        return self.network.prepare(first).nbytes * len(self.samples)

    def subset(self, rows: NDArray[np.int64]) -> PreparedSamples:
        """Select some of the rows, without preparing them again."""
        part = copy.copy(self)
        part.samples = self.samples[rows]
        part._kept = None if self._kept is None else self._kept.select(rows)
        return part

    def fetch(self, rows: NDArray[np.int64], view: View | None = None) -> Prepared:
        """Fetch rows (B,) in the order given, in an augmented view if one is given."""
        if self._kept is not None:
            found = self._kept.select(rows)
        else:
            raw = self._batches(self.samples[rows])
            found = Prepared.concatenate(self.network.prepare(batch) for batch in raw)
        return found if view is None else self.network.augment(found, view)

    def blocks(self) -> Iterator[Prepared]:
        """Yield all rows in order, a block at a time."""
        for start in range(0, len(self), _READ):
            yield self.fetch(np.arange(start, min(start + _READ, len(self))))

    def features(self) -> NDArray[np.float64]:
        """Return all rows as numbers (n, F): prepared readings flattened, modalities joined."""
        blocks = [
            torch.cat([block.values[name].flatten(1) for name in self.network.modalities], 1)
            for block in self.blocks()
        ]
        return torch.cat(blocks).double().cpu().numpy()

    def predict(self, network: Network) -> dict[str, NDArray[np.float64]]:
        """Predict every target in eval mode: probabilities (n, K) or values (n,)."""
        training = network.training
        network.eval()
        with torch.inference_mode():
            outputs = [network.forward_prepared(block).heads for block in self.blocks()]
        network.train(training)
        return {
            task.target: task.predict(
                torch.cat([heads[task.target] for heads in outputs]).cpu().numpy()
            )
            for task in network.tasks
        }
