"""Read and check a chain file: TOML that describes a circular supply chain.

Every key is in docs/simulator/chains.md. :func:`load_chain` reads a file, and
:func:`stillage_sim.chain.building.model.build` turns it into arrays.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, PrivateAttr, ValidationError

from stillage.errors import BadInput
from stillage_sim.chain.file.edges import Edge
from stillage_sim.chain.file.errors import one_line, shown
from stillage_sim.chain.file.nodes import Node
from stillage_sim.chain.file.products import Material, Product, Quantity
from stillage_sim.chain.file.recipes import read_recipes
from stillage_sim.chain.file.sources import Figure, cite, figures
from stillage_sim.chain.file.table import Amount, Name, Table, Text, number, word
from stillage_sim.devices.settings import DeviceSettings, GridSettings, SkySettings
from stillage_sim.machines.settings import MachineSettings, SpareSettings
from stillage_sim.uncertainty import laws
from stillage_sim.uncertainty.series import Recorded

MOST_BYTES = 1_000_000
_MOST_DEPTH = 32
_FOREIGN: dict[str, type[BaseModel]] = {
    "devices": DeviceSettings,
    "machines": MachineSettings,
    "spares": SpareSettings,
    "sky": SkySettings,
    "grid": GridSettings,
    "recorded": Recorded,
    **{
        str(law.model_fields["law"].default): law
        for law in (
            laws.Constant, laws.Uniform, laws.Triangular, laws.Normal, laws.Lognormal, laws.Gamma,
            laws.Beta, laws.Poisson, laws.Weibull, laws.Empirical,
        )
    },
}  # fmt: skip
"""Tables that are declared elsewhere, for messages."""


class ChainSettings(Table):
    """Settings of the chain as a whole: its name, its steps and periods, and its start."""

    name: Text = word("Its name.", min_length=1)
    summary: Text = word("What it is.", "")
    step_h: float = number("h", "Hours of a step.", 1.0, gt=0, le=24)
    period: int = number("1", "Steps of a period; quantities are drawn anew.", 24, ge=1, le=8760)
    start_day: int = number(
        "d", "Day of the year that it starts on; 0 is 1 January.", 0, ge=0, lt=365
    )
    start_weekday: int = number("1", "Weekday that it starts on; 0 is Monday.", 0, ge=0, lt=7)
    order_levels: tuple[Annotated[float, Field(ge=0, le=1000)], ...] = number(
        "1", "Factors of the order-up-to level that a decision chooses from.", (0.5, 1.0, 1.5),
        min_length=1, max_length=64,
    )  # fmt: skip


class Crews(Table):
    """The repair crews that all machines share."""

    crews: int = number("1", "Repair crews.", 1, ge=0, le=4096)
    callout_eur: float = number("EUR", "Of a crew that comes while none is there.", 0.0, ge=0)


class ChainFile(Table):
    """A whole chain file, checked key by key; how its parts fit together is checked in building."""

    chain: ChainSettings = word("The chain as a whole.")
    materials: dict[Name, Material] = word("Materials.", min_length=1, max_length=64)
    products: dict[Name, Product] = word("Products and their use.", {}, max_length=64)
    quantities: dict[Name, Quantity] = word("What is uncertain.", {}, max_length=512)
    nodes: dict[Name, Node] = word("Nodes.", min_length=1, max_length=1000)
    edges: tuple[Edge, ...] = word("Transports.", (), max_length=4000)
    crews: Crews = word("Repair crews.", Crews())
    machines: dict[Name, MachineSettings] = word("Machines.", {}, max_length=4096)
    spares: dict[Name, SpareSettings] = word("Spare parts.", {}, max_length=256)
    sky: SkySettings = word("Sun and cloud.", SkySettings())
    devices: dict[Name, DeviceSettings] = word("Devices.", {}, max_length=256)
    grid: GridSettings = word("Mains electricity.", GridSettings())
    start: dict[str, dict[str, Amount] | Amount] = number(
        "kg", "Stocks at first: by lane, by material; a market's may be a plain number.", {}
    )

    _label: str = PrivateAttr(default="chain")
    _folder: Path | None = PrivateAttr(default=None)
    _cited: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def label(self) -> str:
        """Return the name by which messages call the file."""
        return self._label

    @property
    def folder(self) -> Path | None:
        """Return the folder within which the file's series lie; None for a text."""
        return self._folder

    def sources(self) -> list[Figure]:
        """List every number, defaults included, with its unit and source (or ``assumed``)."""
        return figures(self, self._cited)


