"""Check what is about to enter a compiled kernel against the chain that it is for.

Kernels read and write memory without asking how far it goes, so an array of another shape, or a
replica of a world that the perception does not have, would be read from wherever it may lie.
Everything is looked at once, when a kernel is bound, and refused in one line.

>>> check_array("skip", np.zeros(3), (2,), np.bool_)
Traceback (most recent call last):
    ...
stillage.errors.BadInput: skip: found float64 (3,), expected bool (2,)
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from stillage.errors import BadInput
from stillage_sim.chain.arrays import Perception
from stillage_sim.chain.model import ChainModel
from stillage_sim.chain.stages.decide import CompiledPolicy, Rules
from stillage_sim.chain.stages.step import History, States

MOST_REPLICAS = 2**31
"""More than any memory holds; arrays of more are not even tried."""


def check_array(
    where: str, found: Any, shape: tuple[int, ...], dtype: DTypeLike, written: bool = False
) -> None:
    """Raise ``BadInput`` if a value is no array of this shape and type that a kernel can take."""
    wanted = np.dtype(dtype)
    if not isinstance(found, np.ndarray):
        raise BadInput(where, type(found).__name__, f"an array {wanted} {shape}")
    if found.shape != shape or found.dtype != wanted:
        raise BadInput(where, f"{found.dtype} {found.shape}", f"{wanted} {shape}")
    if not found.flags.c_contiguous or not found.flags.aligned:
        raise BadInput(where, f"strides {found.strides}", "an array in C order")
    if written and not found.flags.writeable:
        raise BadInput(where, "an array that cannot be written", "one that can")


def whole_number(where: str, found: Any, least: int = 0, most: int = 2**62) -> int:
    """Return a whole number between two others; ``BadInput`` for anything else.

    >>> whole_number("steps", np.int32(3))
    3
    """
    try:
        number = operator.index(found)
    except TypeError:
        raise BadInput(where, repr(found), "a whole number") from None
    if not least <= number <= most:
        raise BadInput(where, number, f"{least} to {most}")
    return number


def check_states(found: States, wanted: States) -> int:
    """Count the replicas of states; ``wanted`` are states of the same chain without any.

    Raises
    ------
    BadInput
        If they are another chain's, or some of their arrays are of other replicas.
    """
    if not isinstance(found, States):
        raise BadInput("states", type(found).__name__, "States")
    replicas = len(found.chain.step)
    for path, array, like in _pairs("states", found, wanted):
        check_array(path, array, (replicas, *like.shape[1:]), like.dtype, written=True)
    return replicas


def check_history(found: History, wanted: History, replicas: int) -> None:
    """Raise ``BadInput`` if a history is of another chain, or not of these replicas."""
    periods = found.mains.shape[1] if found.mains.ndim == 2 else 0
    for path, array, like in _pairs("history", found, wanted):
        check_array(path, array, (replicas, periods, *like.shape[2:]), like.dtype, written=True)


def check_policy(model: ChainModel, policy: CompiledPolicy) -> None:
    """Raise ``BadInput`` if a policy is of another chain."""
    devices = len(model.devices)
    _check_perception(model, policy.perception)
    _check_rules(model, policy.rules)
    for name in ("reading_j", "reading_s"):
        cost = getattr(policy, name)
        check_array(f"policy.{name}", cost, (devices,), np.float64)
        if not np.isfinite(cost).all() or (cost < 0.0).any():
            raise BadInput(f"policy.{name}", cost.tolist(), "finite, 0 or more")


def _check_perception(model: ChainModel, perception: Perception) -> None:
    """Raise ``BadInput`` unless the shares of all perceptions, outputs and materials are there."""
    where, share = "policy.perception.share", perception.share
    count, materials = len(model.perceived), len(model.materials)
    shape = share.shape if isinstance(share, np.ndarray) and share.ndim == 5 else (0,) * 5
    outputs = [_outputs(model, process.process) for process in model.perceived]
    wanted = (count, *(max(n, 1) for n in shape[1:3]), max(shape[3], *outputs, 1), materials)
    check_array(where, share, wanted, np.float64)


def check_shares(model: ChainModel, perception: Perception) -> None:
    """Raise ``BadInput`` if shares send on more of something than there is.

    It takes longer than all else, so it is for who makes perceptions, not for every binding.
    """
    for q, process in enumerate(model.perceived):
        told = perception.share[q, :, :, : _outputs(model, process.process) - 1]
        if not (told >= 0.0).all() or not (told.sum(2) <= 1.0).all():
            raise BadInput(
                f"policy.perception.share[{q}]", "shares below 0, or more than 1 in all",
                "shares of a mass",
            )  # fmt: skip


def _check_rules(model: ChainModel, rules: Rules) -> None:
    """Raise ``BadInput`` if rules are of another chain."""
    prefer = rules.prefer
    tried = prefer.shape[1] if isinstance(prefer, np.ndarray) and prefer.ndim == 2 else 0
    check_array("policy.rules.prefer", prefer, (len(model.choices), tried), np.int64)
    check_array("policy.rules.level", rules.level, (len(model.markets),), np.int64)
    for name, row in rules.maintenance._asdict().items():
        check_array(f"policy.rules.maintenance.{name}", row, (len(model.machines),), np.float64)


def check_worlds(world: Any, perception: Perception) -> None:
    """Raise ``BadInput`` if a replica perceives with a world that the perception lacks."""
    worlds = perception.share.shape[1]
    if len(perception.share) and len(world) and not 0 <= world.min() <= world.max() < worlds:
        raise BadInput(
            "states.chain.world", f"world {world.max()}", f"one of the perception's {worlds}"
        )


def check_beginning(
    replicas: int, which: Any, numbers: Any, seeds: Any, episodes: Any
) -> tuple[NDArray[Any], ...]:
    """Turn the arguments of an episode's start into arrays (R,); ``BadInput`` for other shapes."""
    found = []
    for where, values, kind in (
        ("which", which, np.bool_), ("replicas", numbers, np.int64), ("seeds", seeds, np.uint64),
        ("episodes", episodes, np.int64),
    ):  # fmt: skip
        array = np.asarray(values)
        if array.shape != (replicas,) or not np.can_cast(array.dtype, kind, "same_kind"):
            raise BadInput(where, f"{array.dtype} {array.shape}", f"{np.dtype(kind)} ({replicas},)")
        found.append(array.astype(kind, copy=False))
    return tuple(found)


def _outputs(model: ChainModel, process: int) -> int:
    first = model.parts.chain.processes.first
    return int(first[process + 1] - first[process])


def _pairs(path: str, found: Any, wanted: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield each array's path, the array found, and the one it is compared with."""
    if isinstance(wanted, np.ndarray):
        yield path, found, wanted
        return
    if type(found) is not type(wanted):
        raise BadInput(path, type(found).__name__, type(wanted).__name__)
    for name in wanted._fields:
        yield from _pairs(f"{path}.{name}", getattr(found, name), getattr(wanted, name))
