"""Draw a chain: its nodes with stocks, queues, machines and batteries, and the flows.

Pillow draws twice as large and halves, which smooths the edges; the text is DejaVu Sans, which
comes with matplotlib. Arrows are as wide as their mean flow since the episode began.
"""

from __future__ import annotations

import functools
import importlib.util
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from stillage_scenarios.chains.observing import Sight, sight_of
from stillage_scenarios.chains.picture.layout import (
    FOOT_H,
    HEAD_H,
    LINE_H,
    TITLE_H,
    Card,
    Link,
    Network,
    network,
)
from stillage_scenarios.chains.picture.paths import Box, arrow, ribbon
from stillage_sim.chain.arrays import AVOIDED, OPERATOR
from stillage_sim.chain.model import ChainModel
from stillage_sim.chain.stages.step import States
from stillage_sim.devices.power import BATTERY
from stillage_sim.machines.arrays import MAINTENANCE, PLANNED, REPAIR, WAITING

SCALE = 2
PAPER, INK, PALE, RULE, WHITE = "#faf9f6", "#2d3036", "#7b7f86", "#d9d6cf", "#ffffff"
KINDS = {
    "collection": "#4c78a8", "sorting": "#3f8f8a", "disassembly": "#6a9f58",
    "refurbishing": "#6a9f58", "remanufacturing": "#6a9f58", "recycling": "#54a24b",
    "manufacturing": "#b279a2", "virgin": "#9d755d", "market": "#f58518", "use": "#e0a82e",
    "disposal": "#82807c", "outlet": "#82807c",
}  # fmt: skip
FLOWS = {
    "recovered": ("#54a24b", "recovered"), "goods": ("#c98a4b", "goods"),
    "return": ("#4c78a8", "returns"), "virgin": ("#9d755d", "virgin"),
    "waste": ("#a5a29b", "waste"),
}  # fmt: skip
MODES = {
    "works": "#3d9a4c", "slow": "#a6c34c", "waits": "#f2b134", "repaired": "#e45756",
    "maintained": "#4c78a8",
}  # fmt: skip
WIDEST, THINNEST = 15.0, 1.4


@functools.lru_cache(maxsize=16)
def font(size: int, bold: bool = False) -> Any:
    """Load a font of this many pixels; Pillow's own where matplotlib's is not to be found."""
    found = importlib.util.find_spec("matplotlib")
    folder = Path(str(found.origin)).parent if found else Path()
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    try:
        return ImageFont.truetype(str(folder / "mpl-data/fonts/ttf" / name), size * SCALE)
    except OSError:
        return ImageFont.load_default(size * SCALE)


class Canvas:
    """A Pillow drawing in pixels of the finished picture."""

    def __init__(self, width: int, height: int) -> None:
        self.image = Image.new("RGB", (width * SCALE, height * SCALE), PAPER)
        self.draw = ImageDraw.Draw(self.image)

    def rect(self, box: Box, ink: str, edge: str | None = None, radius: float = 0.0) -> None:
        """Draw a filled rectangle, rounded by ``radius``."""
        corners = [v * SCALE for v in (box.x, box.y, box.x + box.w, box.y + box.h)]
        self.draw.rounded_rectangle(corners, radius * SCALE, ink, edge, SCALE)

    def dot(self, x: float, y: float, r: float, ink: str) -> None:
        """Draw a filled circle."""
        self.draw.ellipse([v * SCALE for v in (x - r, y - r, x + r, y + r)], ink)

    def line(self, points: list[tuple[float, float]], width: float, ink: str) -> None:
        """Draw a line with round joints."""
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self.draw.line(scaled, ink, max(round(width * SCALE), 1), "curve")

    def polygon(self, points: list[tuple[float, float]], ink: str) -> None:
        """Draw a filled polygon."""
        self.draw.polygon([(x * SCALE, y * SCALE) for x, y in points], ink)

    def text(
        self, x: float, y: float, words: str, size: int = 11, ink: str = INK,
        anchor: str = "lm", bold: bool = False, most: float = 0.0,
    ) -> None:  # fmt: skip
        """Write words at a point; cut to ``most`` pixels where that is given."""
        kind = font(size, bold)
        while most and len(words) > 2 and kind.getlength(words) > most * SCALE:
            words = words[:-2] + "…"
        self.draw.text((x * SCALE, y * SCALE), words, ink, kind, anchor)

    def length(self, words: str, size: int) -> float:
        """Measure the width of words in pixels."""
        return float(font(size).getlength(words)) / SCALE

    def pixels(self) -> NDArray[np.uint8]:
        """Return the picture, halved."""
        return np.asarray(self.image.reduce(SCALE), np.uint8)


