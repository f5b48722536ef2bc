"""Chains as hypothesis draws them: any nodes, lanes, lines, makers, markets and uses."""

from __future__ import annotations

from typing import Any

import tomli_w
from hypothesis import strategies as st

from stillage.errors import BadInput
from stillage_sim.chain.building.model import build
from stillage_sim.chain.file.load import load_chain
from stillage_sim.chain.model import ChainModel

Draw = Any
SINKS = ("landfill", "gate", "outlet")
RATES = (1e-9, 1e-3, 0.02, 1.0, 1e6)
KINDS = ("sorting", "disassembly", "refurbishing", "remanufacturing", "recycling")
MATERIALS = ("PET", "HDPE", "PP", "PS", "LDPE", "other")


def shares(draw: Draw, names: list[str], outputs: int) -> list[dict[str, float]]:
    """Shares of each material to each output; a material's sum to 1."""
    table: list[dict[str, float]] = [{} for _ in range(outputs)]
    for name in names:
        weights = draw(st.lists(st.integers(0, 5), min_size=outputs, max_size=outputs))
        total = sum(weights)
        for row, weight in zip(table, weights, strict=True):
            row[name] = weight / total if total else 1.0 / outputs
    return table


def law(draw: Draw, mean: float, most: float | None = None) -> Any:
    """A number or a law of about this mean."""
    bound = {} if most is None else {"high": most}
    return draw(
        st.sampled_from(
            [
                mean,
                {"law": "uniform", "low": 0.5 * mean, "high": min(1.5 * mean, most or 1e300)},
                {"law": "gamma", "shape": 2.0, "scale": mean / 2.0, "every": "episode", **bound},
                {"law": "empirical", "values": [0.0, mean], "season": [1.0] * 6 + [0.5] * 6},
            ]
        )
    )


def machine(draw: Draw) -> dict[str, Any]:
    """A machine of any model, often failing."""
    return {
        "model": draw(st.sampled_from(["none", "bernoulli", "weibull", "gamma", "wiener"])),
        "shape": 1.5,
        "scale_h": draw(st.sampled_from([0.5, 30.0, 1e6])),
        "up_chance": draw(st.sampled_from([0.0, 0.7, 1.0])),
        "drift_per_h": draw(st.sampled_from([1e-3, 0.1])),
        "diffusion": 0.02,
        "repair_h": draw(st.sampled_from([0.0, 5.0, 200.0])),
        "slowdown": draw(st.sampled_from([0.0, 0.5, 1.0])),
        "loss_worn": draw(st.sampled_from([0.0, 1.0])),
        "staggered": draw(st.booleans()),
        "idle_ageing": draw(st.booleans()),
        **draw(st.sampled_from([{}, {"spare": "bearing"}])),
    }


