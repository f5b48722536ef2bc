"""Place the nodes of a chain in a picture: a loop, from collection rightwards and back.

The upper band goes from collection over sorting and recovery to manufacturing, the lower one
from the markets over use to disposal, so that a closed loop is seen as one. Any chain has a
place: a node's column follows from its kind, and nodes of like kind stand below each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from stillage_scenarios.chains.picture.paths import Box, Path, paths
from stillage_sim.chain.model import ChainModel

UPPER = (
    ("collection",), ("sorting",), ("disassembly",),
    ("refurbishing", "remanufacturing", "recycling"), ("manufacturing", "virgin"),
)  # fmt: skip
_LOWER = (("market",), ("use",), ("disposal",), ("outlet",))
"""Groups of kinds: the upper from left to right, the lower from right to left."""

CARD_W, GAP_X, GAP_Y, SUPPLY_GAP, MARGIN = 176, 92, 18, 46, 34
_LABEL_W = 58
HEAD_H, FOOT_H, TITLE_H, LINE_H, CORRIDOR = 64, 40, 26, 18, 84


@dataclass
class Card:
    """A node as drawn: its stocks (accounts), machines, devices, and whether it makes or sells."""

    name: str
    kind: str
    accounts: list[int] = field(default_factory=list)
    machines: list[int] = field(default_factory=list)
    devices: list[int] = field(default_factory=list)
    maker: int = -1
    market: int = -1

    @property
    def lines(self) -> int:
        """Count the lines of text below its title."""
        queues = int(self.maker >= 0) + int(self.market >= 0)
        return len(self.accounts) + len(self.devices) + queues + (len(self.machines) + 1) // 2

    @property
    def height(self) -> int:
        """Compute its height in pixels."""
        return TITLE_H + max(self.lines, 1) * LINE_H + 8


@dataclass
class Link:
    """A link is all flows from one card to another: their ways, processes, and goods under way.

    ``kind`` is recovered, virgin, goods, waste or return; ``virgin`` the accounts that it draws.
    """

    source: int
    sink: int
    kind: str
    ways: list[int] = field(default_factory=list)
    processes: list[int] = field(default_factory=list)
    transits: list[int] = field(default_factory=list)
    virgin: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Network:
    """A chain as it is drawn: cards with their boxes, links with their paths, and the canvas."""

    cards: tuple[Card, ...]
    links: tuple[Link, ...]
    boxes: tuple[Box, ...]
    paths: tuple[Path, ...]
    width: int
    height: int


def network(model: ChainModel) -> Network:
    """Make the cards and links of a chain, and place them."""
    cards, of_account = _cards(model)
    makers = len(cards)
    for k, name in enumerate(model.makers):
        cards.append(Card(name, "manufacturing", maker=k))
    _equip(model, cards, of_account, makers)
    links = _links(model, cards, of_account, makers)
    boxes, width, height, corridor = _place(cards)
    ends = [(link.source, link.sink, link.kind == "return") for link in links]
    below = [n for n, card in enumerate(cards) if (card.kind,) in _LOWER]
    ways = paths(boxes, ends, corridor, below)
    right = max((x for way in ways for x, _ in way.points), default=0.0)
    width = max(width, round(right) + (_LABEL_W if right > width - MARGIN else MARGIN))
    return Network(tuple(cards), tuple(links), boxes, tuple(ways), width, height)


def _cards(model: ChainModel) -> tuple[list[Card], dict[int, int]]:
    """Make the cards of all nodes that hold something, and find the card of each account."""
    cards: list[Card] = []
    known: dict[tuple[str, bool], int] = {}
    of_account: dict[int, int] = {}
    for n, account in enumerate(model.accounts):
        if account.kind in ("outside", "transit"):
            continue
        key = (account.node, account.kind == "use")
        if key not in known:
            known[key] = len(cards)
            cards.append(Card(account.node, account.kind))
        of_account[n] = known[key]
        cards[known[key]].accounts.append(n)
    for s, account in enumerate(model.parts.chain.markets.account):
        cards[of_account[int(account)]].market = s
    return cards, of_account


def _equip(model: ChainModel, cards: list[Card], of_account: dict[int, int], makers: int) -> None:
    """Put machines and devices on the card of the node whose station or maker uses them."""
    chain = model.parts.chain
    processes, made = chain.processes, chain.makers
    for p, source in enumerate(processes.source):
        named = [
            n for n, card in enumerate(cards) if model.processes[p].startswith(f"{card.name}: ")
        ]
        at = max(named, key=lambda n: len(cards[n].name), default=of_account.get(int(source), 0))
        cards[at].machines += range(processes.machine[p], processes.machine[p + 1])
        if processes.device[p] >= 0:
            cards[at].devices.append(int(processes.device[p]))
    for k in range(len(model.makers)):
        cards[makers + k].machines += range(made.machine[k], made.machine[k + 1])


def _links(
    model: ChainModel, cards: list[Card], of_account: dict[int, int], makers: int
) -> list[Link]:
    """Make the links between different cards, merged."""
    found: dict[tuple[int, int], Link] = {}

    def link(source: int | None, sink: int | None, kind: str) -> Link:
        if source is None or sink is None or source == sink:
            return Link(-1, -1, kind)  # inside a node, or from where no card is: not drawn
        if cards[sink].kind == "disposal":
            kind = "waste"
        elif cards[source].kind == "collection":
            kind = "return"
        return found.setdefault((source, sink), Link(source, sink, kind))

    chain = model.parts.chain
    processes, made = chain.processes, chain.makers
    way = 0
    for p, source in enumerate(processes.source):
        for o in range(processes.first[p], processes.first[p + 1]):
            one = link(of_account.get(int(source)), of_account.get(int(processes.sink[o])), "goods")
            if one.sink >= 0 and one.kind == "goods" and cards[one.sink].kind in _RECOVERY:
                one.kind = "recovered"
            one.ways.append(way)
            if p not in one.processes:
                one.processes.append(p)
            if processes.transit[p] >= 0:
                one.transits.append(int(chain.transits.account[processes.transit[p]]))
            way += 1
        added = of_account.get(int(processes.adder[p])) if processes.adder[p] >= 0 else None
        to = of_account.get(int(processes.sink[processes.first[p]]))
        link(added, to, "virgin").virgin.append(int(processes.adder[p]))
    for k in range(len(model.makers)):
        sources = sorted({of_account[int(a)] for a in made.secondary[k] if int(a) in of_account})
        for source in sources:
            one = link(source, makers + k, "recovered")
            one.ways += [way] if len(sources) == 1 else []
        supply = link(of_account.get(int(made.virgin[k])), makers + k, "virgin")
        supply.virgin.append(int(made.virgin[k]))
        sold = link(makers + k, of_account.get(int(made.sink[k])), "goods")
        sold.ways.append(way)
        sold.virgin.append(int(made.virgin[k]))
        if made.transit[k] >= 0:
            sold.transits.append(int(chain.transits.account[made.transit[k]]))
        way += 1
    for s, account in enumerate(chain.markets.account):
        use = int(chain.uses.account[chain.markets.use[s]])
        link(of_account.get(int(account)), of_account.get(use), "goods").ways.append(way)
        way += 1
    for u, account in enumerate(chain.uses.account):
        back = sorted({of_account[int(a)] for a in chain.uses.sink[u] if int(a) in of_account})
        for sink in back:
            one = link(of_account[int(account)], sink, "return")
            one.ways += [way] if len(back) == 1 else []
        lost = of_account.get(int(chain.uses.lost[u]))
        link(of_account[int(account)], lost, "waste").ways.append(way + 1)
        way += 2
    return [one for one in found.values() if one.source >= 0]


_RECOVERY = ("sorting", "disassembly", "refurbishing", "remanufacturing", "recycling")


def _place(cards: list[Card]) -> tuple[tuple[Box, ...], int, int, float]:
    """Place all cards; return their boxes, the canvas, and the height of the returns' corridor."""
    upper = [[n for n, card in enumerate(cards) if card.kind in kinds] for kinds in UPPER]
    lower = [[n for n, card in enumerate(cards) if card.kind in kinds] for kinds in _LOWER]
    upper, lower = [g for g in upper if g], [g for g in lower if g]
    columns = max(len(upper), len(lower), 1)
    boxes = [Box(0, 0, 0, 0)] * len(cards)

    def gap(group: list[int]) -> int:
        supplied = {"virgin", "manufacturing"} <= {cards[n].kind for n in group}
        return SUPPLY_GAP if supplied else GAP_Y

    def tall(group: list[int]) -> int:
        return sum(cards[n].height for n in group) + gap(group) * (len(group) - 1)

    def stand(group: list[int], column: int, top: float, band: float) -> None:
        x = MARGIN + column * (CARD_W + GAP_X)
        y = top + (band - tall(group)) / 2
        for n in sorted(group, key=lambda n: cards[n].kind != "virgin"):
            boxes[n] = Box(x, y, CARD_W, cards[n].height)
            y += cards[n].height + gap(group)

    top = float(HEAD_H + 8)
    band = max(map(tall, upper), default=0)
    for column, group in enumerate(upper):
        stand(group, column + columns - len(upper), top, band)
    below = top + band + CORRIDOR
    deep = max(map(tall, lower), default=0)
    for n, group in enumerate(lower):
        stand(group, columns - 1 - n, below, deep)
    corridor = below + deep + 22
    width = 2 * MARGIN + columns * CARD_W + (columns - 1) * GAP_X
    return tuple(boxes), max(width, 560), int(corridor + 14 + FOOT_H), corridor
