"""The student: a network that reads the cheap modalities and leaves the laboratory."""

from __future__ import annotations

from stillage.network.network import Network
from stillage.plugin.spec import Cost


class Student(Network):
    """A network that can be exported.

    Its ``modalities`` are all that it ever reads; :attr:`cost` is what their sensors cost.

    >>> from stillage.network import NetworkConfig, Parts
    >>> from stillage.plugin.spec import ModalitySpec, SampleSpec
    >>> from stillage.sensing.modality import Modality
    >>> class Probe(Modality):
    ...     spec = ModalitySpec(
    ...         name="probe",
    ...         summary="four bytes",
    ...         factory="plant.sensors:Probe",
    ...         sample=SampleSpec(shape=(4,), dtype="uint8", unit="1", axes=("byte",)),
    ...         cost=Cost(price_eur=2.0, energy_j=0.01, time_s=0.1),
    ...     )
    ...
    ...     def prepare(self, raw):
    ...         return raw / 255.0
    >>> polymer = {"target": "polymer", "kind": "classification", "classes": ("PET", "PP")}
    >>> network = {"modalities": {"probe": {"size": "linear", "shape": (4,)}}, "tasks": (polymer,)}
    >>> student = Student(NetworkConfig(**network), Parts({"probe": Probe()}))
    >>> student.modalities, student.cost.price_eur
    (('probe',), 2.0)
    """

    exportable = True

    @property
    def cost(self) -> Cost:
        """Sum of its sensors' costs: EUR, J and s for one reading of each."""
        costs = [modality.cost for modality in self.readings.values()]
        return Cost(
            price_eur=sum(c.price_eur for c in costs),
            energy_j=sum(c.energy_j for c in costs),
            time_s=sum(c.time_s for c in costs),
            source="; ".join(dict.fromkeys(c.source for c in costs)),
        )
