"""Bootstrap worlds and casts."""

from __future__ import annotations

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage_scenarios.sorting.example import ExampleTable, example_cast
from stillage_sim.run.worlds import bootstrap
from stillage_sim.scenario import SeedCast


def test_each_world_is_a_bootstrap_of_its_seeds_groups() -> None:
    sizes = [30, 20, 25]
    worlds = bootstrap(90, sizes)
    first = np.concatenate([[0], np.cumsum(sizes)])
    for w in range(90):
        seed = w % 3
        assert worlds.seed[w] == seed
        drawn = worlds.groups[w, : worlds.size[w]]
        assert len(drawn) == sizes[seed]
        assert drawn.min() >= first[seed]
        assert drawn.max() < first[seed + 1]
    shares = [len(set(worlds.groups[w, : worlds.size[w]])) / worlds.size[w] for w in range(90)]
    assert np.mean(shares) == pytest.approx(1 - np.exp(-1), abs=0.03)


def test_worlds_do_not_depend_on_how_many_there_are() -> None:
    few, many = bootstrap(6, [9, 9]), bootstrap(60, [9, 9])
    assert (few.groups == many.groups[:6]).all()


def test_rows_follow_the_samples_whatever_the_tables_order() -> None:
    samples = np.array([40, 10, 30])
    table = ExampleTable(np.array([10, 20, 30, 40]), {}, 0.0, 0.0)
    cast = SeedCast(0, samples, np.array(["a", "b", "c"]), {}, {"distilled": table})
    assert cast.rows("distilled").tolist() == [3, 0, 2]


def test_a_table_without_a_sample_is_refused() -> None:
    table = ExampleTable(np.array([1, 2]), {}, 0.0, 0.0)
    cast = SeedCast(0, np.array([2, 7]), np.array(["a", "b"]), {}, {"distilled": table})
    with pytest.raises(BadInput, match="no row for sample 7"):
        cast.rows("distilled")


def test_a_role_bound_to_nothing_is_refused() -> None:
    cast = example_cast(6)
    bad = type(cast)(cast.seeds, cast.tasks, {"material": "polymer"})
    with pytest.raises(BadInput, match=r"role 'material': found target 'polymer'"):
        bad.task("material")
