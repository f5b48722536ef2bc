"""A small chain in which every kind of node occurs, as the values of its file."""

from __future__ import annotations

from typing import Any

import tomli_w

from stillage_sim.chain.building.model import build
from stillage_sim.chain.file.load import load_chain
from stillage_sim.chain.model import ChainModel

GLASS: dict[str, Any] = {
    "chain": {"name": "glass"},
    "materials": {
        "clear": {"virgin_eur_per_kg": 0.05, "virgin_kg_co2e_per_kg": 1.0},
        "green": {"virgin_eur_per_kg": {"value": 0.05, "source": "table 2"}},
        "brown": {},
        "amber": {},  # four, as the shipped chains have: kernels are compiled for a number
    },
    "products": {
        "bottle": {
            "recipe": {"clear": 0.3, "green": 0.2},
            "unit_kg": 0.5,
            "life_d": {"law": "gamma", "shape": 2.0, "scale": 10.0},
            "grades": [
                {"name": "whole", "to": "bin.whole", "share": [[0.0, 1.0], [2.0, 0.0]]},
                {"name": "shards", "to": "bin.shards"},
            ],
            "collected": "collected",
            "lost": "pit",
        }
    },
    "quantities": {
        "demand": {
            "unit": "units",
            "value": {"law": "poisson", "mean": 100},
            "source": "survey",
        },
        "collected": {"unit": "1", "value": 0.8},
    },
    "nodes": {
        "bin": {"kind": "collection", "lanes": ["whole", "shards"]},
        "sorter": {
            "kind": "sorting",
            "lanes": ["whole", "shards", "cullet"],
            "room_kg": {"cullet": 1000.0},
            "choices": ["whole"],
            "stations": [
                {
                    "name": "optical",
                    "from": "shards",
                    "capacity_t_per_h": 0.1,
                    "machines": ["belt"],
                    "device": "camera",
                    "perceives": "material",
                    "outputs": [
                        {"to": "cullet", "class": "clear", "good": {"clear": 0.9, "green": 0.1}},
                        {"to": "dump"},
                    ],
                },
                {
                    "name": "crush",
                    "from": "whole",
                    "capacity_t_per_h": 0.1,
                    "outputs": [{"to": "shards"}],
                },
                {
                    "name": "sell",
                    "from": "whole",
                    "capacity_t_per_h": 0.1,
                    "outputs": [{"to": "brewery"}],
                },
            ],
        },
        "furnace": {
            "kind": "manufacturing",
            "product": "bottle",
            "capacity_t_per_h": 0.1,
            "secondary": {"clear": "sorter.cullet"},
            "virgin": "quarry",
            "lead_h": 6,
        },
        "quarry": {"kind": "virgin"},
        "shop": {
            "kind": "market",
            "product": "bottle",
            "maker": "furnace",
            "demand": "demand",
            "price_eur_per_kg": 1.0,
            "cover_periods": 2.0,
        },
        "brewery": {"kind": "outlet", "price_eur_per_kg": 0.2, "displaced": 0.9},
        "dump": {"kind": "disposal", "eur_per_kg": 0.06},
        "pit": {"kind": "disposal"},
    },
    "edges": [{"from": "bin", "to": "sorter", "km": 20, "lead_h": 3, "eur_per_tkm": 0.2}],
    "machines": {"belt": {"scale_h": 500.0}},
    "devices": {"camera": {"panel_w": 10.0}},
    "start": {"shop": 100.0, "sorter.cullet": {"clear": 50.0}},
}


def loaded(values: dict[str, Any]) -> ChainModel:
    """The chain that a file of these values builds."""
    return build(load_chain(tomli_w.dumps(values) + "\n"))


BIN = """
[chain]
name = "glass"
[materials.glass]
[nodes.bin]
kind = "collection"
lanes = ["clear"]
[nodes.pit]
kind = "disposal"
[[edges]]
from = "bin.clear"
to = "pit"
"""
"""A bin that is emptied into a pit: nothing to decide, and nobody decides."""