def weight(kg: float) -> str:
    """Write a mass that is read at a glance.

    >>> weight(950.0), weight(-12340.0), weight(3.2e9), weight(0.004)
    ('950 kg', '-12.3 t', '3.2 Mt', '4 g')
    """
    size = abs(kg)
    steps = ((1e9, "Mt"), (1e6, "kt"), (1e3, "t"), (1.0, "kg"))
    for unit, name in steps:
        if size >= 0.9995 * unit:
            value = kg / unit
            return (
                f"{value:.0f} {name}"
                if abs(value) >= 99.5 or unit == 1.0
                else (f"{value:.1f} {name}")
            )
    return f"{kg * 1000:.0f} g" if size >= 5e-4 else "0 kg"


def euros(eur: float) -> str:
    """Write an amount with its sign, rounded to what matters.

    >>> euros(1234567.0), euros(-56789.0), euros(12.3)
    ('+1.23 M€', '-56.8 k€', '+12 €')
    """
    for unit, name, digits in ((1e6, "M€", 2), (1e3, "k€", 1)):
        if abs(eur) >= unit:
            return f"{eur / unit:+.{digits}f} {name}"
    return f"{eur:+.0f} €"


class Sheet(NamedTuple):
    """A sheet holds what all pictures of a chain have in common."""

    model: ChainModel
    net: Network
    sight: Sight


def sheet(model: ChainModel) -> Sheet:
    """Make a chain's sheet: its layout, and the references of its bars."""
    return Sheet(model, network(model), sight_of(model))


class PictureState:
    """The state that a picture shows: one replica of a chain."""

    def __init__(self, sheet: Sheet, states: States, r: int) -> None:
        self.states, self.r = states, r
        self.model, self.net, self.sight = model, _, sight = sheet
        self.share_of = dict(zip(sight.account.tolist(), sight.reference.tolist(), strict=True))
        self.mass = states.chain.mass[r].sum(1)
        self.flow = states.chain.flow[r].sum(1)
        hours = int(states.chain.step[r]) * model.parts.chain.step_h
        self.hours = hours
        self.days = max(hours, model.parts.chain.step_h) / 24.0

    def share(self, account: int) -> float:
        """Compute how full an account is, 0..1."""
        room = self.model.accounts[account].room
        kg = max(float(self.mass[account]), 0.0)
        if math.isfinite(room):
            return min(kg / room, 1.0) if room > 0.0 else 1.0
        return kg / (kg + float(self.share_of.get(account, 1.0)))

    def sharing(self, link: Link) -> int:
        """Count the links that draw from the same supply of virgin material as this one."""
        supplies = [set(one.virgin) for one in self.net.links if one.kind == "virgin"]
        return sum(bool(each & set(link.virgin)) for each in supplies)

    def per_day(self, link: Link) -> float:
        """Compute the kilograms a day that a link carried since the episode began.

        Virgin material that several draw is shown in equal parts.
        """
        drawn = sum(max(-float(self.mass[account]), 0.0) for account in set(link.virgin))
        drawn /= max(self.sharing(link), 1)
        return (float(self.flow[link.ways].sum()) + drawn) / self.days

    def waits(self, link: Link) -> bool:
        """Tell whether all its processes are alternatives not chosen in the last step."""
        processes, route = self.model.parts.chain.processes, self.states.chain.route[self.r]
        choice = [(int(processes.route[p]), int(processes.alternative[p])) for p in link.processes]
        return bool(choice) and all(g >= 0 and route[g] != n for g, n in choice)

    def mode(self, k: int) -> str:
        """Name what machine k does, a key of ``MODES``."""
        state = self.states.machines
        mode = int(state.mode[self.r, k])
        if mode in (PLANNED, WAITING):
            return "waits"
        if mode in (REPAIR, MAINTENANCE):
            return "repaired" if mode == REPAIR else "maintained"
        return "slow" if state.speed[self.r, k] < 0.95 else "works"

    def charge(self, d: int) -> float:
        """Compute the charge of device d's battery, 0..1; 1 on the mains."""
        devices = self.model.parts.devices
        if devices.mains[d] == 1 or devices.capacity[d] <= 0.0:
            return float(devices.mains[d])
        return float(self.states.devices.energy[self.r, BATTERY, d] / devices.capacity[d])

    def clock(self) -> str:
        """Write day and hour of the episode."""
        day, hour = divmod(self.hours, 24.0)
        return f"day {int(day) + 1}, {int(hour):02d}:{int(hour % 1 * 60):02d}"

    def money(self) -> float:
        """Return the EUR earned since the episode began."""
        return float(self.states.chain.money[self.r, OPERATOR, 0])

    def carbon(self) -> float:
        """Sum the kilograms of CO2e of scopes 1 to 3."""
        return float(self.states.chain.emissions[self.r, :AVOIDED].sum())

    def recycled(self) -> float:
        """Compute the share of what the makers took in that was not virgin; 0 before any."""
        first = len(self.model.parts.chain.processes.sink)
        secondary = float(self.flow[first : first + len(self.model.makers)].sum())
        virgin = {int(v) for v in self.model.parts.chain.makers.virgin}
        drawn = sum(max(-float(self.mass[v]), 0.0) for v in virgin if v > 0)
        return secondary / (secondary + drawn) if secondary > 0.0 else 0.0

    def served(self) -> float:
        """Compute the share of demand that was met at once; 1 before any."""
        wanted, served = self.states.chain.service[self.r, :, :2].sum(0)
        return float(served / wanted) if wanted > 0.0 else 1.0


