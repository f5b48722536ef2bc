"""Build the sorting world from settings and a cast of held-out items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from stillage.errors import BadInput
from stillage.perception.device import profile
from stillage_scenarios.items.masses import recorded_kg
from stillage_scenarios.sorting.kpis import Tariff
from stillage_scenarios.sorting.plant import Decisions, Items, Plant
from stillage_scenarios.sorting.policies import Choice, Hand, ItemRule, Market, Rule, Seen
from stillage_scenarios.sorting.prices import Prices, grade_factors, look_up, price_tables
from stillage_scenarios.sorting.settings import SortingSettings
from stillage_scenarios.sorting.world import SortingWorld
from stillage_sim.devices.power import DAY_S, clear_sky
from stillage_sim.engine.ledger import quantise
from stillage_sim.engine.randomness import poisson_table
from stillage_sim.policy.protocol import Policy, Seeing, table_of
from stillage_sim.policy.registered import registered
from stillage_sim.run.worlds import bootstrap
from stillage_sim.scenario import Cast, SeedCast

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def _make_plant(settings: SortingSettings, price: Floats) -> Plant:
    """Build the plant's numbers; ``price`` is (K+1, kinds)."""
    capacity = settings.battery_wh * 3600.0
    solar = clear_sky(settings.solar_peak_w, settings.sunrise_h, settings.sunset_h)
    return Plant(
        arrivals=poisson_table(settings.arrivals_per_min / 60.0),
        solar=np.roll(solar, -round(settings.shift_start_h * 3600)),  # seconds count from the shift
        price=price,
        chutes=len(price),
        slots=settings.slots,
        reach_s=settings.reach_s,
        shift_s=min(round(settings.shift_h * 3600), DAY_S),
        picks=float(settings.picks_per_min) / 60.0,
        clear_low=float(settings.clearness_low),
        clear_high=float(settings.clearness_high),
        capacity_j=float(capacity),
        start_j=float(settings.battery_start * capacity),
        wake_j=float(settings.battery_wake * capacity),
        sleep_j=float(settings.sleep_w),
    )


def masses(cast: Cast, seed: SeedCast, material: Ints, prices: Prices) -> Floats:
    """Return the kilograms of a seed's items (I,): recorded, else typical of the material."""
    typical = np.append(prices.mass, prices.mass.mean() if len(prices.mass) else 0.03)
    known, recorded = typical[material], recorded_kg(cast, seed)
    if recorded is None:
        return known
    return np.asarray(quantise(np.where(np.isnan(recorded), known, recorded)))


def _make_hand(cast: Cast, seed: SeedCast, value: Floats, group: Ints) -> Hand:
    """Collect what policies may know of one seed's items."""
    material, quality = cast.task("material"), cast.task("quality")
    assert material is not None  # noqa: S101
    seen = {}
    for name, table in seed.tables.items():
        rows = seed.rows(name)
        if material.target not in table.heads:
            have = f"heads {sorted(table.heads)}"
            raise BadInput(f"perception table {name!r}", have, repr(material.target))
        what = np.asarray(table.heads[material.target], np.float64)[rows]
        if what.shape != (len(rows), len(material.classes)):
            raise BadInput(
                f"perception table {name!r}", f"{what.shape} for {material.target!r}",
                f"({len(rows)}, {len(material.classes)})",
            )  # fmt: skip
        grades = table.heads.get(quality.target) if quality else None
        seen[name] = Seen(what, None if grades is None else np.asarray(grades, np.float64)[rows])
    truth = np.asarray(seed.truth[material.target], np.int64)
    return Hand(truth, value, group, seed.tables, seen)


def _choice_of(policy: Seeing, market: Market, hand: Hand) -> Choice:
    """Return a rule's look-up; an empty one for a policy that acts on what it is shown."""
    if isinstance(policy, Rule):
        return policy.choose(market, hand)
    nothing = np.zeros((len(hand.material), 1))
    return Choice(nothing.astype(np.int64), nothing)


def _acts(policy: Seeing, name: str) -> TypeGuard[Policy]:
    """Tell whether it has no look-up; ``BadInput`` for what cannot act either."""
    if isinstance(policy, Rule):
        return False
    if not isinstance(policy, Policy):
        found = type(policy).__name__
        raise BadInput(f"policy {name!r}", found, "a Policy (begin, act) or a Rule (choose)")
    return True


def stack(choices: list[Choice], hands: list[Hand], table: str, idle_w: float) -> Decisions:
    """Stack one policy's look-ups over the items of all seeds, and what reading by ``table`` costs.

    ``idle_w`` (W) is drawn besides the device; without a table nothing is sensed, and a reading
    costs neither time nor energy.
    """
    read = [hand.tables[table] for hand in hands] if table else []
    nothing = [0.0] * len(hands)
    return Decisions(
        chute=np.concatenate([choice.chute for choice in choices]).astype(np.int64),
        priority=np.concatenate([choice.priority for choice in choices]).astype(np.float64),
        latency=np.array([float(each.latency_s) for each in read] or nothing, np.float64),
        energy=np.array([float(each.energy_j) for each in read] or nothing, np.float64),
        idle=np.array([profile(each.device).idle_w + idle_w for each in read] or nothing),
        device=int(bool(table)),
    )


