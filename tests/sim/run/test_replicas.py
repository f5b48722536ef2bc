"""Chunks of replicas: any partition, any order, any death, the same totals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from stillage import counter
from stillage.compute.in_process import InProcess
from stillage_sim.run.figures import paired, summarise
from stillage_sim.run.replicas import over_worlds, save, simulate
from stillage_sim.scenario import Totals, World


class Walks(World):
    """Random walks with a drift: a world whose totals are known in law and in each replica."""

    def __init__(self, broken_from: int = 10**9) -> None:
        self.broken_from = broken_from

    @property
    def policies(self) -> tuple[str, ...]:
        return ("still", "up")

    def rollout(
        self, policy: str, first_replica: int, replicas: int, days: float, seed: int
    ) -> Totals:
        if first_replica >= self.broken_from:
            raise RuntimeError("the power went")
        numbers = np.arange(first_replica, first_replica + replicas)
        steps = counter.uniform(seed, numbers[:, None], np.arange(round(days * 24))[None, :])
        drift = 0.25 if policy == "up" else 0.0
        return {"walked": (steps - 0.5 + drift).sum(1)}

    def kpis(self, totals: Totals) -> dict[str, NDArray[np.float64]]:
        return {"walked_m": totals["walked"]}

    def audit(self, totals: Totals) -> dict[str, float]:
        return {"mass": 0.0, "energy": 0.0, "money": 0.0}


def walk(folder: Path, chunk: int, world: World | None = None) -> dict[str, Totals]:
    folder.mkdir(exist_ok=True)
    return simulate(
        world or Walks(), ("still", "up"), 50, 2.0, 11, InProcess(), folder, chunk=chunk
    )


@pytest.mark.parametrize("chunk", [1, 7, 50, 64])
def test_any_chunk_gives_the_totals_of_one_rollout(tmp_path: Path, chunk: int) -> None:
    found = walk(tmp_path, chunk)
    for policy in ("still", "up"):
        whole = Walks().rollout(policy, 0, 50, 2.0, 11)["walked"]
        np.testing.assert_array_equal(found[policy]["walked"], whole)


def test_what_was_done_before_an_accident_is_not_done_again(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="the power went"):
        walk(tmp_path, 10, Walks(broken_from=30))
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(kept) == 3
    found = walk(tmp_path, 10)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    np.testing.assert_array_equal(
        found["up"]["walked"], walk(tmp_path.with_name("other"), 50)["up"]["walked"]
    )


@pytest.mark.parametrize("spoilt", [b"", b"junk", "short", "fewer"])
def test_a_chunk_that_cannot_be_read_is_done_again(tmp_path: Path, spoilt: bytes | str) -> None:
    wanted = walk(tmp_path, 10)
    path = sorted(tmp_path.iterdir())[1]
    if spoilt == "fewer":
        save(path, {"walked": np.zeros(3)})
    else:
        path.write_bytes(path.read_bytes()[:100] if isinstance(spoilt, str) else spoilt)
    found = walk(tmp_path, 10)
    np.testing.assert_array_equal(found["still"]["walked"], wanted["still"]["walked"])


def test_policies_face_the_same_luck(tmp_path: Path) -> None:
    totals = walk(tmp_path, 16)
    kpis = {policy: Walks().kpis(each) for policy, each in totals.items()}
    (row,) = paired(kpis, worlds=10)
    assert (row["a"], row["b"], row["kpi"]) == ("up", "still", "walked_m")
    for end in ("mean", "low", "high"):
        assert row[end] == pytest.approx(0.25 * 48, rel=1e-12)
    told = summarise(kpis, worlds=10)["still"]["walked_m"]
    assert told["low"] < told["mean"] < told["high"]


def test_interval_covers_what_worlds_vary_by() -> None:
    """Worlds with true means of N(0, 1): the interval's ends are that law's quantiles."""
    rng = np.random.default_rng(0)
    worlds, each = 4000, 3
    means = rng.normal(size=worlds)
    values = (means[None, :] + 0.0 * np.zeros((each, worlds))).ravel()
    found = over_worlds(values, worlds)
    assert found.mean == pytest.approx(means.mean())
    assert found.low == pytest.approx(-1.96, abs=0.1)
    assert found.high == pytest.approx(1.96, abs=0.1)


def test_fewer_replicas_than_worlds() -> None:
    found = over_worlds(np.array([1.0, 2.0]), 40)
    assert (found.mean, found.low >= 1.0, found.high <= 2.0) == (1.5, True, True)
