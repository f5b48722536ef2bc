"""What the audio and video plugin registers. Light: nothing here imports torch."""

from __future__ import annotations

from stillage.plugin import hookimpl
from stillage.plugin.spec import Cost, EncoderSpec, ModalitySpec, SampleSpec, Spec

VIDEO = ModalitySpec(
    name="video",
    summary="colour frames of an item; a photo is a clip of one",
    factory="stillage_audiovideo.modality:Video",
    sample=SampleSpec(
        shape=(None, None, None, 3),
        dtype="uint8",
        unit="1/255",
        axes=("frame", "height", "width", "channel"),
    ),
    cost=Cost(price_eur=25.0, energy_j=0.03, time_s=0.02, source="assumed: 1.5 W camera, 20 ms"),
    default_size="small",
    scene_fields=(
        "length",
        "width",
        "angle",
        "centre",
        "squareness",
        "colour",
        "transparency",
        "gloss",
        "fibre",
        "crumple",
        "label_cover",
        "dirt",
        "degradation",
        "damage",
        "black",
    ),
)

_SHAPE = (3, 1, 32, 32)

SPECS: tuple[Spec, ...] = (
    VIDEO,
    *(
        EncoderSpec(
            name=f"video-{size}",
            modality="video",
            size=size,
            summary=summary,
            factory=f"stillage_audiovideo.encoders:{factory}",
            examples=({"shape": _SHAPE},),
        )
        for size, summary, factory in (
            ("linear", "mean and deviation of each colour", "ColourStatistics"),
            ("small", "student CNN of 101,000 parameters that quantises well", "SmallVideo"),
            ("large", "teacher CNN of 620,000 parameters", "LargeVideo"),
        )
    ),
)


@hookimpl
def register() -> list[Spec]:
    """Give the host every spec of this plugin."""
    return list(SPECS)
