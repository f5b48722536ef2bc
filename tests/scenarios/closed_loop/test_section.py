"""What the report's sections show of figures, where a figure is awkward."""

from __future__ import annotations

import numpy as np

from stillage.report import plots
from stillage_scenarios.closed_loop import charts, section
from stillage_scenarios.closed_loop.results import Band


def test_a_mean_beyond_its_band_stays_in_the_picture() -> None:
    """A lane that holds something in one replica of a hundred: band 0 to 0, mean above it."""
    stock = np.zeros((100, 5))
    stock[0] = 700.0
    band = Band.of(stock)
    assert band.high.max() < band.mean.max()
    with plots.figure(1.0, 1.0) as (_, axes):
        axes.plot(band.mean)
        charts._from_zero(axes, band, None)
        assert axes.get_ylim()[1] > band.mean.max()


def test_rounding_is_shown_as_nothing() -> None:
    shown = section._difference({"mean": 2.1, "low": -1.78e-17, "high": 6.53}, "h")
    assert "0 to +6.53" in shown
    assert "e−" not in shown
    tiny = section._difference({"mean": 2e-17, "low": 1e-17, "high": 3e-17}, "h")
    assert "1e−17 to +3e−17" in tiny, "small figures are figures where all are small"
