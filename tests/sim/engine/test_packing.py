"""Packed kernels: what compiled code reads and writes is what Python holds, to the last bit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numba.core.errors import TypingError

from stillage_sim.engine import INTERPRETED, alone, changing, packed
from stillage_sim.engine.cycles import place, turns
from stillage_sim.engine.rows import positive, row, set_row, sum_row


class Inner(NamedTuple):
    table: np.ndarray
    on: bool
    key: np.uint64


class Fixed(NamedTuple):
    materials: tuple[int, ...]
    scale: float
    number: int
    inner: Inner
    flags: np.ndarray
    weights: np.ndarray


@changing
class Moving(NamedTuple):
    grid: np.ndarray
    hits: np.ndarray
    bits: np.ndarray


class Whole(NamedTuple):
    """A bundle of bundles that change."""

    moving: Moving


def fixed() -> Fixed:
    rng = np.random.default_rng(5)
    inner = Inner(rng.random((2, 3, 4)), True, np.uint64(2**63 + 5))
    return Fixed((0, 1, 2), -0.25, -7, inner, np.array([True, False]), rng.random(3))


def moving(replicas: int = 3) -> Moving:
    rng = np.random.default_rng(6)
    grid = rng.normal(size=(replicas, 2, 3))
    return Moving(grid, np.zeros((replicas, 2), np.int64), np.zeros(replicas, np.uint64))


@packed
def mix(given: Fixed, whole: Whole, out: np.ndarray) -> None:
    """Read every kind of field, and write every kind of array."""
    state = whole.moving
    for r in range(out.shape[0]):
        one = alone(whole, r).moving
        one.hits[0, 1] += given.number
        one.bits[0] = given.inner.key + np.uint64(r)
        for a in range(state.grid.shape[1]):
            source, weights = state.grid[r, a], row(given.materials, given.weights)
            kg = row(given.materials, source)
            set_row(source, positive(kg * 2.0 - weights) + (weights - kg) * given.scale)
            out[r] += sum_row(row(given.materials, source))
        if given.inner.on and not given.flags[1]:
            out[r] += given.inner.table[1, 2, 3]
    state.hits[0] = 9


def test_compiled_and_interpreted_agree_to_the_last_bit() -> None:
    given = fixed()
    ours, theirs = moving(), moving()
    out, expected = np.zeros(3), np.zeros(3)
    mix(given, Whole(ours), out)
    plain = mix if INTERPRETED else mix.__wrapped__  # type: ignore[attr-defined]
    plain(given, Whole(theirs), expected)
    for found, wanted in zip((*ours, out), (*theirs, expected), strict=True):
        assert np.array_equal(found, wanted)
    assert ours.hits.tolist() == [[9, 9], [0, -7], [0, -7]]
    assert ours.bits.tolist() == [2**63 + 5, 2**63 + 6, 2**63 + 7]
    assert (ours.grid != moving().grid).all()


def test_a_replica_alone_touches_no_other() -> None:
    state = Whole(moving())
    one = alone(state, 1)
    one.moving.grid[0] = 4.0
    assert (state.moving.grid[1] == 4.0).all()
    assert np.array_equal(state.moving.grid[[0, 2]], moving().grid[[0, 2]])
    assert alone(fixed(), 1).weights.shape == (3,), "what does not change has no replicas"


@pytest.mark.skipif(INTERPRETED, reason="interpreted code has no types")
def test_what_is_frozen_cannot_be_written() -> None:
    @packed
    def spoil(given: Fixed) -> None:
        given.weights[0] = 1.0

    with pytest.raises(TypingError):
        spoil(fixed())


@pytest.mark.skipif(INTERPRETED, reason="interpreted code takes any array")
def test_only_arrays_in_order_are_packed() -> None:
    state = moving()
    with pytest.raises(TypeError, match=r"grid: found strides .*, expected an array in C order"):
        mix(fixed(), Whole(state._replace(grid=state.grid[:, :, ::-1])), np.zeros(3))
    with pytest.raises(TypeError, match="found str, expected arrays, numbers or tuples"):
        mix(fixed()._replace(scale="much"), Whole(state), np.zeros(3))  # type: ignore[arg-type]


@pytest.mark.parametrize(("step", "length"), [(0, 1), (23, 24), (24, 24), (2**62, 7)])
def test_cycles_are_floor_division(step: int, length: int) -> None:
    assert (turns(step, length), place(step, length)) == divmod(step, length)
