"""Draw a Sankey picture as inline SVG: stages side by side, loops led back beside them.

It is laid out along u (the way of goods) and across v, then drawn lying (u to the right) for a
wide page or standing (u down) for a narrow one. Every ribbon is split by material.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from markupsafe import Markup, escape

from stillage.report import words
from stillage_scenarios.chains.report.flows import Link, Node

Point = tuple[float, float]

PALETTE = (
    "#c2602b", "#2f8069", "#4a72bd", "#b58a17", "#8e5ba6", "#8a837b", "#c0507a", "#4f8f2f",
)  # fmt: skip
"""Colours of materials, readable on light and dark; more materials begin again."""

_BAR = 9.0
"""Thickness of a node's bar along u."""

_KAPPA = 0.5523
"""Control points of a cubic that is nearly a quarter circle."""


@dataclass(frozen=True)
class Measures:
    """The lengths of a picture, in its own pixels.

    ``thickest`` is the breadth of the stage that carries most; ``pitch`` from stage to stage;
    ``gap`` between nodes of a stage, ``head`` for a node's label; ``turn`` radius of a loop's
    innermost bend.
    """

    thickest: float
    pitch: float
    gap: float
    head: float
    turn: float = 7.0


_LYING = Measures(thickest=190.0, pitch=128.0, gap=22.0, head=34.0)
STANDING = Measures(thickest=200.0, pitch=96.0, gap=30.0, head=0.0)


@dataclass
class Placed:
    """A node in its place: u of its bar, v of its top, breadth; what is taken of its sides."""

    node: Node
    u: float = 0.0
    v: float = 0.0
    breadth: float = 0.0
    into: float = 0.0
    out: float = 0.0
    column: int = 0
    first: int = 99
    below: bool = False
    raised: int = 0
    passing: bool = False
    taken: dict[str, float] = field(default_factory=lambda: {"in": 0.0, "out": 0.0})


def colour(material: int) -> str:
    """Return the colour of a material by number."""
    return PALETTE[material % len(PALETTE)]


def weight(kilograms: float) -> str:
    """Write kilograms, or tonnes from one on.

    >>> weight(904_247.0), weight(12.3)
    ('904 t', '12.3 kg')
    """
    size = abs(kilograms)
    return f"{words.number(kilograms / 1e3)} t" if size >= 1e3 else f"{words.number(kilograms)} kg"


def sankey(
    name: str, nodes: Sequence[Node], links: Sequence[Link], materials: Sequence[str]
) -> Markup:
    """Draw the picture lying and standing, of which CSS shows the one that fits, and its legend."""
    if not links:
        return Markup("<p>Nothing flowed.</p>")
    said = "; ".join(
        f"{nodes[link.source].name} to {nodes[link.sink].name} {weight(float(link.kg.sum()))}"
        for link in sorted(links, key=lambda link: -float(link.kg.sum()))
    )
    style = (
        f"<style>.{name}-lie{{display:block;max-width:none!important}}"
        f".{name}-stand{{display:none!important}}"
        f"@media (max-width:46rem){{.{name}-lie{{display:none!important}}"
        f".{name}-stand{{display:block!important;max-width:26rem!important;margin:auto}}}}</style>"
    )
    lying = _draw(nodes, links, materials, _LYING, False, f"{name}-lie", said)
    standing = _draw(nodes, links, materials, STANDING, True, f"{name}-stand", said)
    return Markup(style) + lying + standing + legend(materials)  # noqa: S704


def legend(materials: Sequence[str]) -> Markup:
    """Draw the legend: materials and their colours."""
    items = "".join(
        f'<span style="white-space:nowrap;margin-right:1rem"><svg width="11" height="11" '
        f'style="display:inline-block;width:11px;vertical-align:-1px" aria-hidden="true">'
        f'<rect width="11" height="11" rx="3" fill="{colour(n)}"/></svg> {escape(m)}</span> '
        for n, m in enumerate(materials)
    )
    return Markup(f'<p class="note">{items}</p>')  # noqa: S704


def _draw(
    nodes: Sequence[Node],
    links: Sequence[Link],
    materials: Sequence[str],
    measures: Measures,
    stand: bool,
    css: str,
    said: str,
) -> Markup:
    placed, passed, scale = place(nodes, links, measures)
    ribbons, labels, size = _ribbons(placed, passed, links, materials, measures, scale, stand)
    bars = [_bar(each, stand) for each in placed]
    (u0, v0), (u1, v1) = size
    box = (v0, u0, v1 - v0, u1 - u0) if stand else (u0, v0, u1 - u0, v1 - v0)
    letters = 12.5 * max(1.0, (v1 - v0) / 350.0) if stand else 12.5
    names = [_label(each, stand, letters) for each in placed]
    body = "".join([*ribbons, *bars, *names, *labels])
    view = " ".join(f"{value:.0f}" for value in box)
    return Markup(  # noqa: S704
        f'<svg class="{css}" role="img" aria-label="Material flows: {escape(said)}" '
        f'viewBox="{view}" style="width:100%;height:auto" '
        f'font-family="system-ui, sans-serif">{body}</svg>'
    )


