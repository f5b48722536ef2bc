"""A modality: one kind of reading, from its raw sample to the tensor that an encoder reads.

Raw samples pass through three steps, each with one owner:

* :meth:`Modality.collate` (NumPy) makes a dense array of samples; only ragged ones need it.
* :meth:`Modality.prepare` (torch operations that ONNX can express) is part of every network
  and of every exported bundle, so that a device feeds raw readings.
* the network standardises with statistics of the training samples (:attr:`standardise`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.plugin.host import Host, get_host
from stillage.plugin.spec import Cost, ModalitySpec, SampleSpec

if TYPE_CHECKING:
    from torch import Tensor

    from stillage.sensing.augment import View
    from stillage.sensing.scene import Scene


class Modality(ABC):
    """A modality is one kind of reading: subclass it, set ``spec``, implement what it needs.

    ``spec`` is the very :class:`ModalitySpec` that the plugin registers, so name, sample,
    cost and declared scene fields are written once.

    >>> class Thermometer(Modality):
    ...     spec = ModalitySpec(
    ...         name="thermometer",
    ...         summary="one temperature",
    ...         factory="plant.sensors:Thermometer",
    ...         sample=SampleSpec(shape=(1,), dtype="float32", unit="degC", axes=("probe",)),
    ...         cost=Cost(price_eur=2.0, energy_j=0.01, time_s=0.1),
    ...     )
    ...
    ...     def prepare(self, raw):
    ...         return raw / 100.0
    >>> Thermometer().check(np.array([[np.nan]], np.float32))
    Traceback (most recent call last):
    stillage.errors.BadInput: modality 'thermometer': found NaN or infinity at (0, 0), \
expected finite readings
    """

    spec: ClassVar[ModalitySpec]

    standardise: ClassVar[Literal["element", "channel", "none"]] = "element"
    """Statistics the network keeps of prepared samples: one per element, or one per channel
    (first axis after the batch), or none."""

    @property
    def name(self) -> str:
        """The modality's registered name."""
        return self.spec.name

    @property
    def sample(self) -> SampleSpec:
        """Shape, dtype, unit and rate of a raw sample."""
        return self.spec.sample

    @property
    def dense(self) -> SampleSpec:
        """The sample that :meth:`collate` gives and :meth:`prepare` reads."""
        return self.spec.dense or self.spec.sample

    @property
    def cost(self) -> Cost:
        """Price of the sensor; joules and seconds of a reading."""
        return self.spec.cost

    def check(self, raw: NDArray[Any], where: str = "") -> None:
        """Refuse samples ``(B, *shape)`` of another shape or dtype, NaN or infinity.

        Where ``spec.dense`` differs from the raw sample, samples with its axes are held
        against it.

        Raises
        ------
        BadInput
            One line that names ``where``, what was found and what was expected.
        """
        place = where or f"modality {self.name!r}"
        spec = self.dense if raw.ndim == len(self.dense.shape) + 1 else self.sample
        wanted = spec.shape
        fits = raw.ndim == len(wanted) + 1 and all(
            want is None or want == have for want, have in zip(wanted, raw.shape[1:], strict=True)
        )
        if not fits:
            raise BadInput(place, f"samples of shape {raw.shape[1:]}", spec.describe())
        if raw.dtype != np.dtype(spec.dtype):
            raise BadInput(place, f"dtype {raw.dtype}", spec.describe())
        if np.issubdtype(raw.dtype, np.floating) and not np.isfinite(raw).all():
            bad = np.argwhere(~np.isfinite(raw))[0]
            raise BadInput(place, f"NaN or infinity at {tuple(map(int, bad))}", "finite readings")

    def read(self, path: Path) -> NDArray[Any]:
        """Read one raw sample ``(*shape)`` from a file with one of ``spec.suffixes``.

        The reader ``manifest`` calls it for such files. A file may come from anywhere: check
        what its header promises before allocating, unpickle nothing, follow no path in it.

        Raises
        ------
        BadInput
            One line if the file is damaged, hostile or of another kind, or if the modality
            reads no files of its own (the default).
        """
        raise BadInput(f"modality {self.name!r}", "no files of its own", "one with read()")

    def collate(self, rows: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Make raw samples dense, ``(B, *dense.shape)``; ragged modalities override this."""
        return np.stack(rows)

    @abstractmethod
    def prepare(self, raw: Tensor) -> Tensor:
        """Turn raw samples ``(B, *shape)`` into float32 ``(B, *prepared)``; a pure function."""

    def augment(self, prepared: Tensor, view: View) -> Tensor:
        """Return the augmented view of prepared samples, same shape; default: unchanged.

        Draw every random number from ``view``; shared names (``"flip"``, ``"shift"``,
        ``"time"``) keep paired modalities consistent.
        """
        return prepared

    def render(self, scene: Scene, seed: int, samples: NDArray[np.int64] | None = None) -> Any:
        """Render raw readings ``(N, *shape)`` of a scene of N items: the sensor model.

        The same seed gives the same readings; ``samples`` numbers the readings (default
        0..N-1) so that item i is rendered alike alone or among others.

        Raises
        ------
        BadInput
            If the modality has no sensor model.
        """
        raise BadInput(f"modality {self.name!r}", "no sensor model", "one with render()")


def get_modality(name: str, host: Host | None = None) -> Modality:
    """Give the modality of that name, the same object every time.

    Without ``host`` the name is looked up among the installed plugins.

    Raises
    ------
    BadInput, PluginBroken
        If no plugin has it, or its factory gives no Modality.
    """
    found: Modality = (host or get_host()).shared(ModalitySpec, name)
    return found
