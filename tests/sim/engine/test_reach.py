"""Keys of compiled code: every file and constant that a kernel is made of, and no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillage import counter
from stillage_sim.chain.stages import step
from stillage_sim.devices import power
from stillage_sim.engine import compiled, inlined, kernel, packed, randomness
from stillage_sim.engine.reach import Reach
from stillage_sim.machines import stages as machine_stages
from stillage_sim.queueing import stages as event_stages

SIM = Path(step.__file__).parents[2]
SCALE, TABLE = 3.0, np.array([1.0, 2.0])
BOTH = (
    lambda x: x,
    lambda x: -x,
)


def times(n: int) -> Callable[[int], int]:
    return lambda x: n * x


def files(function: Any) -> set[str]:
    return {str(Path(file).relative_to(SIM)) for file in Reach(function).files}


def test_the_chain_is_made_of_what_its_step_calls() -> None:
    found = files(step.advance)
    assert found >= {
        "chain/stages/step.py", "chain/stages/decide.py", "chain/stages/flows.py",
        "chain/stages/making.py", "chain/stages/trade.py", "chain/stages/using.py",
        "devices/power.py", "devices/stages.py", "engine/cycles.py", "engine/ledger.py",
        "engine/packing.py", "engine/quantiles.py", "engine/randomness.py", "engine/rows.py",
        "machines/durations.py", "machines/repairs.py", "machines/rules.py", "machines/stages.py",
        "machines/wear.py", "uncertainty/stages.py",
    }  # fmt: skip
    assert not {file for file in found if file.startswith(("run/", "chain/file/", "queueing/"))}


def test_the_event_engine_is_made_of_what_it_calls() -> None:
    assert files(event_stages.run_networks) == {
        "queueing/heap.py", "queueing/stages.py", "queueing/timelaws.py", "engine/randomness.py",
    }  # fmt: skip


def test_a_constant_counts_wherever_it_is_from() -> None:
    found = Reach(machine_stages.machines_stage).names
    assert found["stillage_sim.engine.randomness.GOLDEN"] == repr(counter.GOLDEN)
    keep = Reach(step.keep).names  # it says power.BATTERY
    assert keep["stillage_sim.devices.power.BATTERY"] == repr(power.BATTERY)


@pytest.mark.parametrize("mark", [compiled, inlined, kernel, packed], ids=lambda m: m.__name__)
def test_every_mark_is_looked_into(mark: Any) -> None:
    @mark  # type: ignore[untyped-decorator]
    def scaled(x: float) -> float:
        return SCALE * x

    @compiled
    def caller(x: float) -> float:
        return float(scaled(x))

    assert f"{__name__}.SCALE" in Reach(caller).names, "reached through a closure"


def test_tuples_arrays_defaults_and_inner_functions_count() -> None:
    offset = 5

    def whole(x: float, y: float = 2.5) -> Any:
        return [BOTH[0](x + TABLE[k] + y + offset) for k in range(2)]

    found = Reach(whole)
    assert found.files == {__file__}
    assert found.names["whole defaults.1"] == "2.5"
    assert found.names["whole.offset"] == "5"
    assert found.names[f"{__name__}.TABLE"].startswith("<f8 (2,) ")
    told = {found.names[f"{__name__}.BOTH.{n}"] for n in (1, 2)}
    assert len(told) == 2, "which function it is"


def test_equal_parts_give_equal_stamps_and_other_parts_others(tmp_path: Path) -> None:
    def stamp(name: str, value: object, text: str = "def f(x): return x + N") -> str:
        path = tmp_path / name
        path.write_text(text)
        space: dict[str, Any] = {"N": value, "__name__": "elsewhere"}
        exec(compile(text, str(path), "exec"), space)
        return Reach(space["f"]).stamp("numba")

    usual = stamp("a.py", 1)
    assert stamp("b.py", 1) == usual, "where a file lies does not matter"
    values = (2, 1.0, True, np.int64(1), (1,), np.array([1]), np.zeros, *BOTH, times(2), times(3))
    assert len({usual, *(stamp("a.py", value) for value in values)}) == 12
    assert stamp("a.py", 1, "def f(x): return N + x") != usual


def test_numpy_python_and_numba_are_not_searched() -> None:
    def f(x: float) -> Any:
        return np.sqrt(x) + max(x, 1.0) + randomness.UNIT

    assert Reach(f).files == {__file__, randomness.__file__}
