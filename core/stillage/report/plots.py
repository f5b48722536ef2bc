"""Draw plots as inline SVG that follow the page's colours, light or dark.

matplotlib draws with stand-in colours, which become CSS variables afterwards. Text stays
text. The same figures give the same bytes.
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from markupsafe import Markup, escape

from stillage.report import words

STAND_INS = {
    "ink": "#000101",
    "muted": "#000102",
    "line": "#000103",
    "card": "#000104",
    "copper": "#000105",
    "green": "#000106",
    "blue": "#000107",
    "grey": "#000108",
}
"""For each colour of the page, one that no plot would use: it is replaced in the SVG's text."""
_WIDTH_IN = 4.7
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"


@functools.cache
def _style() -> Any:
    ink, muted, line = STAND_INS["ink"], STAND_INS["muted"], STAND_INS["line"]
    return {
        "svg.hashsalt": "stillage",
        "svg.fonttype": "none",
        "text.parse_math": False,
        "font.size": 10.5,
        "text.color": ink,
        "axes.edgecolor": line,
        "axes.labelcolor": muted,
        "axes.facecolor": "none",
        "figure.facecolor": "none",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.titlesize": 10.5,
        "axes.titlelocation": "left",
        "grid.color": line,
        "grid.linewidth": 0.6,
        "xtick.color": line,
        "ytick.color": line,
        "xtick.labelcolor": muted,
        "ytick.labelcolor": ink,
        "legend.frameon": False,
        "legend.labelcolor": ink,
        "legend.fontsize": 9.0,
    }


