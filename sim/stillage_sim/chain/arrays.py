"""The arrays of a chain: what is fixed, what a policy decides, and the state.

Mass lies in *accounts*: each is a lane of a node (``sorting.PET``), goods under way, goods in
use, or the outside (virgin supply, disposal), and holds kilograms of M materials as they truly
are, whatever the lane's name declares. *Processes* move mass from an account into others:
stations of a line, disassembly, recycling, transports. *Makers* draw several accounts by a bill
of materials; *markets* sell into use; *uses* give back what has served, graded by its age.

Parameters are frozen; the arrays of :class:`State` change, their replica axis first. Letters: A
accounts, P processes, O outputs of all processes, M materials, T transits, K makers, S markets,
U uses, C cohorts, G grades, V quantities.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillage_sim.engine import changing

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

OPERATOR, CUSTOMERS, SUPPLIERS, CARRIERS, UTILITY, DISPOSERS, WORKSHOP, STOREKEEPER = range(8)
MONEY_ACCOUNTS = (
    "operator", "customers", "suppliers", "carriers", "utility", "disposers", "workshop",
    "storekeeper",
)  # fmt: skip
"""Who pays and is paid; every euro moves between the operator and another."""

GRID, PROCESSES = 0, 1
"""Accounts of mains energy (J)."""

SCOPE_1, SCOPE_2, SCOPE_3, AVOIDED = range(4)
SCOPES = ("scope_1", "scope_2", "scope_3", "avoided")
"""Emissions (kg CO2e) as the GHG Protocol sorts them, and what displaced virgin material saves."""

WANTED, SERVED, SHORT_STEPS = range(3)
SERVICE = ("wanted_kg", "served_kg", "short_steps")
"""What is counted of a market: asked for, handed over at once, steps with unmet demand."""


class Processes(NamedTuple):
    """P processes move mass; they are listed in the order in which they run, a line's last first.

    Process p takes from account ``source[p]`` up to ``rate[p]`` kg a step times the work of its
    machines ``machine[p] .. machine[p + 1] - 1`` (none: always at work). Its outputs are numbered
    ``first[p] .. first[p + 1] - 1``: output o sends the share ``good[o, m]`` of material m to
    account ``sink[o]``, and ``poor[o, m]`` of what is not done well, since a machine is worn or a
    device asleep. Shares of a process sum to 1 in every material; what rounding leaves goes to the
    last output, and ``good`` and ``poor`` of all others are :func:`shaved`.

    ``route[p]`` is the choice that decides whether it runs (-1: always), as alternative
    ``alternative[p]``; ``transit[p]`` the transit that carries its output (-1: at once);
    ``limited[p]`` 1 if an output has a room that may be full;
    ``perception[p]`` the perception that replaces ``good`` (-1: none) and ``device[p]`` the device
    that reads (-1: none), ``item_kg[p]`` a reading. A kilogram costs ``kwh[p]`` of mains, pays
    ``value[p, m]`` EUR (from account ``payer[p]`` of money, times quantity
    ``price_index[p]``, -1: none)
    and emits ``carbon[p, m]`` kg CO2e of ``scope[p]`` (``uniform[p]``: 1 if both are the same for
    all materials); ``added[p, m]`` kg of virgin material come
    from account ``adder[p]`` (-1: none) into the first output.
    """

    source: Ints
    first: Ints
    sink: Ints
    good: Floats
    poor: Floats
    rate: Floats
    machine: Ints
    route: Ints
    alternative: Ints
    transit: Ints
    limited: Ints
    perception: Ints
    device: Ints
    item_kg: Floats
    kwh: Floats
    value: Floats
    payer: Ints
    price_index: Ints
    carbon: Floats
    uniform: Ints
    scope: Ints
    adder: Ints
    added: Floats


class Transits(NamedTuple):
    """T transits delay goods: they wait in ``account`` for ``lead`` steps, then go to ``sink``."""

    account: Ints
    sink: Ints
    lead: Ints


class Makers(NamedTuple):
    """K makers make up to ``rate`` kg a step of a product, by the bill of materials ``recipe``.

    ``recipe`` is (K, M) kg of each material in a kilogram of product.
    Of every kilogram of material m at most ``secondary_share[k, m]`` comes from account
    ``secondary[k, m]`` (-1: none), the rest from account ``virgin[k]``, whose kilogram costs
    ``price[k, m]`` EUR (times quantity ``price_index[k]``) and emitted ``carbon[k, m]`` kg CO2e; a
    secondary kilogram is counted as so much avoided. ``pending[k, m]`` is recipe times share,
    summed over material m and those after it that come from the same account. Products go to
    ``sink[k]`` by transit ``transit[k]`` (-1: at once). ``machine`` as in :class:`Processes`;
    ``kwh[k]`` a kilogram.
    """

    sink: Ints
    transit: Ints
    rate: Floats
    machine: Ints
    recipe: Floats
    secondary: Ints
    secondary_share: Floats
    pending: Floats
    virgin: Ints
    price: Floats
    price_index: Ints
    carbon: Floats
    kwh: Floats


class Markets(NamedTuple):
    """S markets sell, each from ``account`` into use ``use`` at ``price`` EUR/kg.

    Demand (kg a period) is quantity ``demand``, met evenly over the period; what is not met waits
    if ``backlog`` is 1, else it is lost. Goods cost ``holding`` and unmet demand ``penalty`` EUR
    a kilogram and period. Maker ``maker`` is ordered up to ``base`` + ``cover`` times the mean
    demand of the last ``window`` periods (kg), times the level that is chosen (``levels`` (L,)).
    ``usual`` kg are taken for the demands before the first; ``price_index`` is the quantity that
    multiplies the price (-1: none).
    """

    account: Ints
    use: Ints
    price: Floats
    price_index: Ints
    demand: Ints
    backlog: Ints
    holding: Floats
    penalty: Floats
    maker: Ints
    base: Floats
    cover: Floats
    window: Ints
    usual: Floats
    levels: Floats


class Uses(NamedTuple):
    """U uses hold goods while they live: in ``account``, in cohorts ``width`` periods wide.

    ``hazard[u, a]`` is the share of those aged a cohorts that leave in the next; the last is 1.
    ``grade[u, a, g]`` is the share of grade g among what leaves at age a; the age is first
    multiplied by quantity ``wear`` (-1: as it is). The share ``collected`` (a quantity) goes to
    ``sink[u, g]``, the rest to ``lost``. ``start`` (U, C) kg are in use at first.
    """

    account: Ints
    width: Ints
    hazard: Floats
    grade: Floats
    wear: Ints
    collected: Ints
    sink: Ints
    lost: Ints
    start: Floats


class Perception(NamedTuple):
    """A perception is what a policy's models do to the shares of the processes that perceive.

    ``share`` (Q, W, B, N, M): the share of material m that perception q sends to output n of its
    process in world w, in each of B equally likely batches of held-out items.
    """

    share: Floats


class Chain(NamedTuple):
    """The arrays of a chain that no policy changes.

    ``materials`` is (0, .., M - 1): its length is compiled in.
    ``room`` (A,) kg an account can hold (inf: any); ``start`` (A, M) kg at first, out of account
    ``outside``; a step is ``step_h`` hours, a period ``period`` steps. ``routes`` (G, L): the
    process that runs when alternative 1..L of a choice is taken (-1: there is none); 0 is to wait.
    ``readers`` (D,): the process for which device d reads.
    """

    materials: tuple[int, ...]
    step_h: float
    period: int
    outside: int
    room: Floats
    start: Floats
    processes: Processes
    transits: Transits
    makers: Makers
    markets: Markets
    uses: Uses
    routes: Ints
    readers: Ints


@changing
class State(NamedTuple):
    """The state of R replicas; the replica axis of each array comes first.

    ``prefix`` and ``mirror`` uint64 (R,); ``step`` and ``world`` int64 (R,). ``mass`` (R, A, M) kg
    is the ledger and the stock; ``flow`` (R, O + K + S + 2 U, M) kg that went each way since the
    start: outputs, makers' secondary material, sales, and of each use what was collected and what
    was not. ``ring`` (R, T, longest lead) kg to
    arrive; ``cohort`` (R, U, C) kg by birth; ``due`` (R, U, G + 1) kg that leave use each period,
    by grade and not collected. ``order`` (R, K) kg to be made; ``backlog`` (R, S); ``past``
    (R, S, window) demands; ``level`` (R, S) chosen; ``quantity`` (R, V) drawn of this period.
    ``ordered`` (R, S) kg at the last review; ``batch`` (R,) the batch of items of this step.
    ``money`` (R, 8, 1) EUR, ``mains`` (R, 2, 1) J, ``emissions`` (R, 4) kg, ``service``
    (R, S, 3), ``illegal`` int64 (R,). ``work`` (R, P + K) share of each process' rate at
    which its machines work; ``readings`` (R, D) wanted of the devices; ``route`` (R, G) the
    alternatives taken; ``used`` (R, M) kg of the maker at work (scratch).
    """

    prefix: NDArray[np.uint64]
    mirror: NDArray[np.uint64]
    step: Ints
    world: Ints
    mass: Floats
    flow: Floats
    ring: Floats
    cohort: Floats
    due: Floats
    order: Floats
    backlog: Floats
    past: Floats
    level: Ints
    quantity: Floats
    money: Floats
    mains: Floats
    emissions: Floats
    service: Floats
    illegal: Ints
    work: Floats
    ordered: Floats
    batch: Ints
    readings: Floats
    route: Ints
    used: Floats


def shaved(shares: Floats) -> Floats:
    """Take a hair (a share of 2**-48) off shares (..., outputs, M), except the last output's.

    The last output takes what is left, so the rounded parts of a mass never add up to more than it.

    >>> float(1.0 - shaved(np.ones((2, 1)))[0, 0]) == 2.0**-48
    True
    """
    hair = np.full((*shares.shape[:-1], 1), 1.0 - 2.0**-48)
    hair[..., -1, :] = 1.0
    return np.asarray(shares * hair)


def empty_state(chain: Chain, quantity: Floats) -> State:
    """Make the state of R replicas before it is set; ``quantity`` (R, V) is kept by reference."""
    r, m = len(quantity), len(chain.materials)
    makers, markets = len(chain.makers.sink), len(chain.markets.account)
    uses, cohorts = chain.uses.hazard.shape
    grades = chain.uses.grade.shape[2]
    ways = len(chain.processes.sink) + makers + markets + 2 * uses
    longest = int(chain.transits.lead.max(initial=0)) + 1
    window = int(chain.markets.window.max(initial=0)) + 1
    return State(
        prefix=np.zeros(r, np.uint64),
        mirror=np.zeros(r, np.uint64),
        step=np.zeros(r, np.int64),
        world=np.zeros(r, np.int64),
        mass=np.zeros((r, len(chain.room), m)),
        flow=np.zeros((r, ways, m)),
        ring=np.zeros((r, len(chain.transits.account), longest)),
        cohort=np.zeros((r, uses, cohorts)),
        due=np.zeros((r, uses, grades + 1)),
        order=np.zeros((r, makers)),
        backlog=np.zeros((r, markets)),
        past=np.zeros((r, markets, window)),
        level=np.zeros((r, markets), np.int64),
        quantity=quantity,
        money=np.zeros((r, len(MONEY_ACCOUNTS), 1)),
        mains=np.zeros((r, 2, 1)),
        emissions=np.zeros((r, len(SCOPES))),
        service=np.zeros((r, markets, len(SERVICE))),
        illegal=np.zeros(r, np.int64),
        work=np.zeros((r, len(chain.processes.source) + makers)),
        ordered=np.zeros((r, markets)),
        batch=np.zeros(r, np.int64),
        readings=np.zeros((r, len(chain.readers))),
        route=np.zeros((r, len(chain.routes)), np.int64),
        used=np.zeros((r, m)),
    )