def place(
    nodes: Sequence[Node], links: Sequence[Link], measures: Measures
) -> tuple[list[Placed], list[list[Placed]], float]:
    """Place the nodes; return them, the places that each link passes, and pixels a kilogram.

    A link that passes over a stage gets a place of its own there, so that it runs through no
    node. Waste leaves at the top, since loops run back below.
    """
    placed = [Placed(node) for node in nodes]
    for link in links:
        placed[link.source].out += float(link.kg.sum())
        placed[link.sink].into += float(link.kg.sum())
    stages = sorted({node.stage for node in nodes})
    for each in placed:
        each.column = stages.index(each.node.stage)
    for link in links:
        sink = placed[link.sink]
        sink.first = min(sink.first, placed[link.source].column)
    passed = [_passing(placed, link) for link in links]
    every = [*placed, *(each for several in passed for each in several)]
    columns = [[p for p in every if p.column == n] for n in range(len(stages))]
    most = max(sum(max(p.into, p.out) for p in column) for column in columns)
    scale = measures.thickest / most if most else 1.0
    for number, column in enumerate(columns):
        column.sort(key=_rank)
        for each in column:
            each.u = number * measures.pitch
            each.breadth = max(max(each.into, each.out) * scale, 1.5)
            each.below = number == len(columns) - 1 and len(column) > 1
    whole = max(_length(measures, column) for column in columns)
    for column in columns:
        for n, each in enumerate(p for p in column if not p.passing):
            each.raised = n
        waste, rest = ([p for p in column if _waste(p) is kind] for kind in (True, False))
        for group, top in ((waste, 0.0), (rest, whole - _length(measures, rest))):
            for n, each in enumerate(group):
                each.v = top + _length(measures, group[: n + 1]) - each.breadth
    return placed, passed, scale


def _length(measures: Measures, column: Sequence[Placed]) -> float:
    """Measure from the top of a column's first node to the bottom of its last."""
    rooms = (_above(measures, *pair) for pair in pairwise(column))
    return sum(rooms, sum(each.breadth for each in column))


def _above(measures: Measures, before: Placed, each: Placed) -> float:
    """Measure the room above a node, or above a link that only passes.

    Names that stand side by side below their bars need room for their letters.
    """
    if measures.head or not each.below:
        return measures.gap + (0.0 if each.passing and not _waste(each) else measures.head)
    letters = len(before.node.name) + len(each.node.name)
    return max(measures.gap, 4.6 * letters + 8.0 - (before.breadth + each.breadth) / 2.0)


def _waste(each: Placed) -> bool:
    return each.node.kind == "disposal"


def _rank(each: Placed) -> tuple[bool, float, float]:
    """Rank a column: waste at the top, the earliest first; the largest others at the bottom."""
    size = max(each.into, each.out)
    return (False, each.first, size) if _waste(each) else (True, not each.passing, size)


def _passing(placed: Sequence[Placed], link: Link) -> list[Placed]:
    """Make places in the stages between a link's ends; none for a loop."""
    source, sink = placed[link.source], placed[link.sink]
    kg = float(link.kg.sum())
    return [
        Placed(sink.node, into=kg, out=kg, column=column, first=sink.first, passing=True)
        for column in range(source.column + 1, sink.column)
    ]


