"""What this plugin registers. Light: nothing here imports torch."""

from __future__ import annotations

from stillage.plugin import hookimpl
from stillage.plugin.spec import Cost, EncoderSpec, ModalitySpec, SampleSpec, Spec

RADAR = ModalitySpec(
    name="radar",
    summary="range-Doppler map of a 60 GHz radar that looks at the belt",
    factory="stillage_radar.modality:Radar",
    sample=SampleSpec(shape=(16, 16), dtype="float32", unit="dB", axes=("doppler", "range")),
    cost=Cost(price_eur=15.0, energy_j=0.004, time_s=0.008, source="assumed: 0.5 W for 8 ms"),
    default_size="linear",
    scene_fields=("material", "thickness", "moisture", "height", "speed"),
    suffixes=(".rdm",),
    examples=(
        {
            "material": ["PP", "PET", "carton", "aluminium", "HDPE"],
            "thickness": [0.4, 0.3, 1.5, 0.2, 1.0],
            "moisture": [0.0, 0.02, 0.3, 0.01, 0.1],
            "height": [30.0, 80.0, 50.0, 20.0, 120.0],
            "speed": [0.5, 0.6, 1.1, 0.2, 0.9],
        },
    ),
)

SMALL = EncoderSpec(
    name="radar-small",
    modality="radar",
    size="small",
    summary="two convolutions over the map",
    factory="stillage_radar.encoders:Small",
)


@hookimpl
def register() -> list[Spec]:
    """Give the host every spec of this plugin."""
    return [RADAR, SMALL]