def picture(sheet: Sheet, states: States, r: int) -> NDArray[np.uint8]:
    """Draw replica r, uint8 (height, width, 3); its size follows from the chain."""
    shown = PictureState(sheet, states, r)
    canvas = Canvas(shown.net.width, shown.net.height)
    _links(canvas, shown)
    for card, box in zip(shown.net.cards, shown.net.boxes, strict=True):
        _card(canvas, shown, card, box)
    _head(canvas, shown)
    _foot(canvas, shown.net)
    return canvas.pixels()


def _links(canvas: Canvas, shown: PictureState) -> None:
    """Draw all arrows, the widest first, and then write what they carry."""
    net = shown.net
    flows = [shown.per_day(link) for link in net.links]
    most = max([*flows, 1e-12])
    wide = [max(WIDEST * kg / most, THINNEST) for kg in flows]
    for n in sorted(range(len(net.links)), key=lambda n: -flows[n]):
        link, path = net.links[n], net.paths[n]
        ink = FLOWS[link.kind][0] if flows[n] > 0.0 else RULE
        ink = _mixed(ink, 0.55) if shown.waits(link) else ink
        tip = 6.0 + 0.55 * wide[n]
        line, head = arrow(path.points, tip)
        canvas.polygon(ribbon(line, wide[n]), ink)
        canvas.polygon(head, ink)
    for link, path, kg in zip(net.links, net.paths, flows, strict=True):
        shared = shown.sharing(link) > 1  # who drew how much is not known
        words = [f"{weight(kg)}/d"] if kg > 0.0 and not shared else []
        away = sum(float(shown.mass[t]) for t in link.transits)
        words += [f"{weight(away)} on the way"] if away > 0.0 else []
        x, y = path.middle
        wide_px = max((canvas.length(each, 9) for each in words), default=0.0)
        top = y - 6.5 * len(words)
        if words:
            box = Box(x - wide_px / 2 - 3, top - 1, wide_px + 6, 13 * len(words) + 2)
            canvas.rect(box, PAPER, radius=4)
        for line_no, each in enumerate(words):
            ink = INK if line_no == 0 and kg > 0.0 else PALE
            canvas.text(x, top + 6.5 + 13 * line_no, each, 9, ink, "mm")


def _mixed(ink: str, share: float) -> str:
    """Mix a share of paper into a colour."""
    pairs = zip(bytes.fromhex(ink[1:]), bytes.fromhex(PAPER[1:]), strict=True)
    return "#" + bytes(round(a * (1 - share) + b * share) for a, b in pairs).hex()


