"""The interpreted source is the reference: the compiled one equals it to the last bit."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import numpy as np

from stillage_sim.machines.rules import POLICIES
from tests.sim.machines.plants import Run
from tests.sim.machines.test_machines import mixed

SCRIPT = """
import json
from tests.sim.machines.test_reference import digests
print(json.dumps(digests()))
"""


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
    out = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        check=True,
        capture_output=True,
        text=True,
        timeout=280,
    ).stdout
    assert json.loads(out) == digests()
    assert len(set(digests().values())) == 2 * len(POLICIES)
