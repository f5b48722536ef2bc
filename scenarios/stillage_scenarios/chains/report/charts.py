"""Draw the charts of a chain world's report: lines with bands, machine strips, energy bars."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillage.report import plots, words
from stillage.report.figures import about
from stillage_scenarios.chains.kpis import KPIS
from stillage_scenarios.chains.report.results import Band, Results
from stillage_sim.chain.arrays import PROCESSES
from stillage_sim.devices.power import BATTERY, DEVICE, GRID, LOST, SOURCE, SPILLED
from stillage_sim.indicators.emissions import J_PER_KWH

Floats = NDArray[np.float64]

_KPI_CHARTS = ("profit_eur", "recycled_input_rate", "purity", "fill_rate", "co2e_kg", "mci")
_STOCK_CHARTS = 12
"""Stocks that are drawn at most: those that held most."""

_ENERGY = (
    ("used by the device", DEVICE, "var(--copper)"),
    ("lost in conversion", LOST, "var(--grey)"),
    ("left in the battery", BATTERY, "var(--green)"),
    ("spilled", SPILLED, "var(--line)"),
)
"""Accounts of a device's ledger: what they are called, and their colours."""


def lines(name: str, title: str, days: Floats, band: Band, other: Floats | None, unit: str) -> str:
    """Draw a mean with its band over days, and another's mean, dashed."""
    with plots.figure(1.9, 3.5) as (made, axes):
        axes.fill_between(
            days, band.low, band.high, color=plots.STAND_INS["copper"], alpha=0.22, linewidth=0
        )
        axes.plot(days, band.mean, color=plots.STAND_INS["copper"], linewidth=1.8)
        if other is not None:
            axes.plot(
                days, other, color=plots.STAND_INS["muted"], linewidth=1.3, linestyle=(0, (3, 2))
            )
        axes.tick_params(length=0)
        axes.set_xlabel("d")
        axes.margins(x=0.01)
        from_zero(axes, band, other)
        axes.yaxis.set_major_formatter(lambda value, _: words.brief(value))
        said = (
            f"{title} over {words.number(float(days[-1]))} d: from "
            f"{words.quantity(float(band.mean[0]), unit)} to "
            f"{words.quantity(float(band.mean[-1]), unit)}"
        )
        return str(plots.svg(made, name, said))


def from_zero(axes: Any, band: Band, other: Floats | None) -> None:
    """Let the axis begin at 0 where that costs little of the picture, and hold all that is drawn.

    Where few replicas have any, the mean lies above the band.
    """
    values = [band.mean, band.low, band.high, *([] if other is None else [other])]
    low, high = min(float(v.min()) for v in values), max(float(v.max()) for v in values)
    if low >= 0.0 and (low < 0.6 * high or high == 0.0):
        axes.set_ylim(0.0, high * 1.05 or 1.0)
    elif high - low <= 1e-9 * max(abs(high), 1.0):
        axes.set_ylim(low - 0.05 * abs(low) - 1e-6, high + 0.05 * abs(high) + 1e-6)


def kpi_charts(results: Results) -> Iterator[tuple[str, str]]:
    """Draw KPIs of every frame: title and SVG of each."""
    known, names = about(results.figures), list(KPIS)
    ours = results.of(results.shown, "frame_kpis")
    theirs = results.mean(results.other, "frame_kpis") if results.other else None
    for name in _KPI_CHARTS:
        if name in known:
            n, unit = names.index(name), known[name]["unit"]
            title = words.kpi_name(name, unit)
            sign = words.unit_sign(unit)
            yield (
                f"{title}, {sign}" if sign else title,
                lines(
                    f"period-{name}", title, results.days, Band.of(ours[..., n]),
                    None if theirs is None else theirs[:, n], unit,
                ),
            )  # fmt: skip


def stock_charts(results: Results) -> Iterator[tuple[str, str]]:
    """Draw the stocks that held most, without sinks and supplies: title and SVG of each."""
    ours = results.of(results.shown, "frame_stock")
    theirs = results.mean(results.other, "frame_stock") if results.other else None
    accounts = results.model.accounts
    most = ours.mean(0).max(0)
    kept = [
        n
        for n, account in enumerate(accounts)
        if not (account.sink or account.supply) and most[n] > 0.5
    ]
    kept = sorted(sorted(kept, key=lambda n: -most[n])[:_STOCK_CHARTS])
    for n in kept:
        yield (
            f"{_stock_name(results, n)}, kg",
            lines(
                f"stock-{n}", accounts[n].name, results.days, Band.of(ours[..., n]),
                None if theirs is None else theirs[:, n], "kg",
            ),
        )  # fmt: skip


def _stock_name(results: Results, n: int) -> str:
    account = results.model.accounts[n]
    return f"on the way: {account.name}" if account.kind == "transit" else account.name


