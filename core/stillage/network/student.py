"""A student is a network that reads the cheap modalities and can be exported to a device."""

from __future__ import annotations

from stillage.network.network import Network
from stillage.plugin.spec import Cost


class Student(Network):
    """A student: a network that can be exported.

    Its ``modalities`` are all that it ever reads; :attr:`cost` is what their sensors cost.

    >>> from stillage.network import NetworkConfig
    >>> from stillage.task import Task
    >>> polymer = Task(target="polymer", kind="classification", classes=("PET", "PP"))
    >>> led = {"size": "linear", "shape": (8,)}
    >>> student = Student(NetworkConfig(modalities={"led": led}, tasks=(polymer,)))
    >>> student.cost == student.readings["led"].cost
    True
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