def _card(canvas: Canvas, shown: PictureState, card: Card, box: Box) -> None:
    """Draw one node."""
    ink = KINDS.get(card.kind, PALE)
    canvas.rect(Box(box.x + 1, box.y + 2, box.w, box.h), RULE, radius=6)
    canvas.rect(box, WHITE, RULE, 6)
    canvas.rect(Box(box.x, box.y, box.w, TITLE_H - 4), ink, radius=6)
    canvas.rect(Box(box.x, box.y + 10, box.w, TITLE_H - 14), ink)
    kind = "in use" if card.kind == "use" else card.kind
    canvas.text(box.x + 8, box.y + 11, card.name, 11, WHITE, bold=True, most=box.w - 16)
    left = box.w - 24 - float(font(11, True).getlength(card.name)) / SCALE
    if kind != card.name and canvas.length(kind, 8) < left:
        canvas.text(box.x + box.w - 7, box.y + 12, kind, 8, WHITE, "rm")
    y = box.y + TITLE_H + LINE_H / 2
    model, state, r = shown.model, shown.states.chain, shown.r
    for account in card.accounts:
        told = model.accounts[account]
        bounded = not (told.sink or told.supply)
        kg = abs(float(shown.mass[account]))
        name = told.lane or {"use": "goods", "virgin": "drawn"}.get(card.kind, "stock")
        _bar(canvas, box, y, name, weight(kg), shown.share(account) if bounded else -1.0, ink)
        y += LINE_H
    if card.maker >= 0:
        kg = max(float(state.order[r, card.maker]), 0.0)
        share = kg / (kg + float(shown.sight.order[card.maker]))
        _bar(canvas, box, y, "ordered", weight(kg), share, MODES["waits"])
        y += LINE_H
    if card.market >= 0:
        kg = max(float(state.backlog[r, card.market]), 0.0)
        share = kg / (kg + float(shown.sight.usual[card.market]))
        _bar(canvas, box, y, "backlog", weight(kg), share, MODES["repaired"])
        y += LINE_H
    for d in card.devices:
        _battery(canvas, shown, box, y, d)
        y += LINE_H
    for place, k in enumerate(card.machines):
        x = box.x + 13 + (place % 2) * (box.w - 12) / 2
        canvas.dot(x, y, 4.5, MODES[shown.mode(k)])
        canvas.text(x + 8, y, model.machines[k], 9, most=box.w / 2 - 20)
        y += LINE_H * (place % 2)


def _bar(canvas: Canvas, box: Box, y: float, name: str, words: str, share: float, ink: str) -> None:
    """Draw a line of a card: a name, how full it is (below 0: no bar), and how much that is."""
    canvas.text(box.x + 8, y, name, 9, most=54)
    if share >= 0.0:
        bar = Box(box.x + 66, y - 5, box.w - 66 - 58, 10)
        canvas.rect(bar, "#eceae4", radius=2)
        if share * bar.w >= 1.0:
            canvas.rect(Box(bar.x, bar.y, bar.w * share, bar.h), _mixed(ink, 0.15), radius=2)
    canvas.text(box.x + box.w - 8, y, words, 9, INK, "rm")


def _battery(canvas: Canvas, shown: PictureState, box: Box, y: float, d: int) -> None:
    """Draw a device: its battery, and whether it is awake."""
    model = shown.model
    share, awake = shown.charge(d), float(shown.states.devices.awake[shown.r, d])
    begun = int(shown.states.chain.step[shown.r]) > 0
    ink = MODES["works"] if share > 0.3 else MODES["waits"] if share > 0.05 else MODES["repaired"]
    canvas.text(box.x + 8, y, model.devices[d], 9, most=54)
    shell = Box(box.x + 66, y - 5, box.w - 66 - 80, 10)
    canvas.rect(shell, WHITE, PALE, 2)
    canvas.rect(Box(shell.x + shell.w, y - 2, 2.5, 4), PALE)
    canvas.rect(Box(shell.x + 1.5, y - 3.5, max((shell.w - 3) * min(share, 1.0), 0.5), 7), ink)
    mains = model.parts.devices.mains[d] == 1
    words = "mains" if mains else f"{100 * share:.0f} %"
    words += "" if awake > 0.0 or not begun else " asleep"
    canvas.text(box.x + box.w - 8, y, words, 9, INK, "rm")


