"""Options of the readers of events; light."""

from __future__ import annotations

from stillage.plugin.options import Options, option


class WindowOptions(Options):
    """Options of the readers ``event-file`` and ``aedat4``."""

    window_ms: float = option(
        50.0,
        "length of a sample; a last one that the file does not fill is left out",
        unit="ms",
        ge=0.001,
        lt=2**31 / 1000.0,
    )
    block: int = option(
        10, "neighbouring samples that make one group, which no split cuts", unit="1", ge=1
    )
    neighbour_ms: float = option(
        0.0,
        "leave out events without one at a neighbouring pixel in so long before; 0: none",
        unit="ms",
        source="10 ms is usual (Delbruck 2008)",
        ge=0.0,
        le=10_000.0,
    )
    rest_ms: float = option(
        0.0,
        "leave out events so soon after their pixel's last; 0: none",
        unit="ms",
        source="1 ms is usual",
        ge=0.0,
        le=10_000.0,
    )


class SliderOptions(Options):
    """Options of the reader ``slider-depth``."""

    window_ms: float = option(5.0, "length of a sample of events", unit="ms", ge=0.1, le=10_000.0)


class VideoEventOptions(Options):
    """Options of the reader ``video-events``."""

    frames: int = option(
        8, "frames of a sample, whose events reach to the next one's first frame", unit="1", ge=2
    )
    block: int = option(5, "neighbouring samples that make one group", unit="1", ge=1)
    width: int = option(0, "scale frames to it; 0: as they are", unit="px", ge=0)
    height: int = option(0, "scale frames to it; 0: as they are", unit="px", ge=0)
    noisy: bool = option(False, "v2e's preset for poor light, instead of that for good light")
    seed: int = option(0, "of the pixels' thresholds and noise", unit="1")
