"""Tables of a chain file for materials, products and quantities."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stillage_sim.chain.file.table import Amount, Name, Share, Table, Text, number, word
from stillage_sim.uncertainty.build import Uncertain
from stillage_sim.uncertainty.laws import Law


class Material(Table):
    """A material, with what it costs and emits to win it anew."""

    summary: Text = word("What it is.", "")
    virgin_eur_per_kg: float = number("EUR/kg", "Price of virgin material.", 0.0, ge=0, le=1e9)
    virgin_kg_co2e_per_kg: float = number("kg/kg", "Emissions of winning it.", 0.0, ge=-1e6, le=1e6)


class Grade(Table):
    """A grade is a class of quality of what comes back."""

    name: Name = word("Its name.")
    to: str = word("Lane that it comes back to.")
    share: tuple[tuple[Amount, Share], ...] | None = number(
        "1",
        "Points of age (in mean lives) and share, linear between; left out in one grade: what "
        "the others leave.",
        None,
        min_length=1,
    )


class Product(Table):
    """A product, with what it is made of, how long it lives, and where it comes back."""

    summary: Text = word("What it is.", "")
    recipe: dict[str, Amount] = number(
        "kg",
        "Each material of a unit, or its share: they sum to unit_kg, or to 1; or file and stream.",
        min_length=1,
    )
    unit_kg: float = number("kg", "Mass of a unit.", 1.0, gt=0, le=1e9)
    life_d: Law = number("d", "How long it is in use (a law).")
    cohort_periods: int | None = number(
        "1", "Width of an age class; none: 1, or what 400 classes need.", None, ge=1, le=1_000_000
    )
    grades: tuple[Grade, ...] = word("From best to worst.", min_length=1, max_length=16)
    wear: Name | None = word("Quantity: how hard it was used; multiplies its age.", None)
    collected: Name = word("Quantity: share that comes back at the end of use.")
    lost: str = word("Lane of what does not come back.")
    in_use_kg: float | None = number(
        "kg", "In use at first; none: the steady state of the mean demand.", None, ge=0, le=1e15
    )


class Quantity(Table):
    """A quantity is uncertain: a number, a law or a recorded series, anew in every period."""

    unit: Annotated[str, Field(min_length=1, max_length=32)] = word("Its unit.")
    value: Uncertain = word("A number, a law or a series.")
    source: Text = word("Where it is from; none: assumed.", "assumed")
