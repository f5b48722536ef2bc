"""Lay paths of arrows between boxes: smooth where the way is free, around what stands in it.

>>> boxes = [Box(0, 0, 10, 10), Box(100, 0, 10, 10)]
>>> (path,) = paths(boxes, [(0, 1, False)], 50.0)
>>> path.points[0], path.points[-1], path.middle
((10.0, 5.0), (100.0, 5.0), (55.0, 5.0))
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Sequence
from typing import NamedTuple

Point = tuple[float, float]
Ends = tuple[int, int, bool]
"""Numbers of the boxes where a path begins and ends, and whether it goes back to the start."""

CLEAR, LANE, BEND = 13.0, 11.0, 14.0
"""Pixels: beside a box that is passed, between two paths side by side, radius of a bend."""

_LEVEL = {"left": (-1.0, 0.0), "right": (1.0, 0.0)}
UPRIGHT = {"top": (0.0, -1.0), "bottom": (0.0, 1.0)}


class Box(NamedTuple):
    """A rectangle in pixels."""

    x: float
    y: float
    w: float
    h: float


class Path(NamedTuple):
    """Points from one box's side to another's, and where there is room for words."""

    points: list[Point]
    middle: Point


def paths(
    boxes: Sequence[Box], ends: Sequence[Ends], corridor: float, lower: Collection[int] = ()
) -> list[Path]:
    """Lay a path for each pair of boxes.

    Boxes of the ``lower`` band are reached from above; paths that go back from there run along
    the height ``corridor``.
    """
    sides = [_sides(boxes, *each, lower) for each in ends]
    taken: dict[Point, int] = {}
    ports = _ports(boxes, ends, sides)
    around, beside = itertools.count(), itertools.count()
    found = []
    for n, (one, two, _) in enumerate(ends):
        a, b = ports[n, False], ports[n, True]
        how = sides[n]
        if how[0] == "around":
            found.append(_around(a, b, how[1], corridor - LANE * 0.6 * next(around)))
        elif how == ("right", "right"):
            out = max(boxes[one].x + boxes[one].w, boxes[two].x + boxes[two].w)
            x = out + CLEAR + LANE * next(beside)
            found.append(_cornered([a, (x, a[1]), (x, b[1]), b], 1))
        elif how[0] in _LEVEL:
            found.append(_passing(boxes, one, two, a, b, taken))
        else:
            points = _bezier(a, b, upright=True)
            found.append(Path(points, points[len(points) // 2]))
    return found


def _overlap(a: Box, b: Box) -> bool:
    """Tell whether two boxes stand in the same column."""
    return a.x < b.x + b.w and b.x < a.x + a.w


def _between(boxes: Sequence[Box], a: Box, b: Box) -> bool:
    """Tell whether a third box stands between two of the same column."""
    top, low = sorted((a, b), key=lambda box: box.y)
    return any(_overlap(a, box) and top.y < box.y < low.y for box in boxes if box not in (a, b))


def _sides(
    boxes: Sequence[Box], one: int, two: int, back: bool, lower: Collection[int]
) -> tuple[str, str]:
    """Choose the sides of the two boxes between which a path runs."""
    a, b = boxes[one], boxes[two]
    rises, falls = one in lower and two not in lower, two in lower and one not in lower
    if back and rises:
        x = b.x + b.w / 2
        blocked = any(box.x <= x <= box.x + box.w and box.y > b.y + b.h for box in boxes)
        return "around", "left" if blocked else "bottom"
    if _overlap(a, b):
        if _between(boxes, a, b):
            return "right", "right"
        return ("bottom", "top") if b.y > a.y else ("top", "bottom")
    if falls or rises:
        return ("bottom", "top") if falls else ("top", "bottom")
    return ("right", "left") if b.x > a.x else ("left", "right")


def _ports(
    boxes: Sequence[Box], ends: Sequence[Ends], sides: Sequence[tuple[str, str]]
) -> dict[tuple[int, bool], Point]:
    """Place where each path (number, whether its end) touches its box: spread along a side."""
    at: dict[tuple[int, str], list[tuple[float, int, bool]]] = {}
    for n, (one, two, _) in enumerate(ends):
        out, into = sides[n]
        out = "bottom" if out == "around" else out
        a, b = boxes[one], boxes[two]
        at.setdefault((one, out), []).append((b.y + b.h / 2 if out in _LEVEL else b.x, n, False))
        at.setdefault((two, into), []).append((a.y + a.h / 2 if into in _LEVEL else a.x, n, True))
    found = {}
    for (number, side), touching in at.items():
        box = boxes[number]
        for place, (_, n, end) in enumerate(sorted(touching)):
            share = (place + 1) / (len(touching) + 1)
            if side in _LEVEL:
                found[n, end] = (float(box.x + (side == "right") * box.w), box.y + share * box.h)
            else:
                found[n, end] = (box.x + share * box.w, float(box.y + (side == "bottom") * box.h))
    return found


def _bezier(a: Point, b: Point, upright: bool, count: int = 24) -> list[Point]:
    """Draw a curve of ``count`` + 1 points that leaves a and reaches b level, or upright."""
    half = ((b[1] if upright else b[0]) - (a[1] if upright else a[0])) / 2
    c = (a[0], a[1] + half) if upright else (a[0] + half, a[1])
    d = (b[0], b[1] - half) if upright else (b[0] - half, b[1])
    points = []
    for n in range(count + 1):
        t = n / count
        w = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3)
        points.append((
            w[0] * a[0] + w[1] * c[0] + w[2] * d[0] + w[3] * b[0],
            w[0] * a[1] + w[1] * c[1] + w[2] * d[1] + w[3] * b[1],
        ))  # fmt: skip
    return points


def _passing(
    boxes: Sequence[Box], one: int, two: int, a: Point, b: Point, taken: dict[Point, int]
) -> Path:
    """Draw a level curve that passes above or below the boxes which stand in its way.

    ``taken`` counts the paths that pass at a height already, so that they keep apart.
    """
    low, high = sorted((a[0], b[0]))
    columns: dict[float, list[Box]] = {}
    for n, box in enumerate(boxes):
        if n not in (one, two) and low < box.x and box.x + box.w < high:
            columns.setdefault(box.x, []).append(box)
    stops = [a]
    for x in sorted(columns, reverse=a[0] > b[0]):
        column = columns[x]
        wide = column[0].w
        straight = a[1] + (b[1] - a[1]) * (x + wide / 2 - a[0]) / (b[0] - a[0])
        free = [straight] + [y for box in column for y in (box.y - CLEAR, box.y + box.h + CLEAR)]
        free = [
            y for y in free
            if not any(box.y - CLEAR < y < box.y + box.h + CLEAR for box in column)
        ]  # fmt: skip
        y = min(free, key=lambda y: abs(y - straight))
        if y != straight:
            away = -1.0 if any(box.y - CLEAR == y for box in column) else 1.0
            nth = taken[x, y] = taken.get((x, y), -1) + 1
            y += away * nth * LANE * 0.7
            edges = (x - CLEAR / 2, x + wide + CLEAR / 2)
            stops += [(edge, y) for edge in (edges if a[0] < b[0] else edges[::-1])]
    stops.append(b)
    points = [a]
    for start, end in itertools.pairwise(stops):
        points += _bezier(start, end, upright=False)[1:]
    if len(stops) == 2:
        return Path(points, points[len(points) // 2])
    return Path(points, ((stops[-2][0] + b[0]) / 2, (stops[-2][1] + b[1]) / 2))


def _around(a: Point, b: Point, into: str, corridor: float) -> Path:
    """Go down from a, along the corridor, and up to b: into its bottom, or its left side."""
    if into == "bottom":
        return _cornered([a, (a[0], corridor), (b[0], corridor), b], 1)
    x = b[0] - CLEAR - 4
    return _cornered([a, (a[0], corridor), (x, corridor), (x, b[1]), b], 1)


def _cornered(corners: list[Point], label: int) -> Path:
    """Round the corners of a path; words stand amid the leg that begins at corner ``label``."""
    points = [corners[0]]
    for before, at, after in zip(corners, corners[1:], corners[2:], strict=False):
        near = [_towards(at, other, BEND) for other in (before, after)]
        for n in range(9):
            t = n / 8
            w = ((1 - t) ** 2, 2 * t * (1 - t), t**2)
            points.append((
                w[0] * near[0][0] + w[1] * at[0] + w[2] * near[1][0],
                w[0] * near[0][1] + w[1] * at[1] + w[2] * near[1][1],
            ))  # fmt: skip
    one, two = corners[label], corners[label + 1]
    return Path([*points, corners[-1]], ((one[0] + two[0]) / 2, (one[1] + two[1]) / 2))


def _towards(a: Point, b: Point, by: float) -> Point:
    """Return the point ``by`` pixels from a towards b, at most half-way."""
    size = math.dist(a, b)
    share = min(by / size, 0.5) if size > 0.0 else 0.0
    return a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])


def arrow(points: list[Point], tip: float) -> tuple[list[Point], list[Point]]:
    """Split a path into its line, less the last ``tip`` pixels, and the triangle of its head."""
    end = points[-1]
    line = [point for point in points[:-1] if math.dist(point, end) > tip]
    line = line or [points[0]]
    size = math.dist(line[-1], end) or 1.0
    along = ((end[0] - line[-1][0]) / size, (end[1] - line[-1][1]) / size)
    base = (end[0] - along[0] * tip, end[1] - along[1] * tip)
    side = (-along[1] * tip * 0.72, along[0] * tip * 0.72)
    head = [end, (base[0] + side[0], base[1] + side[1]), (base[0] - side[0], base[1] - side[1])]
    return [*line, (base[0] + along[0], base[1] + along[1])], head


def ribbon(points: list[Point], width: float) -> list[Point]:
    """Outline a line of this width.

    >>> ribbon([(0.0, 0.0), (4.0, 0.0)], 2.0)
    [(0.0, 1.0), (4.0, 1.0), (4.0, -1.0), (0.0, -1.0)]
    """
    left, right = [], []
    for n, (x, y) in enumerate(points):
        a, b = points[max(n - 1, 0)], points[min(n + 1, len(points) - 1)]
        size = math.dist(a, b) or 1.0
        across = ((a[1] - b[1]) / size * width / 2, (b[0] - a[0]) / size * width / 2)
        left.append((x + across[0], y + across[1]))
        right.append((x - across[0], y - across[1]))
    return left + right[::-1]
