"""Write the report's section on what the sorting plant assumes, each figure with its source."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from stillage.plugin.overrides import checked
from stillage.report.html import table
from stillage_scenarios.items.materials import GATE_FEE, MATERIALS, SORTED
from stillage_scenarios.sorting.settings import SortingSettings

if TYPE_CHECKING:
    from stillage.rundir.folder import RunDir


def _settings_rows(settings: SortingSettings) -> list[tuple[str, str, str, str]]:
    """List name, value with unit, meaning and source of every setting."""
    rows = []
    for name, info in SortingSettings.model_fields.items():
        extra = info.json_schema_extra
        known = extra if isinstance(extra, dict) else {}
        unit = str(known.get("unit", ""))
        value = f"{getattr(settings, name)} {unit if unit != '1' else ''}".strip()
        changed = " (changed)" if getattr(settings, name) != info.default else ""
        rows.append((name, value, info.description or "", f"{known.get('source', '')}{changed}"))
    return rows


def section(run: RunDir) -> str:
    """Write the HTML: rules of the belt, its settings, and the materials' prices and carbon."""
    settings = checked(SortingSettings, run.config.settings, "settings")
    materials = [
        (
            name,
            f"{MATERIALS[name].price.value:g} EUR/t",
            MATERIALS[name].price.source,
            f"{MATERIALS[name].co2e_avoided.value:g} kg/kg",
            MATERIALS[name].co2e_avoided.source,
        )
        for name in SORTED
    ]
    rules = (
        "A right kilogram earns its bale's price, times the factor of its quality; a wrong one "
        f"costs {settings.contamination_cost:g} times the price of the bale it spoils and avoids "
        f"no CO2e; residue costs a gate fee of {GATE_FEE.value:g} EUR/t ({GATE_FEE.source}). "
        "Items that no policy decided on in time go to residue and count as missed."
    )
    return (
        f"<p>{escape(rules)}</p>"
        + table(["material", "price", "source", "CO2e avoided", "source"], materials)
        + "<details><summary>All settings of the belt</summary>"
        + table(["setting", "value", "meaning", "source"], _settings_rows(settings))
        + "</details>"
    )
