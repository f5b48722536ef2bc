"""Bootstrap worlds: resample sets of held-out groups, so that intervals span the items too.

World w belongs to training seed w mod S and holds as many groups as that seed's held-out part
has, drawn with replacement. Replica r lives in world r mod W, under every policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage import counter

Ints = NDArray[np.int64]
SEED = counter.stream("bootstrap worlds")


class Worlds(NamedTuple):
    """W bootstrap worlds: each draws uniformly from ``groups[w, :size[w]]``, of seed ``seed[w]``.

    ``groups`` (W, most) numbers groups on over all seeds; ``size`` and ``seed`` are (W,).
    """

    groups: Ints
    size: Ints
    seed: Ints


def bootstrap(count: int, groups: Sequence[int]) -> Worlds:
    """Draw ``count`` worlds from seeds with the given numbers of held-out groups.

    >>> worlds = bootstrap(4, [3, 5])
    >>> worlds.size, worlds.seed, bool((worlds.groups[1] >= 3).all())
    (array([3, 5, 3, 5]), array([0, 1, 0, 1]), True)
    """
    seed = np.arange(count, dtype=np.int64) % len(groups)
    size = np.array(groups, np.int64)[seed]
    first = np.concatenate([[0], np.cumsum(groups)[:-1]]).astype(np.int64)[seed]
    spots = np.arange(max(groups), dtype=np.int64)
    u = counter.uniform(SEED, np.arange(count)[:, None], spots[None, :])
    drawn = first[:, None] + (u * size[:, None]).astype(np.int64)
    return Worlds(np.where(spots < size[:, None], drawn, first[:, None]), size, seed)
