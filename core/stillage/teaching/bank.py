"""Store a teacher's outputs by content, so that it runs once and not at each step.

A bank in a folder is a folder named by its key, with ``bank.json``, ``samples.npy`` and, for
each view and each part of the samples, one float32 matrix ``v000-p00000.npy`` (rows: samples;
columns: heads in task order, then features if they are kept) beside its sha256. Parts are written
atomically, read as memory maps and never unpickled; one that is missing or damaged is made again.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillage.counter import generator, stream
from stillage.errors import BadInput, StillageError
from stillage.network.batch import Outputs, load_batch
from stillage.sensing.augment import View
from stillage.sensing.modality import get_modality
from stillage.storage.atomic import atomic_file, write_json, write_text
from stillage.teaching.teacher import Teacher

if TYPE_CHECKING:
    from stillage.plugin.host import Host
    from stillage.recording import Recording

TOLERANCE = 1e-6
"""Largest difference from the live teacher, relative where a value exceeds 1."""
BLOCK = 64
"""Samples that the teacher sees at a time."""
_PART_BYTES = 16 << 20

Progress = Callable[[int, int], None]


def preparation(teacher: Teacher, host: Host | None = None) -> str:
    """Describe how raw readings are prepared for a teacher: specs and source of its modalities."""
    digest = hashlib.sha256()
    for name in teacher.modalities:
        modality = get_modality(name, host)
        digest.update(modality.spec.model_dump_json().encode())
        try:
            digest.update(Path(inspect.getfile(type(modality))).read_bytes())
        except (OSError, TypeError):
            digest.update(type(modality).__qualname__.encode())
    return digest.hexdigest()


def _file_digest(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


class TeacherBank:
    """Hold teacher outputs of a set of samples, in V views (view 0: the samples as they are).

    Made by :meth:`build`; read by :meth:`fetch`. Pickles as its path (or, without a folder,
    with its matrices).

    Attributes
    ----------
    key : str
        sha256 of teacher, recording, preparation, samples, views and their seed.
    samples : int64 array (S,)
        Sorted sample numbers.
    views, seed : int
        ``View(seed, v, samples)`` for v in 0 .. views-1.
    """

    def __init__(
        self,
        key: str,
        samples: NDArray[np.int64],
        views: int,
        seed: int,
        widths: dict[str, int],
        feature_width: int,
        folder: Path | None,
        part_rows: int | None = None,
    ) -> None:
        self.key, self.samples, self.views, self.seed = key, samples, views, seed
        self.widths, self.feature_width = widths, feature_width
        self.columns = sum(widths.values()) + feature_width
        rows = part_rows or _PART_BYTES // (4 * max(self.columns, 1))
        self.part_rows = max(BLOCK, rows // BLOCK * BLOCK)
        self.folder = None if folder is None else folder / key[:32]
        self._open: dict[tuple[int, int], NDArray[np.float32]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | ({} if self.folder is None else {"_open": {}})

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def parts(self) -> int:
        """Return how many parts the samples of a view are cut into."""
        return -(-len(self.samples) // self.part_rows)

    @classmethod
    def build(
        cls,
        teacher: Teacher,
        recording: Recording,
        samples: NDArray[np.int64],
        views: int = 1,
        seed: int = 0,
        folder: Path | str | None = None,
        *,
        host: Host | None = None,
        progress: Progress | None = None,
        part_rows: int | None = None,
        features: bool = True,
    ) -> TeacherBank:
        """Ask the teacher for whatever is not in ``folder`` yet.

        Parameters
        ----------
        teacher : Teacher
            Asked in blocks of 64 samples.
        recording : Recording
            Read block by block, only the teacher's modalities.
        samples : int64 array
            In any order; duplicates are asked once.
        views, seed : int
            Number of views, the untouched one included, and the seed of the others.
        folder : Path or None
            Where banks are kept; None keeps this one in memory.
        host : Host, optional
            Default: the installed plugins.
        progress : callable or None
            Called with samples done and their number.
        part_rows : int or None
            Samples in a part (rounded down to whole blocks); default: parts of 16 MB.
        features : bool
            Whether the teacher's features are kept beside its heads.

        Raises
        ------
        BadInput
            If a sample has none of the teacher's modalities, or its outputs are not finite.
        """
        samples = np.unique(np.asarray(samples, np.int64))
        if views < 1 or not len(samples):
            raise BadInput("teacher bank", f"{views} views of {len(samples)} samples", "some")
        heard = np.zeros(len(samples), bool)
        for name in teacher.modalities:
            heard |= recording.presence(name)[samples]
        if not heard.all():
            found = f"sample {int(samples[~heard][0])} with none of {list(teacher.modalities)}"
            raise BadInput("teacher bank", found, "samples that the teacher can tell")
        kept_width = teacher.feature_width if features else 0
        content = {
            "teacher": teacher.fingerprint(),
            "recording": recording.fingerprint,
            "preparation": preparation(teacher, host),
            "samples": hashlib.sha256(samples.astype("<i8").tobytes()).hexdigest(),
            "views": views,
            "seed": seed if views > 1 else 0,
            "features": kept_width,
            "format": 1,
        }
        key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        widths = {task.target: task.width for task in teacher.tasks}
        root = None if folder is None else Path(folder)
        bank = cls(key, samples, views, seed, widths, kept_width, root, part_rows)
        if bank.folder is not None:
            bank.folder.mkdir(parents=True, exist_ok=True)
            with atomic_file(bank.folder / "samples.npy") as part, part.open("wb") as handle:
                np.save(handle, samples, allow_pickle=False)
            write_json(bank.folder / "bank.json", content | {"key": key, "heads": widths})
        kept = bank._fill(teacher, recording, host, progress)
        if kept and bank._difference(teacher, recording, kept[:1], host) > TOLERANCE:
            for view, part_number in kept:  # an older teacher bank that only claims to be this
                bank._file(view, part_number).unlink(missing_ok=True)
            bank._open.clear()
            bank._fill(teacher, recording, host, progress)
        return bank

    def _file(self, view: int, part: int) -> Path:
        if self.folder is None:
            raise StillageError("this teacher bank is in memory")
        return self.folder / f"v{view:03d}-p{part:05d}.npy"

    def _rows(self, part: int) -> NDArray[np.int64]:
        return self.samples[part * self.part_rows : (part + 1) * self.part_rows]

    def _sound(self, view: int, part: int) -> bool:
        """Say whether a part is there and is what was written."""
        if self.folder is None:
            return (view, part) in self._open
        file = self._file(view, part)
        try:
            if file.with_suffix(".sha256").read_text().strip() != _file_digest(file):
                return False
            return self._map(view, part).shape == (len(self._rows(part)), self.columns)
        except (OSError, ValueError):
            return False

    def _map(self, view: int, part: int) -> NDArray[np.float32]:
        if (view, part) not in self._open:
            matrix = np.load(self._file(view, part), mmap_mode="r", allow_pickle=False)
            if matrix.dtype != np.dtype("<f4"):
                raise ValueError(f"dtype {matrix.dtype}")
            self._open[view, part] = matrix
        return self._open[view, part]

    def _keep(self, view: int, part: int, matrix: NDArray[np.float32]) -> None:
        if self.folder is None:
            self._open[view, part] = matrix
            return
        file = self._file(view, part)
        self._open.pop((view, part), None)
        with atomic_file(file) as beside, beside.open("wb") as handle:
            np.save(handle, matrix.astype("<f4", copy=False), allow_pickle=False)
        write_text(file.with_suffix(".sha256"), _file_digest(file) + "\n")

    def _ask(
        self,
        teacher: Teacher,
        recording: Recording,
        part: int,
        views: list[int],
        host: Host | None,
        blocks: list[int] | None = None,
    ) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
        """Yield (view, first row in the part, rows) of blocks that the teacher is asked for."""
        rows = self._rows(part)
        for block in range(-(-len(rows) // BLOCK)) if blocks is None else blocks:
            start = block * BLOCK
            some = rows[start : start + BLOCK]
            batch = load_batch(recording, some, teacher.modalities, host=host)
            for view in views:
                outputs = teacher.predict(batch, View(self.seed, view, some))
                columns = [outputs.heads[target] for target in self.widths]
                columns += [outputs.features] if self.feature_width else []
                matrix = torch.cat(columns, 1).float().cpu().numpy()
                if matrix.shape != (len(some), self.columns) or not np.isfinite(matrix).all():
                    found = f"outputs {matrix.shape}, or NaN among them, of sample {int(some[0])}"
                    raise BadInput("teacher", found, f"finite ({len(some)}, {self.columns})")
                yield view, start, matrix

    def _fill(
        self,
        teacher: Teacher,
        recording: Recording,
        host: Host | None,
        progress: Progress | None,
    ) -> list[tuple[int, int]]:
        """Make the parts that are missing or damaged; return those that were kept."""
        kept = []
        for part in range(self.parts):
            sound = [v for v in range(self.views) if self._sound(v, part)]
            kept += [(view, part) for view in sound]
            wanted = [v for v in range(self.views) if v not in sound]
            count = len(self._rows(part))
            fresh = {v: np.empty((count, self.columns), np.float32) for v in wanted}
            if wanted:
                for view, start, matrix in self._ask(teacher, recording, part, wanted, host):
                    fresh[view][start : start + len(matrix)] = matrix
            for view, matrix in fresh.items():
                self._keep(view, part, matrix)
            if progress:
                progress(min((part + 1) * self.part_rows, len(self)), len(self))
        return kept

    def fetch(self, samples: NDArray[np.int64], view: int = 0) -> Outputs:
        """Copy teacher outputs of samples (in the order asked), float32, out of the parts.

        Raises
        ------
        BadInput
            For a sample or a view that the bank does not hold.
        """
        samples = np.asarray(samples, np.int64)
        rows = np.searchsorted(self.samples, samples)
        found = self.samples[np.minimum(rows, len(self) - 1)] == samples
        if not found.all() or not 0 <= view < self.views:
            missing = f"sample {int(samples[~found][0])}" if not found.all() else f"view {view}"
            expected = f"one of {len(self)} samples, {self.views} views"
            raise BadInput("teacher bank", f"no {missing}", expected)
        whole = np.empty((len(samples), self.columns), np.float32)
        part_of = rows // self.part_rows
        for part in np.unique(part_of):
            here = np.flatnonzero(part_of == part)
            whole[here] = self._map(view, int(part))[rows[here] - part * self.part_rows]
        return self._outputs(torch.from_numpy(whole))

    def _outputs(self, matrix: Tensor) -> Outputs:
        widths = [*self.widths.values(), self.feature_width]
        pieces: tuple[Tensor, ...] = torch.split_with_sizes(matrix, widths, 1)
        heads = {t: p.contiguous() for t, p in zip(self.widths, pieces[:-1], strict=True)}
        return Outputs(heads, pieces[-1].contiguous())

    def statistics(self, view: int = 0) -> tuple[Tensor, Tensor]:
        """Compute each feature's mean and population standard deviation over samples, float32."""
        first = self.columns - self.feature_width
        matrices = [self._map(view, part)[:, first:] for part in range(self.parts)]
        mean = sum(m.sum(0, dtype=np.float64) for m in matrices) / len(self)
        square = sum(((m - mean) ** 2).sum(0, dtype=np.float64) for m in matrices) / len(self)
        pair = np.stack([mean, np.sqrt(square)]).astype(np.float32)
        return torch.from_numpy(pair[0].copy()), torch.from_numpy(pair[1].copy())

    def _difference(
        self,
        teacher: Teacher,
        recording: Recording,
        places: list[tuple[int, int]],
        host: Host | None,
        block: int = 0,
    ) -> float:
        worst = 0.0
        for view, part in places:
            for _, start, live in self._ask(teacher, recording, part, [view], host, [block]):
                stored = self._map(view, part)[start : start + len(live)]
                distance = np.abs(stored - live) / np.maximum(np.abs(live), 1.0)
                worst = max(worst, float(distance.max(initial=0.0)))
        return worst

    def verify(
        self,
        teacher: Teacher,
        recording: Recording,
        count: int = 64,
        *,
        host: Host | None = None,
    ) -> float:
        """Ask the live teacher again for at least ``count`` samples, in blocks drawn by counter.

        Returns
        -------
        float
            Largest difference from what is stored, relative where a value exceeds 1.

        Raises
        ------
        StillageError
            If it exceeds 1e-6.
        """
        blocks = -(-len(self) // BLOCK)
        drawn = generator(self.seed, stream("verify")).permutation(blocks * self.views)
        per_part = self.part_rows // BLOCK
        worst = 0.0
        for number in drawn[: max(1, -(-count // BLOCK))].tolist():
            view, block = divmod(number, blocks)
            part, inside = divmod(block, per_part)
            place = [(view, part)]
            worst = max(worst, self._difference(teacher, recording, place, host, inside))
        if worst > TOLERANCE:
            raise StillageError(
                f"teacher bank {self.key[:12]}: differs from its teacher by {worst:.3g} "
                f"(at most {TOLERANCE:g}): build it again in a fresh folder"
            )
        return worst
