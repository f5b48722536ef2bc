"""The protocol of policies: an observation and a mask come in, actions go out.

A policy acts in three forms. One that only acts is stepped through the vector environment. A
:class:`stillage_sim.policy.learned.LearnedPolicy` (a tree or a small network) is also compiled
into the fused rollout. A *rule* of a scenario has a compiled form of its own: sorting's rules are
look-ups by item, a chain's rules are preferences, levels and ages.

>>> class Waits:
...     sees = BLIND
...     def begin(self, simulation, replicas):
...         return None
...     def act(self, observation, mask, memory):
...         return np.zeros(mask.shape[:2], np.int64)
>>> isinstance(Waits(), Policy), table_of(Waits.sees), table_of("distilled")
(True, '', 'distilled')
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from stillage_sim.envs import Simulation

Observation = Mapping[str, NDArray[np.float32]]
"""What all replicas show, each array with the replica axis first."""

IDEAL, MAJORITY, BLIND, DECLARED = ":ideal", ":majority", ":blind", ":declared"
"""What a policy may see besides a perception table, which goes by its name: the truth, the
commonest class whatever comes, nothing, or as well as the world's own settings say."""

SIGHTS = (IDEAL, MAJORITY, BLIND, DECLARED)


FILE, ARRAYS = "policy.json", "arrays.npz"
"""Files of a saved policy's folder; see :mod:`stillage_sim.policy.saved`."""


def is_saved(folder: Path) -> bool:
    """Tell whether a policy was saved there."""
    return (folder / FILE).is_file()


def table_of(sees: str) -> str:
    """Name the perception table that ``sees`` stands for; empty where it needs none."""
    return "" if sees.startswith(":") else sees


@runtime_checkable
class Seeing(Protocol):
    """An object that sees items: every policy, and every rule of a scenario.

    Attributes
    ----------
    sees : str
        The perception table through which it sees, whose modelled latency and energy each
        reading costs; or one of ``SIGHTS``.
    """

    @property
    def sees(self) -> str: ...


@runtime_checkable
class Policy(Seeing, Protocol):
    """A policy decides in a world, from what it is shown."""

    def begin(self, simulation: Simulation, replicas: int) -> Any:
        """Look at the world, and return the memory of R replicas at the start of their episodes.

        Raises ``BadInput`` for a world in which it cannot act.
        """

    def act(
        self, observation: Observation, mask: NDArray[np.int8], memory: Any
    ) -> NDArray[np.int64]:
        """Choose actions (R, A) for what the replicas show now; ``memory`` may be written.

        ``mask`` (R, A, alternatives) is 1 for what can be done. What cannot is a counted no-op.
        """