def load_chain(path_or_text: str | Path) -> ChainFile:
    r"""Read a chain file; a text of several lines is taken for its content.

    Raises
    ------
    BadInput
        One line that names the file, the key, what was found and what was expected.

    >>> load_chain("[chain]\nname = 'none'\n[nodes]\n[materials.PET]\nsumary = 'clear'")
    Traceback (most recent call last):
        ...
    stillage.errors.BadInput: chain: materials.PET: found unknown key 'sumary', expected ...
    """
    text, label, folder = _text(path_or_text)
    values = _parse(text, label)
    try:
        plain, cited = cite(values)
    except BadInput as error:
        raise BadInput(f"{label}: {error}") from None
    # Their settings ask for a name, and the sky for a day, so both are set before validation.
    for kind in ("machines", "spares"):
        _name_entries(plain.get(kind), kind, label)
    _date_sky(plain, label)
    cited = read_recipes(plain.get("products"), folder, label) | cited
    try:
        found = ChainFile.model_validate(plain)
    except ValidationError as error:
        raise one_line(error, plain, label, _FOREIGN) from None
    found._label, found._folder, found._cited = label, folder, cited
    return found


def _text(path_or_text: str | Path) -> tuple[str, str, Path | None]:
    """Return the content of a file, how messages call it, and its folder."""
    if isinstance(path_or_text, str) and "\n" in path_or_text:
        if len(path_or_text) > MOST_BYTES:
            raise BadInput("chain", f"{len(path_or_text)} characters", f"at most {MOST_BYTES}")
        return path_or_text, "chain", None
    path = Path(path_or_text)
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            # One byte more than allowed shows a file that is too large, whatever its size says.
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise BadInput(path, f"{max(size, len(content))} bytes", f"at most {MOST_BYTES}")
        return content.decode("utf-8"), str(path), path.parent
    except FileNotFoundError:
        raise BadInput(path, "no such file", "a chain file (TOML)") from None
    except UnicodeDecodeError as error:
        raise BadInput(path, f"no UTF-8 ({error.reason})", "a chain file (TOML)") from None
    except BadInput:
        raise
    except (OSError, ValueError) as error:
        found = getattr(error, "strerror", None) or error
        raise BadInput(path, found, "a readable file") from None


def _parse(text: str, label: str) -> dict[str, Any]:
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number may be too long, too
        found = str(error) if isinstance(error, ValueError) else "tables too deep"
        raise BadInput(label, f"no TOML ({found})", "a chain file") from None
    if _depth(values) > _MOST_DEPTH:
        raise BadInput(label, "tables too deep", f"at most {_MOST_DEPTH} within each other")
    return values


def _depth(values: Any) -> int:
    """Count how deep tables and lists are nested; without recursion: a file may be hostile."""
    level, depth = [values], 0
    while level and depth <= _MOST_DEPTH:
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner.extend(value.values())
            elif isinstance(value, list):
                inner.extend(value)
        level, depth = inner, depth + 1
    return depth


def _date_sky(values: dict[str, Any], label: str) -> None:
    """Let the sky start on the chain's day, so that a file says it once."""
    chain, sky = values.get("chain"), values.get("sky", {})
    if isinstance(sky, dict):
        if "first_day" in sky:
            raise BadInput(f"{label}: sky.first_day", shown(sky["first_day"]), "chain.start_day")
        day = chain.get("start_day", 0) if isinstance(chain, dict) else 0
        values["sky"] = {**sky, "first_day": day}


def _name_entries(entries: Any, kind: str, label: str) -> None:
    """Give machines and spare parts their names, which in a file are their tables'."""
    if not isinstance(entries, Mapping):
        return
    for name, entry in entries.items():
        if not isinstance(entry, dict):
            raise BadInput(f"{label}: {kind}.{name}", shown(entry), "a table")
        if "name" in entry:
            raise BadInput(f"{label}: {kind}.{name}.name", shown(entry["name"]), "no such key")
        entry["name"] = name