@contextmanager
def figure(height_in: float, width_in: float = _WIDTH_IN) -> Iterator[tuple[Any, Any]]:
    """Make a figure and its axes in the report's style, off screen."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(_style()):
        made = Figure(figsize=(width_in, height_in), layout="constrained")
        FigureCanvasSVG(made)
        yield made, made.add_subplot()


def svg(made: Any, name: str, description: str) -> Markup:
    """Write the figure as an inline SVG element, described for those who cannot see it.

    Parameters
    ----------
    made : Any
        A matplotlib Figure.
    name : str
        Prefix of all ids, unique on the page.
    description : str
        What the plot shows, in words.
    """
    stream = io.StringIO()
    made.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.S)
    # ids are unique to a page, not to a drawing: each gets the plot's name in front
    prefix = re.sub(r"[^a-z0-9]+", "-", name.lower())
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r"url\(#", f"url(#{prefix}-", text)
    text = re.sub(r'xlink:href="#', f'xlink:href="#{prefix}-', text)
    for variable, stand_in in STAND_INS.items():
        text = text.replace(stand_in, f"var(--{variable})")
    text = re.sub(r"font-family: [^;\"]+", f"font-family: {_FONT}", text)
    text = re.sub(r"(font: [\d.]+px) [^;\"]+", rf"\1 {_FONT}", text)
    # without a size in points the plot fills the page's width
    text = re.sub(r'(<svg [^>]*?)width="[^"]*pt" height="[^"]*pt"', r"\1", text, count=1)
    text = re.sub(r'(<svg [^>]*?)height="[^"]*pt"', r"\1", text, count=1)
    text = re.sub(r'(<svg [^>]*?)\swidth="[^"]*pt"', r"\1", text, count=1)
    label = escape(description)
    return Markup(text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1))  # noqa: S704


def forest(
    name: str,
    description: str,
    rows: Sequence[tuple[str, str, Mapping[str, float]]],
    *,
    zero: bool = False,
    unit: str = "",
) -> Markup:
    """Draw means with intervals, one row each, from top to bottom.

    Parameters
    ----------
    name, description : str
        As :func:`svg`.
    rows : sequence of (label, colour, interval)
        A colour is a key of :data:`STAND_INS`; an interval has ``mean``, ``low`` and ``high``.
    zero : bool
        Whether to draw the line at 0, for differences.
    unit : str
        Axis label.
    """
    with figure(0.62 + 0.27 * len(rows)) as (made, axes):
        for place, (_, colour, interval) in enumerate(rows):
            axes.plot(
                [interval["low"], interval["high"]], [place, place],
                color=STAND_INS[colour], linewidth=2.4, solid_capstyle="round", alpha=0.55,
            )  # fmt: skip
            axes.plot(
                interval["mean"], place, "o", color=STAND_INS[colour], markersize=6.5,
                markeredgecolor=STAND_INS["card"], markeredgewidth=1.0,
            )  # fmt: skip
        if zero:
            axes.axvline(0.0, color=STAND_INS["muted"], linewidth=1.0, linestyle=(0, (3, 2)))
        _rows(axes, [shorten(label) for label, _, _ in rows])
        axes.margins(x=0.06)
        if unit:
            axes.set_xlabel(unit)
        return svg(made, name, description)


def bars(
    name: str,
    description: str,
    rows: Sequence[tuple[str, str, Mapping[str, float]]],
    *,
    unit: str = "",
) -> Markup:
    """Draw horizontal bars from 0 with intervals; arguments as :func:`forest`."""
    with figure(0.62 + 0.27 * len(rows)) as (made, axes):
        for place, (_, colour, interval) in enumerate(rows):
            mean, low, high = interval["mean"], interval["low"], interval["high"]
            solid = colour != "grey"
            axes.barh(place, mean, 0.62, color=STAND_INS[colour], alpha=0.8 if solid else 0.55)
            axes.plot([low, high], [place, place], color=STAND_INS["ink"], linewidth=1.3)
        axes.axvline(0.0, color=STAND_INS["line"], linewidth=1.0)
        if not any(abs(interval[end]) > 0.0 for _, _, interval in rows for end in interval):
            axes.set_xlim(0.0, 1.0)  # all are 0: matplotlib would scale the axis to hundredths
        _rows(axes, [shorten(label) for label, _, _ in rows])
        if unit:
            axes.set_xlabel(unit)
        return svg(made, name, description)


def _rows(axes: Any, labels: Sequence[str]) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="both", length=0)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    if max(map(abs, axes.get_xlim())) >= 1e4:
        axes.xaxis.set_major_formatter(lambda value, _: words.brief(value))


def shorten(label: str, most: int = 28) -> str:
    """Shorten a label, to leave room for the plot.

    >>> shorten("a" * 40)
    'aaaaaaaaaaaaaaaaaaaaaaaaaaa…'
    """
    return label if len(label) <= most else label[: most - 1] + "…"


def curves(
    name: str,
    description: str,
    lines: Sequence[tuple[str, str, Sequence[tuple[Sequence[float], Sequence[float]]]]],
    *,
    xlabel: str,
    ylabel: str,
    log: bool = False,
) -> Markup:
    """Draw a thin line for every seed in the colour of its arm, with one legend entry an arm.

    ``lines`` are (label, colour, ``(x, y)`` of every seed); grey ones are dashed.
    """
    from matplotlib.ticker import LogLocator

    with figure(3.0) as (made, axes):
        for label, colour, seeds in lines:
            for place, (steps, values) in enumerate(seeds):
                axes.plot(
                    steps, values, color=STAND_INS[colour], linewidth=1.3, alpha=0.75,
                    linestyle="-" if colour != "grey" else (0, (4, 2)),
                    label=label if place == 0 else None,
                )  # fmt: skip
        if log:
            axes.set_yscale("log")
            for axis in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
                axis(lambda value, _: words.number(value, 2))
            axes.yaxis.set_minor_locator(LogLocator(subs=(2.0, 5.0)))
        axes.tick_params(length=0, which="both")
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        made.legend(loc="outside upper left", ncols=2, columnspacing=1.2, handlelength=1.4)
        return svg(made, name, description)


def scatter(
    name: str,
    description: str,
    points: Sequence[tuple[str, str, str, float, Mapping[str, float]]],
    *,
    xlabel: str,
    xunit: str,
    ylabel: str,
) -> Markup:
    """Draw labelled points with vertical intervals over a logarithmic x axis.

    ``points`` are (label, colour, precision, x in ``xunit``, interval); INT8 ones are square.
    """
    with figure(2.9) as (made, axes):
        for label, colour, precision, x, interval in points:
            axes.plot(
                [x, x], [interval["low"], interval["high"]], color=STAND_INS[colour], alpha=0.5
            )
            axes.plot(
                x, interval["mean"], "s" if precision == "int8" else "o", color=STAND_INS[colour],
                markersize=7, markeredgecolor=STAND_INS["card"], label=label,
            )  # fmt: skip
        axes.set_xscale("log")
        axes.margins(x=0.15, y=0.12)
        axes.xaxis.set_major_formatter(lambda x, _: words.quantity(x, xunit))
        axes.xaxis.set_minor_formatter("")
        axes.tick_params(length=0, which="both")
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        made.legend(loc="outside upper left", ncols=2, columnspacing=1.2, handletextpad=0.3)
        return svg(made, name, description)