def machine_strips(results: Results) -> str:
    """Draw two strips a machine: replica 0, and the mean of all, dark where it was down."""
    up = results.of(results.shown, "frame_up")
    one, mean = 1.0 - up[0], 1.0 - up.mean(0)
    darkest = max(float(mean.max()), 1e-9)
    days = results.days
    edges = np.concatenate([[0.0], days]) / days[-1]
    rows = []
    for k, name in enumerate(results.model.machines):
        whole = float(_weighted(up[..., k].mean(0), days))
        strips = _strip(edges, one[:, k], 1.0, days) + _strip(edges, mean[:, k], darkest, days, 17)
        rows.append(
            f'<div style="margin:.5rem 0"><div style="display:flex;gap:1rem;'
            f'justify-content:space-between;font-size:.9rem"><span style="font-weight:600">'
            f'{escape(name)}</span><span style="color:var(--muted)">up '
            f"{100 * whole:.2f}% of the time</span></div>"
            f'<svg role="img" aria-label="{escape(name)}: up {100 * whole:.2f}% of the time" '
            f'viewBox="0 0 1000 31" preserveAspectRatio="none" '
            f'style="display:block;width:100%;height:31px">{strips}</svg></div>'
        )
    count = results.run.config.replicas
    axis = (
        '<div style="display:flex;justify-content:space-between;color:var(--muted);'
        f'font-size:.8rem"><span>0 d</span><span>{words.number(float(days[-1]))} d</span></div>'
    )
    return (
        f'<p class="note">Dark where a machine was down, with the '
        f"{escape(results.labels[results.shown])}. Upper strip: the first of {count:,} simulated "
        f"runs; full colour is down all the time. Lower strip: mean of all; full colour is "
        f"{100 * darkest:.2g}% of the time.</p>{''.join(rows)}{axis}"
    )


def _weighted(values: Floats, days: Floats) -> Floats:
    """Average over frames, which may differ in length."""
    return np.asarray(np.average(values, weights=np.diff(days, prepend=0.0)))


def _strip(edges: Floats, down: Floats, darkest: float, days: Floats, top: int = 0) -> str:
    cells = [
        f'<rect x="0" y="{top}" width="1000" height="14" fill="var(--wash)"/>',
    ]
    for n, value in enumerate(down):
        if value > 1e-6:
            x, wide = 1000 * edges[n], 1000 * (edges[n + 1] - edges[n])
            shade = 0.15 + 0.85 * min(float(value) / darkest, 1.0)
            day = words.number(float(days[n]))
            cells.append(
                f'<rect x="{x:.1f}" y="{top}" width="{wide:.1f}" height="14" '
                f'fill="var(--copper)" fill-opacity="{shade:.2f}">'
                f"<title>to day {day}: down {100 * float(value):.1f}%</title></rect>"
            )
    return "".join(cells)


def energy(results: Results) -> str:
    """Draw bars of every policy's device joules and mains, and the battery's level over time."""
    parts = []
    if results.model.devices:
        parts += [_device(results, d, name) for d, name in enumerate(results.model.devices)]
    else:
        parts.append("<p>No devices in this chain.</p>")
    rows = [
        (results.labels[policy], float(results.mean(policy, "mains")[PROCESSES, 0]) / J_PER_KWH)
        for policy in results.policies
    ]
    most = max((value for _, value in rows), default=0.0) or 1.0
    bars = "".join(
        _row(label, f"{words.number(value)} kWh", [(value / most, "var(--blue)", "mains")])
        for label, value in rows
    )
    return "".join(parts) + f"<h3>Mains of processes</h3>{bars}"


def _device(results: Results, d: int, name: str) -> str:
    """Draw where a device's joules went under every policy."""
    each = {policy: results.mean(policy, "energy")[:, d] for policy in results.policies}
    most = max((-float(row[SOURCE] + row[GRID]) for row in each.values()), default=0.0) or 1.0
    legend = " ".join(
        f'<span style="white-space:nowrap;margin-right:1rem"><span style="display:inline-block;'
        f'width:.7rem;height:.7rem;border-radius:3px;background:{colour}"></span> {label}</span>'
        for label, _, colour in _ENERGY
    )
    rows = []
    for policy, row in each.items():
        came = -float(row[SOURCE] + row[GRID])
        cells = [(float(row[a]) / most, colour, label) for label, a, colour in _ENERGY]
        used = words.number(float(row[DEVICE]) / J_PER_KWH)
        told = f"{words.number(came / J_PER_KWH)} kWh in, {used} used"
        rows.append(_row(results.labels[policy], told, cells))
    band = Band.of(results.of(results.shown, "frame_energy")[:, :, BATTERY, d] / 3600.0)
    other = None
    if "teacher" in results.policies and results.shown != "teacher":
        other = results.mean("teacher", "frame_energy")[:, BATTERY, d] / 3600.0
    level = lines(f"battery-{d}", f"Battery of {name}", results.days, band, other, "Wh")
    dashed = "; dashed: teacher" if other is not None else ""
    return (
        f'<h3>{escape(name)}: where its solar energy went</h3><p class="note">{legend}</p>'
        f"{''.join(rows)}"
        '<div class="gridded tight"><figure style="margin-top:1rem">'
        f"<h3>{escape(name)}: battery over time, Wh</h3>{level}<figcaption>"
        f"{escape(results.labels[results.shown])}, 95% band{dashed}"
        "</figcaption></figure></div>"
    )


def _row(label: str, told: str, cells: list[tuple[float, str, str]]) -> str:
    """Draw a labelled bar of several parts, each a share of the whole width."""
    x, rects = 0.0, []
    for share, colour, what in cells:
        wide = max(share, 0.0) * 1000
        rects.append(
            f'<rect x="{x:.1f}" y="0" width="{wide:.1f}" height="12" fill="{colour}">'
            f"<title>{escape(what)}</title></rect>"
        )
        x += wide
    return (
        '<div style="margin:.35rem 0"><div style="display:flex;flex-wrap:wrap;gap:0 1rem;'
        f'justify-content:space-between;font-size:.88rem"><span>{escape(label)}</span>'
        f'<span style="color:var(--muted)">{escape(told)}</span></div>'
        f'<svg role="img" aria-label="{escape(label)}: {escape(told)}" viewBox="0 0 1000 12" '
        f'preserveAspectRatio="none" style="display:block;width:100%;height:12px">'
        f"{''.join(rects)}</svg></div>"
    )