def show(hands: list[Hand], sees: str, materials: int) -> NDArray[np.float32]:
    """Collect what an environment shows of items: probabilities of material and quality, (I, F)."""
    rows = []
    for hand in hands:
        seen = hand.look(sees, materials)
        rows.append(np.hstack([part for part in seen if part is not None]))
    return np.clip(np.concatenate(rows), 0.0, 1.0).astype(np.float32)


def build_world(
    settings: SortingSettings, cast: Cast, policies: Mapping[str, Seeing] | None = None
) -> SortingWorld:
    """Build the world that carries the items of ``cast``.

    It has ``policies``, which default to those that are registered, and a rule for each table.

    Raises
    ------
    BadInput
        If the cast is empty, binds no material, or a table does not fit its items.
    """
    material, quality = cast.task("material"), cast.task("quality")
    if material is None or material.kind != "classification":
        raise BadInput("role 'material'", "no class target", "a classification target")
    if not cast.seeds or any(len(seed.samples) == 0 for seed in cast.seeds):
        raise BadInput("cast", "no held-out items", "some for every training seed")
    prices = look_up(material.classes, settings.wall_area_m2)
    factors = grade_factors(settings, quality)
    grade = np.append(np.empty(0) if factors is None else factors, 1.0)
    price, tariff = price_tables(prices, grade, settings.contamination_cost)
    tariff = Tariff(
        tariff.right, tariff.wanted, tariff.co2e, settings.pick_energy_j, settings.grid_kg_per_kwh
    )
    market = Market(
        prices.price, factors, prices.mass, settings.contamination_cost, settings.reject_below
    )
    hands: list[Hand] = []
    kinds: list[Ints] = []
    members: list[Ints] = []
    lengths: list[Ints] = []
    weights: list[Floats] = []
    sizes: list[int] = []
    for seed in cast.seeds:
        what = np.asarray(seed.truth[material.target], np.int64)
        index = np.where(what < 0, len(prices.price), what)  # K: none of the materials
        grades = _grades(cast, seed, len(grade))
        mass = masses(cast, seed, index, prices)
        kind = index * len(grade) + grades
        names, group = np.unique(np.asarray(seed.groups), return_inverse=True)
        chute = np.minimum(index, len(prices.price))
        hands.append(_make_hand(cast, seed, mass * price[chute, kind], group))
        order = np.argsort(group, kind="stable")
        members.append(order + sum(map(len, kinds)))  # numbered through all seeds
        lengths.append(np.bincount(group, minlength=len(names)))
        sizes.append(len(names))
        kinds.append(kind)
        weights.append(mass)
    worlds = bootstrap(cast.worlds, sizes)
    items = Items(
        kind=np.concatenate(kinds).astype(np.int64),
        mass=np.concatenate(weights),
        group_start=np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int64),
        group_items=np.concatenate(members).astype(np.int64),
        world_groups=worlds.groups,
        world_size=worlds.size,
        world_seed=worlds.seed,
    )
    tables = cast.tables
    named = registered("sorting") if policies is None else dict(policies)
    named |= {name: ItemRule(name) for name in tables if name not in named}
    missing = {
        name: policy.sees
        for name, policy in named.items()
        if table_of(policy.sees) not in ("", *tables)
    }
    there = {name: policy for name, policy in named.items() if name not in missing}
    acting = {name: p for name, p in there.items() if _acts(p, name)}
    decisions = {
        name: stack(
            [_choice_of(policy, market, hand) for hand in hands],
            hands, table_of(policy.sees), settings.idle_w,
        )
        for name, policy in there.items()
    }  # fmt: skip
    sights = dict.fromkeys((*tables, *(policy.sees for policy in acting.values())))
    return SortingWorld(
        plant=_make_plant(settings, price),
        items=items,
        tariff=tariff,
        decisions=decisions,
        features={sees: show(hands, sees, len(prices.price)) for sees in sights},
        labels=material.classes,
        market=market,
        acting=acting,
        missing=missing,
        notes=(_arrivals(settings), *prices.notes, *_left_out(cast, factors is not None)),
    )


def _grades(cast: Cast, seed: SeedCast, grades: int) -> Ints:
    """Return each item's grade (I,); the last one is for items whose quality is unknown."""
    task = cast.task("quality")
    if task is None or grades == 1:
        return np.full(len(seed.samples), grades - 1, np.int64)
    known = np.asarray(seed.truth[task.target], np.int64)
    return np.where(known < 0, grades - 1, known)


def _arrivals(settings: SortingSettings) -> str:
    """Say how many items a day brings, which counts such as missed items are out of.

    >>> _arrivals(SortingSettings())
    'the belt brings 50 items a minute for 16 h, about 48,000 a day'
    """
    a_day = settings.arrivals_per_min * 60 * min(settings.shift_h, 24)
    rate, hours = settings.arrivals_per_min, settings.shift_h
    return f"the belt brings {rate:g} items a minute for {hours:g} h, about {a_day:,.0f} a day"


def _left_out(cast: Cast, priced: bool) -> tuple[str, ...]:
    told = []
    if not priced:
        told.append("no quality of reuse, repair, recycle: items are worth the recycling price")
    if "mass" not in cast.roles:
        told.append("no target for mass: typical masses of the materials (assumed)")
    return tuple(told)