def _ribbons(
    placed: Sequence[Placed],
    passed: Sequence[Sequence[Placed]],
    links: Sequence[Link],
    materials: Sequence[str],
    measures: Measures,
    scale: float,
    stand: bool,
) -> tuple[list[str], list[str], tuple[Point, Point]]:
    """Draw ribbons and labels of loops, and measure the corners of the picture."""
    through = {id(link): several for link, several in zip(links, passed, strict=True)}
    order = sorted(links, key=lambda link: (placed[link.sink].v, placed[link.sink].u))
    starts: dict[int, float] = {}
    for link in sorted(order, key=lambda link: _leaves(placed, link, through[id(link)])):
        starts[id(link)] = placed[link.source].taken["out"]
        placed[link.source].taken["out"] += float(link.kg.sum()) * scale
    ends: dict[int, float] = {}
    for link in sorted(order, key=lambda link: _arrives(placed, link, through[id(link)])):
        ends[id(link)] = placed[link.sink].taken["in"]
        placed[link.sink].taken["in"] += float(link.kg.sum()) * scale
    bottom = max(p.v + p.breadth for p in placed) + (12.0 if stand else 20.0)
    right = max(p.u for p in placed) + _BAR
    left = min(p.u for p in placed)
    ribbons, labels = [], []
    loops = [link for link in order if placed[link.sink].column <= placed[link.source].column]
    for link in sorted(order, key=lambda link: -float(link.kg.sum())):
        if link in loops:
            continue
        ribbons.append(
            _forward(placed, link, through[id(link)], materials, starts, ends, scale, stand)
        )
    for link in sorted(loops, key=lambda link: float(link.kg.sum())):
        breadth = float(link.kg.sum()) * scale
        path, label = _loop(
            placed, link, materials, starts, ends, scale, stand, bottom, measures.turn
        )
        ribbons.append(path)
        labels.append(label)
        right = max(right, placed[link.source].u + _BAR + 6.0 + breadth + measures.turn)
        left = min(left, placed[link.sink].u - 6.0 - breadth - measures.turn)
        bottom += breadth + (10.0 if stand else 8.0)
    top = min(each.v for each in (*placed, *itertools.chain(*passed)))
    wide = [_extent(each) for each in placed]
    if stand:  # names stand above and below bars, along v
        larger = max(1.0, (bottom - top) / 330.0)
        low = min(top - 8.0, *(e.v + e.breadth / 2.0 - half * larger for e, half in wide))
        high = max(bottom, *(e.v + e.breadth / 2.0 + half * larger for e, half in wide))
        rows = max((each.raised for each in placed if each.below), default=0)
        foot = (36.0 + 28.0 * (rows if larger > 1.2 else 0)) * larger
        return ribbons, labels, ((left - 22.0 * larger, low), (right + foot, high + 6.0))
    left = min(left, *(each.u + _BAR / 2.0 - half for each, half in wide))
    right = max(right, *(each.u + _BAR / 2.0 + half for each, half in wide))
    return ribbons, labels, ((left, top - 36.0), (right, bottom + 4.0))


def _extent(each: Placed) -> tuple[Placed, float]:
    """Estimate half the breadth of a node's label, by its letters."""
    letters = len(each.node.name)
    return each, 4.2 * max(letters, 6) + 6.0


def _leaves(placed: Sequence[Placed], link: Link, through: Sequence[Placed]) -> tuple[bool, float]:
    """Order what leaves a node: loops below all that goes on, the rest by where it goes next."""
    back = placed[link.sink].column <= placed[link.source].column
    return back, (through[0] if through else placed[link.sink]).v


def _arrives(placed: Sequence[Placed], link: Link, through: Sequence[Placed]) -> tuple[bool, float]:
    back = placed[link.sink].column <= placed[link.source].column
    return back, (through[-1] if through else placed[link.source]).v


def _xy(point: Point, stand: bool) -> str:
    u, v = point
    return f"{v:.1f},{u:.1f}" if stand else f"{u:.1f},{v:.1f}"


def _path(points: Sequence[tuple[str, Sequence[Point]]], stand: bool) -> str:
    return "".join(
        letter + " ".join(_xy(point, stand) for point in several) for letter, several in points
    )


def _title(placed: Sequence[Placed], link: Link, name: str, kilograms: float) -> str:
    ends = f"{placed[link.source].node.name} to {placed[link.sink].node.name}"
    return f"<title>{escape(ends)}: {escape(name)} {weight(kilograms)}</title>"


def _bands(link: Link, scale: float) -> list[tuple[int, float, float]]:
    """List material, offset and breadth of each band that can be seen."""
    found, offset = [], 0.0
    for m, kg in enumerate(np.asarray(link.kg, np.float64)):
        if kg * scale > 0.02:
            found.append((m, offset, float(kg) * scale))
        offset += float(kg) * scale
    return found


def _forward(
    placed: Sequence[Placed],
    link: Link,
    through: Sequence[Placed],
    materials: Sequence[str],
    starts: dict[int, float],
    ends: dict[int, float],
    scale: float,
    stand: bool,
) -> str:
    source, sink, found = placed[link.source], placed[link.sink], []
    for m, offset, breadth in _bands(link, scale):
        stops = [(source.u + _BAR, source.v + starts[id(link)] + offset)]
        for each in through:
            stops += [(each.u, each.v + offset), (each.u + _BAR, each.v + offset)]
        stops.append((sink.u, sink.v + ends[id(link)] + offset))
        lower = [(u, v + breadth) for u, v in reversed(stops)]
        points = [("M", stops[:1]), *_waves(stops), ("L", lower[:1]), *_waves(lower)]
        title = _title(placed, link, materials[m], float(link.kg[m]))
        found.append(
            f'<path d="{_path(points, stand)}Z" fill="{colour(m)}" fill-opacity=".62">'
            f"{title}</path>"
        )
    return "".join(found)


