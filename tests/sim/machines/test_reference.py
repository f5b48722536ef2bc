"""The interpreted source is the reference: the compiled one equals it to the last bit."""

from __future__ import annotations

import hashlib

import numpy as np

from stillage_sim.machines.rules import POLICIES
from tests.sim.interpreted import interpreted
from tests.sim.machines.plants import Run
from tests.sim.machines.test_machines import mixed


def digests() -> dict[str, str]:
    """A digest of every state array's bytes after a while, by policy."""
    found = {}
    for policy, rules in POLICIES.items():
        for mirror in (False, True):
            plan = mixed(idle_ageing=mirror)
            run = Run(plan, 3, rules(plan), seed=11, mirror=mirror)
            run.state.load[:] = np.random.default_rng(0).random(run.state.load.shape)
            parts = [part.tobytes() for part in run.roll(150)]
            found[f"{policy} {mirror}"] = hashlib.sha256(b"".join(parts)).hexdigest()
    return found


def test_interpreted_source_is_the_reference() -> None:
    assert interpreted(digests) == digests()
    assert len(set(digests().values())) == 2 * len(POLICIES)