def _head(canvas: Canvas, shown: PictureState) -> None:
    """Draw the head: name, clock, sun, money and emissions."""
    width = shown.net.width
    canvas.rect(Box(0, 0, width, HEAD_H - 12), "#efece4")
    canvas.text(20, 19, shown.model.name, 15, bold=True, most=width * 0.3)
    canvas.text(20, 39, shown.clock(), 11, PALE)
    facts = [
        ("earned", euros(shown.money())),
        ("CO2e", weight(shown.carbon())),
        ("avoided", weight(float(shown.states.chain.emissions[shown.r, AVOIDED]))),
        ("recycled input", f"{100 * shown.recycled():.1f} %"),
        ("demand met", f"{100 * shown.served():.1f} %"),
    ]
    x = width - 20.0
    for name, words in reversed(facts):
        wide = max(float(font(14, True).getlength(words)) / SCALE, canvas.length(name, 9))
        canvas.text(x, 19, words, 14, anchor="rm", bold=True)
        canvas.text(x, 39, name, 9, PALE, "rm")
        x -= wide + 24
    if shown.model.devices:
        _sun(canvas, shown, 190.0, 26.0)


def _sun(canvas: Canvas, shown: PictureState, x: float, y: float) -> None:
    """Draw the sun by day and the moon by night, and how clear the sky is."""
    sky, step = shown.model.parts.devices.sky, int(shown.states.chain.step[shown.r])
    clear = float(shown.states.devices.clear[shown.r])
    if sky.sun[max(step - 1, 0) % len(sky.sun)] > 0.0:
        for n in range(8):
            turn = (math.cos(n * math.pi / 4), math.sin(n * math.pi / 4))
            ray = [(x + 10 * turn[0], y + 10 * turn[1]), (x + 14 * turn[0], y + 14 * turn[1])]
            canvas.line(ray, 1.6, "#e0a82e")
        canvas.dot(x, y, 7.5, "#f2c14e")
    else:
        canvas.dot(x, y, 8, "#6d7a94")
        canvas.dot(x + 4, y - 3, 7, "#efece4")
    canvas.text(x + 20, 26, f"{100 * clear:.0f} % clear", 10, PALE)


def _foot(canvas: Canvas, net: Network) -> None:
    """Draw the legend of the colours."""
    y = net.height - FOOT_H / 2
    x = 20.0
    for name, ink in MODES.items():
        canvas.dot(x + 5, y, 4.5, ink)
        canvas.text(x + 13, y, name, 9, PALE)
        x += canvas.length(name, 9) + 27
    used = {link.kind for link in net.links}
    x += 16
    for kind, (ink, name) in FLOWS.items():
        if kind in used:
            canvas.line([(x, y), (x + 18, y)], 4, ink)
            canvas.text(x + 23, y, name, 9, PALE)
            x += canvas.length(name, 9) + 38
    words = "arrows: mean flow since the start"
    if x + canvas.length(words, 9) < net.width - 20:
        canvas.text(net.width - 20, y, words, 9, PALE, "rm")


def text(sheet: Sheet, states: States, r: int) -> str:
    """Describe replica r in words: a line for the plant, one for each node, one for the flows."""
    shown, model = PictureState(sheet, states, r), sheet.model
    lines = [
        f"{model.name}, {shown.clock()}: {euros(shown.money())}, CO2e {weight(shown.carbon())}, "
        f"demand met {100 * shown.served():.1f} %"
    ]
    for card in shown.net.cards:
        told = [
            f"{model.accounts[a].lane or 'stock'} {weight(abs(float(shown.mass[a])))}"
            for a in card.accounts
        ]
        if card.maker >= 0:
            told.append(f"ordered {weight(float(states.chain.order[r, card.maker]))}")
        if card.market >= 0:
            told.append(f"backlog {weight(float(states.chain.backlog[r, card.market]))}")
        told += [f"{model.devices[d]} {100 * shown.charge(d):.0f} %" for d in card.devices]
        told += [f"{model.machines[k]} {shown.mode(k)}" for k in card.machines]
        lines.append(f"{card.name} ({card.kind}): " + ", ".join(told))
    flows = [
        f"{shown.net.cards[link.source].name} > {shown.net.cards[link.sink].name} "
        f"{weight(shown.per_day(link))}"
        for link in shown.net.links
    ]
    return "\n".join([*lines, "a day: " + ", ".join(flows)])