def _waves(stops: Sequence[Point]) -> list[tuple[str, Sequence[Point]]]:
    """Draw curves from stop to stop, level at each."""
    found: list[tuple[str, Sequence[Point]]] = []
    for (a, v), (b, w) in pairwise(stops):
        middle = (a + b) / 2.0
        found.append(("C", [(middle, v), (middle, w), (b, w)]))
    return found


def _loop(
    placed: Sequence[Placed],
    link: Link,
    materials: Sequence[str],
    starts: dict[int, float],
    ends: dict[int, float],
    scale: float,
    stand: bool,
    bottom: float,
    turn: float,
) -> tuple[str, str]:
    """Draw a ribbon that leaves, turns, runs back under the picture and turns in; and its label."""
    source, sink = placed[link.source], placed[link.sink]
    whole = float(link.kg.sum()) * scale
    top, end = source.v + starts[id(link)], sink.v + ends[id(link)]
    a, b, found = source.u + _BAR + 6.0, sink.u - 6.0, []
    for m, offset, breadth in _bands(link, scale):
        o = offset + breadth / 2.0
        r = whole - o + turn
        k = r * _KAPPA
        c1, c2, c4 = top + whole + turn, bottom - turn, end + whole + turn
        points: list[tuple[str, Sequence[Point]]] = [
            ("M", [(source.u + _BAR, top + o)]),
            ("L", [(a, top + o)]),
            ("C", [(a + k, top + o), (a + r, c1 - k), (a + r, c1)]),
            ("L", [(a + r, c2)]),
            ("C", [(a + r, c2 + k), (a + k, c2 + r), (a, c2 + r)]),
            ("L", [(b, c2 + r)]),
            ("C", [(b - k, c2 + r), (b - r, c2 + k), (b - r, c2)]),
            ("L", [(b - r, c4)]),
            ("C", [(b - r, c4 - k), (b - k, end + o), (b, end + o)]),
            ("L", [(sink.u, end + o)]),
        ]
        title = _title(placed, link, materials[m], float(link.kg[m]))
        found.append(
            f'<path d="{_path(points, stand)}" fill="none" stroke="{colour(m)}" '
            f'stroke-opacity=".62" stroke-width="{breadth:.2f}">{title}</path>'
        )
    at = ((a + b) / 2.0, bottom + whole / 2.0)
    return "".join(found), _text(at, weight(float(link.kg.sum())), stand, turned=stand)


def _text(at: Point, text: str, stand: bool, turned: bool = False) -> str:
    x, y = (at[1], at[0]) if stand else at
    turn = f' transform="rotate(90 {x:.1f} {y:.1f})"' if turned else ""
    return (
        f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle" font-size="12" '
        f'font-weight="600" fill="var(--ink)"{turn} paint-order="stroke" stroke="var(--card)" '
        f'stroke-width="3">{escape(text)}</text>'
    )


def _bar(each: Placed, stand: bool) -> str:
    x, y, w, h = each.u, each.v, _BAR, each.breadth
    if stand:
        x, y, w, h = y, x, h, w
    told = f"{escape(each.node.name)} {weight(max(each.into, each.out))}"
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="2" '
        f'fill="var(--ink)"><title>{told}</title></rect>'
    )


def _label(each: Placed, stand: bool, letters: float) -> str:
    name, told = escape(each.node.name), weight(max(each.into, each.out))
    line = 1.12 * letters
    x, y = each.u + _BAR / 2.0, each.v - 7.0 - line
    if stand:
        x, y = each.v + each.breadth / 2.0, each.u - 5.0 - each.raised * line
        below = each.u + _BAR + line * (1 + 2 * each.raised * (letters > 15.0))
        y = below if each.below else y
    second = "" if stand and not each.below else f'x="{x:.1f}" dy="{line:.1f}" '
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" font-size="{letters:.1f}" '
        f'fill="var(--ink)" paint-order="stroke" stroke="var(--card)" stroke-width="3" '
        f'stroke-linejoin="round"><tspan font-weight="600">{name}</tspan> '
        f'<tspan {second}fill="var(--muted)">{told}</tspan></text>'
    )
