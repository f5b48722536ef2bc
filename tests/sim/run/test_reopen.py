"""A finished run goes on: its world is made anew from what it left."""

from __future__ import annotations

from pathlib import Path

import gymnasium
import h5py
import numpy as np
import pytest

from stillage.errors import BadInput
from stillage.rundir import RunDir
from stillage_sim.run.evaluate import run
from stillage_sim.run.reopen import world_of
from tests.sim.run.test_evaluate import TINY


def test_a_run_is_simulated_further_to_the_bit(tmp_path: Path) -> None:
    policies = ("majority", "distilled")
    folder = run("sorting", {**TINY, "policies": policies}, seed=3, workers=0, out=tmp_path / "r")
    world = world_of(folder.folder)
    again = world.kpis(world.rollout("distilled", 0, 6, TINY["days"], 3))
    with h5py.File(folder.folder / "replicas.h5") as file:
        kept = {file[name].attrs["policy"]: file[name] for name in file if name != "world"}
        for kpi, values in again.items():
            np.testing.assert_array_equal(kept["distilled"][f"kpis/{kpi}"][:], values)
    env = gymnasium.make("stillage/Sorting-v0", run=str(folder.folder), days=0.01)
    seen, _ = env.reset(seed=1)
    assert seen in env.observation_space
    with pytest.raises(BadInput, match="settings: found a world or run that has its own"):
        gymnasium.make("stillage/Sorting-v0", run=str(folder.folder), settings={"slots": 3})
    RunDir.open(folder.folder).set_status("interrupted")
    with pytest.raises(BadInput, match="an unfinished run, expected a finished one"):
        world_of(folder.folder)
