"""The promises of augmentations: same draws, same motion, in every modality of a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from stillage.sensing.augment import REACH
from stillage.testing.motion import Motion, motion
from stillage.testing.results import demand
from stillage.testing.samples import SAMPLES, view_of

if TYPE_CHECKING:
    from stillage.testing.prepare import Case


def augments_view_zero_not(case: Case) -> None:
    """augment() leaves view 0 as it is."""
    prepared = case.prepared()
    demand(
        bool(torch.equal(case.modality.augment(prepared.clone(), view_of(0)), prepared)),
        "view 0 differs",
        "no `if view.identity: return prepared`",
    )


def augments_in_shape(case: Case) -> None:
    """augment() keeps shape and dtype, and leaves its input alone."""
    prepared = case.prepared()
    kept = prepared.clone()
    augmented = case.modality.augment(prepared, view_of(1))
    demand(
        augmented.shape == prepared.shape and augmented.dtype == prepared.dtype,
        f"{augmented.dtype} {tuple(augmented.shape)} from {prepared.dtype} {tuple(kept.shape)}",
        "a crop without padding, or a float64 draw; View.uniform gives float64",
    )
    demand(bool(augmented.isfinite().all()), "NaN or infinity", "a scale that can be zero")
    demand(bool(torch.equal(prepared, kept)), "the input was changed", "an operation in place")


def augments_empty_batch(case: Case) -> None:
    """augment() takes an empty batch."""
    prepared = case.prepared()[:0]
    augmented = case.modality.augment(prepared, view_of(1, SAMPLES[:0]))
    demand(
        augmented.shape == prepared.shape,
        f"shape {tuple(augmented.shape)} from {tuple(prepared.shape)}",
        "a statistic or a stack over no samples",
    )


def augments_consistently(case: Case) -> None:
    """augment() draws from the view alone: the same sample, in any batch, looks the same."""
    prepared, order = case.prepared(), np.array([2, 0, 3, 1])
    whole = case.modality.augment(prepared.clone(), view_of(1))
    torch.rand(3)
    again = case.modality.augment(prepared[order].clone(), view_of(1, SAMPLES[order]))
    single = case.modality.augment(prepared[1:2].clone(), view_of(1, SAMPLES[1:2]))
    demand(
        bool(torch.allclose(whole[order], again, atol=1e-6))
        and bool(torch.allclose(whole[1:2], single, atol=1e-6)),
        "the augmented sample depends on its batch or on when it was made",
        "a draw from torch or numpy; draw from view.uniform(name, ...) only, else paired"
        " modalities fall apart and a bank of views is worth nothing",
    )


def moves_by_shared_draws(case: Case) -> None:
    """augment() moves samples in space and time by flip, shift and time alone."""
    found = motion(case.modality, case.prepared(), SAMPLES)
    far = found.far()
    demand(
        not far,
        f"prepared axis {', '.join(map(str, far))} moves while flip, shift and time stand still",
        "a flip, crop or time shift drawn under a name of its own, or by view.seed; paired"
        ' modalities share view.uniform("flip", 2), ("shift", 2) and ("time", 1)',
    )


def moves_like_paired_cameras(case: Case) -> None:
    """augment() flips, shifts and moves in time as every other modality of the sample does."""
    prepared = case.prepared()

    def seen(**given: tuple[float, ...]) -> Motion:
        return motion(case.modality, prepared, SAMPLES, **given)

    asked = seen().asked
    mirrored = []
    if "flip" in asked:
        mirrored = [_mirrored(seen(flip=(0.1, 0.9))), _mirrored(seen(flip=(0.9, 0.1)))]
        _demand_order(mirrored, "flip", prepared)
    if "shift" in asked:
        moved = [_moved(seen(shift=(0.99, 0.5)), "shift"), _moved(seen(shift=(0.5, 0.99)), "shift")]
        _demand_order(moved, "shift", prepared)
        if mirrored and mirrored[1] is not None and moved[1] is not None:
            both = seen(flip=(0.9, 0.1), shift=(0.5, 0.99))
            start, end, size = both.axis(mirrored[1])
            off = np.abs(end - (size - 1 - start + _offset(size))).max(initial=0)
            demand(off <= _slack(size), "flip and shift combine otherwise", "a shift before a flip")
    if "time" in asked:
        _moved(seen(time=(0.99,)), "time")


def _offset(size: int) -> int:
    return int(np.rint(0.98 * REACH * size))


def _slack(size: int) -> float:
    return 0.03 * size + (1.0 if size >= 16 else 0.0)


def _mirrored(found: Motion) -> int | None:
    """Find the one axis that a flip mirrors, if any."""
    axes = []
    for number in range(len(found.sizes)):
        start, end, size = found.axis(number)
        if size < 2 or not len(start) or bool((start == end).all()):
            continue
        still = np.abs(end - start).max() <= _slack(size)
        mirror = np.abs(end - (size - 1 - start)).max() <= _slack(size)
        if still and size >= 16:
            continue
        demand(
            bool(mirror),
            f"a flip does not mirror prepared axis {number}",
            "a rotation or a transposition drawn as a flip",
        )
        axes.append(number)
    demand(len(axes) < 2, f"one flip mirrors axes {axes}", 'one draw for both; take ("flip", 2)')
    return axes[0] if axes else None


def _moved(found: Motion, name: str) -> int | None:
    """Find the one axis that a shift moves, if any, by REACH of its size."""
    axes = []
    for number in range(len(found.sizes)):
        start, end, size = found.axis(number)
        if not len(start) or np.abs(end - start).max() <= _slack(size) / 2:
            continue
        moves = end != start  # statistics kept beside the samples stand still
        start, end = start[moves], end[moves]
        off = np.abs(end - start - _offset(size)).max()
        demand(
            off <= _slack(size),
            f"a {name} of 0.99 moves prepared axis {number} by {int(np.median(end - start))} of"
            f" {size}, not by {_offset(size)}",
            "another reach or direction than stillage.sensing.augment.move_frames has",
        )
        axes.append(number)
    demand(len(axes) < 2, f"one {name} moves axes {axes}", f"one {name} draw for two axes")
    return axes[0] if axes else None


def _demand_order(axes: list[int | None], name: str, prepared: Tensor) -> None:
    """Demand that the first draw is of the height, the second of the width, a later axis."""
    first, second = axes
    last = max((k for k, size in enumerate(prepared.shape[1:]) if size > 4), default=-1)
    swapped = first is not None and first >= (last if second is None else second)
    demand(
        not swapped,
        f"the first {name} draw moves prepared axis {first}, the second {second}",
        f'the draws taken the wrong way round; of view.uniform("{name}", 2), 0 is for the'
        " height and 1 for the width",
    )


AUGMENT_CHECKS = (
    augments_view_zero_not,
    augments_in_shape,
    augments_empty_batch,
    augments_consistently,
    moves_by_shared_draws,
    moves_like_paired_cameras,
)
