"""A network holds encoders of several modalities, a fusion, and a head for every task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from stillage.counter import bits, stream
from stillage.errors import BadInput
from stillage.network.batch import Batch, Outputs, Prepared
from stillage.network.config import ModalityConfig, NetworkConfig
from stillage.network.fusion.base import Fusion
from stillage.network.heads import Head, RegressionHead, build_head
from stillage.network.standardise import Standardise
from stillage.network.storage import PLAIN, StoredNetwork, fingerprint_of, read, write
from stillage.network.tokens import Tokens
from stillage.plugin.host import Host, get_host
from stillage.plugin.spec import FusionSpec, StudentSpec
from stillage.sensing.modality import get_modality

if TYPE_CHECKING:
    from stillage.plugin.part import PartConfig
    from stillage.sensing.augment import View
    from stillage.sensing.modality import Modality
    from stillage.task import Task


@contextmanager
def seeded(seed: int, part: str) -> Iterator[None]:
    """Seed torch's generator for one part of a network, and restore the caller's."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(bits(seed, stream(part)) >> np.uint64(1)))
        yield


def _prepared_shape(modality: Modality, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Find the shape of a prepared sample, by preparing one of zeros."""
    dtype = torch.from_numpy(np.zeros(0, modality.dense.dtype)).dtype
    with torch.no_grad():
        prepared = modality.prepare(torch.zeros(1, *shape, dtype=dtype, device="cpu"))
    if prepared.dtype != torch.float32 or prepared.shape[:1] != (1,) or prepared.ndim < 2:
        found = f"{prepared.dtype} {tuple(prepared.shape)} prepared from one sample"
        raise BadInput(f"modality {modality.name!r}", found, "float32 (B, ...)")
    return tuple(prepared.shape[1:])


class Network(nn.Module):
    """A network: encoders, fusion and heads in one torch module.

    Parameters
    ----------
    config : NetworkConfig
    host : Host, optional
    seed : int
        Initial weights depend on it and on the names of the parts alone; the global random
        state is neither read nor changed.

    Raises
    ------
    BadInput
        For an unknown modality, size or fusion, or parameters that these refuse.
    """

    exportable = False
    model: PartConfig = PLAIN
    """The registered student that it is."""

    def __init__(self, config: NetworkConfig, host: Host | None = None, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        self.modalities = tuple(config.modalities)
        self.tasks: tuple[Task, ...] = config.tasks
        host = host or get_host()
        self.readings = {name: get_modality(name, host) for name in self.modalities}
        self.standards = nn.ModuleList()
        self.encoders = nn.ModuleList()
        widths = {
            name: self._add_encoder(name, chosen, host, seed)
            for name, chosen in config.modalities.items()
        }
        self.fusion = self._build_fusion(widths, host, seed)
        self.width = self.fusion.width
        self.heads = nn.ModuleList()
        for task in self.tasks:
            with seeded(seed, f"head {task.target}"):
                self.heads.append(build_head(task, self.width))

    def _add_encoder(self, name: str, chosen: ModalityConfig, host: Host, seed: int) -> int:
        modality = self.readings[name]
        wanted = modality.dense.shape
        if len(wanted) != len(chosen.shape) or any(
            want is not None and want != have
            for want, have in zip(wanted, chosen.shape, strict=True)
        ):
            found = f"samples of shape {chosen.shape}"
            raise BadInput(f"modality {name!r}", found, modality.dense.describe())
        shape = _prepared_shape(modality, chosen.shape)
        self.standards.append(Standardise(shape, modality.standardise))
        with seeded(seed, f"encoder {name}"):
            factory = host.resolve(host.encoder(name, chosen.size))
            try:
                encoder = factory(shape, **chosen.parameters)
            except BadInput:
                raise
            except (TypeError, ValueError, RuntimeError) as error:
                where = f"encoder {chosen.size!r} of {name!r}"
                raise BadInput(f"{where}: {error}", expected=f"a use for {shape}") from error
        width = getattr(encoder, "width", None)
        if not isinstance(encoder, nn.Module) or not isinstance(width, int) or width < 1:
            found = f"{type(encoder).__name__} of width {width!r}"
            raise BadInput(f"encoder {chosen.size!r} of {name!r}", found, "a module with a width")
        self.encoders.append(encoder)
        return width

    def _build_fusion(self, widths: Mapping[str, int], host: Host, seed: int) -> Fusion:
        name = self.config.fusion.name
        parameters: dict[str, Any] = self.config.fusion.parameters
        with seeded(seed, "fusion"):
            try:
                fusion = host.create(FusionSpec, name, widths, self.config.width, **parameters)
            except BadInput:
                raise
            except (TypeError, ValueError, RuntimeError) as error:
                raise BadInput(f"fusion {name!r}: {error}") from error
        made: Fusion = fusion
        return made

    def head(self, target: str) -> Head:
        """Give the head of a target."""
        for task, head in zip(self.tasks, self.heads, strict=True):
            if task.target == target and isinstance(head, Head):
                return head
        raise BadInput("target", repr(target), f"one of {[t.target for t in self.tasks]}")

    def prepare(self, batch: Batch, view: View | None = None) -> Prepared:
        """Prepare, augment (a view other than 0) and standardise; no learnt parameter.

        A modality that the batch does not carry counts as absent.
        """
        values: dict[str, Tensor] = {}
        presence: dict[str, Tensor] = {}
        device = self.device
        for name, standard in zip(self.modalities, self.standards, strict=True):
            if name not in batch.raw:
                presence[name] = torch.zeros(len(batch), dtype=torch.bool, device=device)
                continue
            with torch.no_grad():
                prepared = self.readings[name].prepare(batch.raw[name])
                if view is not None and not view.identity:
                    prepared = self.readings[name].augment(prepared, view)
                presence[name] = batch.presence[name]
                values[name] = self.mask(standard(prepared), presence[name])
        if not values:
            found = f"none of {sorted(batch.raw)}"
            raise BadInput("batch", found, f"at least one of {list(self.modalities)}")
        return Prepared(values, presence)

    def augment(self, prepared: Prepared, view: View) -> Prepared:
        """Give a view of prepared samples, for callers that keep view 0 in memory."""
        if view.identity:
            return prepared
        values = dict(prepared.values)
        for name, standard in zip(self.modalities, self.standards, strict=True):
            if name in values and isinstance(standard, Standardise):
                # modalities augment prepared samples, before standardisation
                plain = self.readings[name].augment(standard.inverse(values[name]), view)
                values[name] = self.mask(standard(plain), prepared.presence[name])
        return Prepared(values, prepared.presence)

    @staticmethod
    def mask(values: Tensor, present: Tensor) -> Tensor:
        """Set samples to zero where they are absent, whatever they held (also NaN)."""
        return values.masked_fill(~present.view(-1, *[1] * (values.ndim - 1)), 0)

    def _encode(self, index: int, values: Tensor, present: Tensor | None) -> Tokens:
        encoder: Callable[[Tensor], Tokens] = self.encoders[index]
        if present is None:
            return encoder(values)
        values = self.mask(values, present)
        if not self.training or bool(present.all()) or not bool(present.any()):
            return encoder(values)
        rows = present.nonzero().squeeze(1)  # absent samples stay out of batch statistics
        some = encoder(values[rows])

        def spread(part: Tensor) -> Tensor:
            whole = part.new_zeros((len(values), *part.shape[1:]))
            return whole.index_copy(0, rows, part)

        mask = None if some.mask is None else spread(some.mask)
        return Tokens(spread(some.values), mask, tuple(spread(a) for a in some.attention))

    def encode(
        self, values: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None
    ) -> tuple[Tensor, dict[str, Tokens]]:
        """Give fused features (B, D) and tokens of standardised samples; presence None: all."""
        tokens = {
            name: self._encode(index, values[name], presence[name] if presence else None)
            for index, name in enumerate(self.modalities)
            if name in values
        }
        table = None
        if presence is not None:
            table = torch.stack([presence[name] for name in self.modalities], 1)
        features: Tensor = self.fusion(tokens, table)
        return features, tokens

    def forward_prepared(self, prepared: Prepared) -> Outputs:
        """Compute the outputs of prepared samples."""
        features, tokens = self.encode(prepared.values, prepared.presence)
        heads = {
            task.target: head(features) for task, head in zip(self.tasks, self.heads, strict=True)
        }
        return Outputs(heads, features, tokens)

    def forward(self, batch: Batch) -> Outputs:
        """Compute the outputs of raw samples."""
        return self.forward_prepared(self.prepare(batch))

    @property
    def device(self) -> torch.device:
        """Device of the network."""
        for tensor in [*self.parameters(), *self.buffers()]:
            return tensor.device
        return torch.device("cpu")

    def fit_standardise(self, batches: Iterable[Batch]) -> None:
        """Set the statistics of standardisation from raw training samples (present ones).

        Raises
        ------
        BadInput
            If a modality is in none of the samples.
        """
        seen = dict.fromkeys(self.modalities, 0)
        standards = {
            name: standard
            for name, standard in zip(self.modalities, self.standards, strict=True)
            if isinstance(standard, Standardise)
        }
        for standard in standards.values():
            standard.reset()
        for batch in batches:
            for name, standard in standards.items():
                if name in batch.raw:
                    raw = batch.raw[name][batch.presence[name]]
                    seen[name] += len(raw)
                    if len(raw):
                        with torch.no_grad():
                            standard.update(self.readings[name].prepare(raw))
        for name, count in seen.items():
            if not count:
                raise BadInput(f"modality {name!r}", "no reading in the training samples")
            standards[name].finish()

    def fit_targets(self, values: Mapping[str, Tensor]) -> None:
        """Set mean and scale of regression heads from labelled training values (B,)."""
        for target, labelled in values.items():
            head = self.head(target)
            if isinstance(head, RegressionHead):
                if not len(labelled):
                    raise BadInput(f"target {target!r}", "no labelled value", "at least one")
                head.fit(labelled)

    def fingerprint(self) -> str:
        """Compute the sha256 of configuration, parameters and buffers."""
        return fingerprint_of(self.config, self.state_dict())

    def save(self, folder: Path | str) -> None:
        """Write ``network.json`` and ``weights.pt`` atomically."""
        write(folder, self.config, self.state_dict(), self.model)

    @classmethod
    def load(cls, folder: Path | str, host: Host | None = None) -> Self:
        """Read what :meth:`save` wrote, without unpickling any object.

        Raises
        ------
        BadInput
            One line for a folder that is damaged, hostile or of another kind.
        """
        return read(folder, lambda stored: cls._described(stored, host)).eval()

    @classmethod
    def _described(cls, stored: StoredNetwork, host: Host | None) -> Self:
        """Build the network that a folder describes, with initial weights."""
        if stored.model == cls.model:
            return cls(stored.network, host)
        made = create_student(stored.model, stored.network, host)
        if not isinstance(made, cls):
            raise BadInput(f"student {stored.model.name!r}", "a student", f"a {cls.__name__}")
        return made


def create_student(
    model: PartConfig, config: NetworkConfig, host: Host | None = None, seed: int = 0
) -> Network:
    """Build the registered student ``model``, as ``config`` describes it.

    Raises
    ------
    BadInput
        If there is no such student, or it refuses its parameters.
    """
    host = host or get_host()
    chosen = model.checked(host.spec(StudentSpec, model.name))
    parameters: dict[str, Any] = chosen.parameters
    try:
        made: Network = host.create(StudentSpec, model.name, config, host, seed, **parameters)
    except TypeError as error:
        raise BadInput(f"student {model.name!r}: {error}") from error
    made.model = chosen
    return made