@st.composite
def chains(draw: Draw, materials: int) -> str:
    """The text of a chain file of this many materials."""
    names = list(MATERIALS[:materials])
    step_h = draw(st.sampled_from([0.5, 1.0, 24.0]))
    period = draw(st.sampled_from([1, 3, 24]))
    count = draw(st.integers(1, 3))
    lanes = {f"w{n}": [f"l{k}" for k in range(draw(st.integers(1, 3)))] for n in range(count)}
    places = [f"{node}.{lane}" for node, own in lanes.items() for lane in own]
    machines: dict[str, Any] = {}
    devices: dict[str, Any] = {}
    edges: list[dict[str, Any]] = []
    nodes: dict[str, Any] = {
        "landfill": {"kind": "disposal", "eur_per_kg": 0.1, "kg_co2e_per_kg": 0.2},
        "gate": {"kind": "disposal"},
        "outlet": {"kind": "outlet", "price_eur_per_kg": 0.3, "displaced": 0.5},
        "mine": {"kind": "virgin"},
    }

    def target(source: str) -> str:
        return str(draw(st.sampled_from([p for p in (*places, *SINKS) if p != source])))

    def station(node: str, lane: str, number: int) -> dict[str, Any]:
        outputs = draw(st.integers(1, 3))
        ends = [target(f"{node}.{lane}") for _ in range(outputs)]
        good, poor = shares(draw, names, outputs), shares(draw, names, outputs)
        found: dict[str, Any] = {
            "name": f"{lane} {number}",
            "from": lane,
            "capacity_t_per_h": draw(st.sampled_from(RATES)),
            "outputs": [
                {"to": to, "good": g, "poor": p} for to, g, p in zip(ends, good, poor, strict=True)
            ],
            "machines": [f"m{len(machines) + k}" for k in range(draw(st.integers(0, 2)))],
            "kwh_per_kg": draw(st.sampled_from([0.0, 0.5])),
            "eur_per_kg": draw(st.sampled_from([0.0, 0.2, {names[0]: -1.0}])),
            "kg_co2e_per_kg": draw(st.sampled_from([0.0, {names[0]: 0.7}])),
        }
        for name in found["machines"]:
            machines[name] = machine(draw)
        if draw(st.booleans()):
            found["device"] = f"d{len(devices)}"
            devices[found["device"]] = {
                "panel_w": draw(st.sampled_from([0.0, 5.0])),
                "battery_wh": draw(st.sampled_from([0.0, 3.0])),
            }
        if draw(st.integers(0, 3)) == 0:
            found |= {"parts_kg_per_kg": {names[0]: 0.1}, "parts_from": "mine"}
        return found

    for node, own in lanes.items():
        stations, choices = [], []
        for lane in own:
            takers = draw(st.integers(0, 2))
            stations += [station(node, lane, k) for k in range(takers)]
            haulers = draw(st.integers(0 if takers else 1, 2))
            for k in range(haulers):
                edges.append(
                    {
                        "from": f"{node}.{lane}",
                        "to": target(f"{node}.{lane}"),
                        "name": f"{node} {lane} {k}",
                        "km": 10.0,
                        "eur_per_tkm": 0.1,
                        "kg_co2e_per_tkm": 0.1,
                        "lead_h": draw(st.sampled_from([0.0, 1.0, 60.0])),
                        **draw(st.sampled_from([{}, {"capacity_t_per_h": 1e-3}])),
                    }
                )
            if takers + haulers > 1 and draw(st.booleans()):
                choices.append(lane)
        works = bool(stations)
        nodes[node] = {
            "kind": draw(st.sampled_from(KINDS)) if works else "collection",
            "lanes": own,
            "room_kg": {k: 40.0 for k in own if draw(st.integers(0, 2)) == 0},
            "choices": choices,
            **({"stations": stations} if works else {}),
        }
    products: dict[str, Any] = {}
    quantities: dict[str, Any] = {}
    for n in range(draw(st.integers(0, 2))):
        quantities[f"demand {n}"] = {"unit": "kg", "value": law(draw, 20.0)}
        quantities[f"collected {n}"] = {"unit": "1", "value": law(draw, 0.6, 1.0)}
        quantities[f"wear {n}"] = {"unit": "1", "value": law(draw, 1.0)}
        period_d = period * step_h / 24.0
        products[f"p{n}"] = {
            "recipe": dict.fromkeys(names, 1.0 / materials),
            "life_d": draw(
                st.sampled_from(
                    [
                        4.0 * period_d,
                        {"law": "weibull", "shape": 1.5, "scale": 10.0 * period_d},
                        {"law": "gamma", "shape": 2.0, "scale": 2000.0 * period_d},
                    ]
                )
            ),
            "grades": [
                {
                    "name": "good",
                    "to": draw(st.sampled_from(places)),
                    "share": [[0.0, 1.0], [2, 0]],
                },
                {"name": "bad", "to": draw(st.sampled_from(places))},
            ],
            "collected": f"collected {n}",
            "lost": draw(st.sampled_from(SINKS)),
            **draw(st.sampled_from([{}, {"in_use_kg": 500.0}])),
            "wear": f"wear {n}",
        }
        own_machines = [f"m{len(machines)}"] if draw(st.booleans()) else []
        for name in own_machines:
            machines[name] = machine(draw)
        nodes[f"maker {n}"] = {
            "kind": "manufacturing",
            "product": f"p{n}",
            "capacity_t_per_h": draw(st.sampled_from(RATES)),
            "secondary": {name: draw(st.sampled_from(places)) for name in names},
            "secondary_share": draw(st.sampled_from([0.0, 0.9, 1.0])),
            "kwh_per_kg": 1.0,
            "lead_h": draw(st.sampled_from([0.0, 30.0])),
            "machines": own_machines,
            **draw(st.sampled_from([{}, {"virgin": "mine"}])),
        }
        nodes[f"market {n}"] = {
            "kind": "market",
            "product": f"p{n}",
            "maker": f"maker {n}",
            "demand": f"demand {n}",
            "price_eur_per_kg": 2.0,
            "backlog": draw(st.booleans()),
            "holding_eur_per_kg": 0.01,
            "penalty_eur_per_kg": 0.5,
            "cover_periods": 2.0,
            "window_periods": draw(st.sampled_from([1, 5])),
            **draw(st.sampled_from([{}, {"room_kg": 60.0}])),
        }
    chain = {
        "chain": {"name": "random", "step_h": step_h, "period": period},
        "materials": {
            name: {"virgin_eur_per_kg": 1.0, "virgin_kg_co2e_per_kg": 2.0} for name in names
        },
        "products": products,
        "quantities": quantities,
        "nodes": nodes,
        "edges": edges,
        "crews": {"crews": draw(st.integers(0, 2))},
        "machines": machines,
        "devices": devices,
        "spares": {"bearing": {"base_stock": draw(st.integers(0, 1)), "lead_h": 10.0}},
        "start": {place: {names[0]: 30.0} for place in places},
    }
    return tomli_w.dumps(chain)


def built(text: str) -> ChainModel | None:
    """The chain of a text; None if it is one that a file may not describe."""
    try:
        return build(load_chain(text))
    except BadInput:
        return None
