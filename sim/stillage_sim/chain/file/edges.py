"""Edges of a chain file are transports between lanes."""

from __future__ import annotations

from stillage_sim.chain.file.nodes import Scope
from stillage_sim.chain.file.table import Name, Table, number, word


class Edge(Table):
    """An edge is a transport; between nodes with several lanes it carries those that both have."""

    source: str = word("Lane `node.lane`, or a node.", alias="from")
    to: str = word("Lane `node.lane`, or a node.")
    lanes: tuple[Name, ...] = word("Lanes that it carries; none: all that both nodes have.", ())
    name: Name | None = word("Its name as an alternative; none: where it goes.", None)
    km: float = number("km", "Distance.", 0.0, ge=0, le=1e6)
    lead_h: float = number("h", "Time on the way, in whole steps.", 0.0, ge=0, le=100_000)
    capacity_t_per_h: float | None = number("t/h", "Of each lane; none: any.", None, gt=0, le=1e9)
    eur_per_tkm: float = number("EUR/(t km)", "Freight.", 0.0, ge=0, le=1e6)
    eur_per_kg: float = number("EUR/kg", "Handling, whatever the distance.", 0.0, ge=-1e6, le=1e6)
    kg_co2e_per_tkm: float = number("kg/(t km)", "Emissions.", 0.0, ge=0, le=1e6)
    scope: Scope = word("What they count as.", "scope_3")
