"""What the thermal plugin registers. Light: nothing here imports torch."""

from __future__ import annotations

from stillage.plugin import hookimpl
from stillage.plugin.spec import Cost, EncoderSpec, ModalitySpec, SampleSpec, Spec

THERMAL = ModalitySpec(
    name="thermal",
    summary="radiometric clip of a warmed item as it cools",
    factory="stillage_thermal.modality:Thermal",
    sample=SampleSpec(
        shape=(None, None, None),
        dtype="uint16",
        unit="cK",
        axes=("frame", "height", "width"),
        rate_hz=0.5,
    ),
    cost=Cost(
        price_eur=250.0,
        energy_j=60.0,
        time_s=0.1,
        source="assumed: 160 mW core for 6 s, and 59 J to warm an item by 30 K; the camera "
        "follows many items at once, so that 6 s of cooling occupy it 0.1 s an item",
    ),
    default_size="linear",
    scene_fields=(
        "length",
        "width",
        "angle",
        "centre",
        "squareness",
        "temperature",
        "ambient",
        "emissivity",
        "density",
        "heat_capacity",
        "thickness",
        "dirt",
        "label_cover",
        "degradation",
    ),
)

_SHAPE = (4, 16, 16)

SPECS: tuple[Spec, ...] = (
    THERMAL,
    *(
        EncoderSpec(
            name=f"thermal-{size}",
            modality="thermal",
            size=size,
            summary=summary,
            factory=f"stillage_thermal.encoders:{factory}",
            examples=({"shape": _SHAPE},),
        )
        for size, summary, factory in (
            ("linear", "mean, deviation and extremes of each frame", "FrameStatistics"),
            ("small", "2-D convolutions, 30,000 parameters", "SmallThermal"),
            ("large", "2-D convolutions, 290,000 parameters", "LargeThermal"),
        )
    ),
)


@hookimpl
def register() -> list[Spec]:
    """Give the host every spec of this plugin."""
    return list(SPECS)
