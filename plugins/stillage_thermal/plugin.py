"""The specs of the thermal plugin. Light: nothing here imports torch."""

from __future__ import annotations

from stillage.plugin import hookimpl
from stillage.plugin.spec import (
    Cost,
    ModalitySpec,
    ReaderSpec,
    SampleSpec,
    Spec,
    encoder_specs,
)
from stillage_thermal.readers.options import RadiometricOptions, RoadSceneOptions

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
    suffixes=(".tif", ".tiff"),
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

THERMAL_IMAGE = ModalitySpec(
    name="thermal-image",
    summary="grey picture of a thermal camera with automatic gain: no temperature",
    factory="stillage_thermal.modality:ThermalImage",
    sample=SampleSpec(shape=(None, None), dtype="uint8", unit="1/255", axes=("height", "width")),
    cost=Cost(
        price_eur=180.0,
        energy_j=0.02,
        time_s=0.1,
        source="assumed: 160 mW core for 0.1 s, nothing is warmed",
    ),
    default_size="small",
    suffixes=(".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"),
    scene_fields=(
        "length",
        "width",
        "angle",
        "centre",
        "squareness",
        "temperature",
        "ambient",
        "emissivity",
        "dirt",
        "label_cover",
        "degradation",
    ),
)

_CLIP_SIZES = {
    "linear": ("mean, deviation and extremes of each frame", ".encoders:FrameStatistics"),
    "small": ("2-D convolutions, 30,000 parameters", ".encoders:SmallThermal"),
    "large": ("2-D convolutions, 290,000 parameters", ".encoders:LargeThermal"),
    "transformer": (
        "attention over 4 x 4 patches, 72,000 parameters",
        ".transformers:PatchTransformer",
    ),
}
_IMAGE_SIZES = {
    "linear": ("means of 8 x 8 parts of the picture", ".encoders:GridMeans"),
    "small": ("2-D convolutions, 30,000 parameters", ".encoders:SmallThermal"),
    "large": ("2-D convolutions, 270,000 parameters", ".encoders:LargeThermal"),
    "transformer": (
        "attention over 8 x 8 patches, 74,000 parameters",
        ".transformers:LargePatches",
    ),
}


SPECS: tuple[Spec, ...] = (
    THERMAL,
    THERMAL_IMAGE,
    *encoder_specs("thermal", "stillage_thermal", _CLIP_SIZES),
    *encoder_specs("thermal-image", "stillage_thermal", _IMAGE_SIZES),
    ReaderSpec(
        name="radiometric",
        summary="folder of 16-bit radiometric TIFFs: raw counts, or temperature-linear",
        factory="stillage_thermal.readers.thermal_files:read",
        modalities=("thermal",),
        formats=("16-bit grey TIFF, one or more pages (.tif, .tiff)",),
        teacher=("thermal",),
        student=("thermal",),
        task="class",
        options=RadiometricOptions,
    ),
    ReaderSpec(
        name="roadscene",
        summary="RoadScene: aligned pairs of a photo and a grey thermal picture, no labels",
        factory="stillage_thermal.readers.roadscene:read",
        modalities=("video", "thermal-image"),
        formats=("folder with visible/*.jpg and infrared/*.jpg of the same names",),
        teacher=("thermal-image", "video"),
        student=("video",),
        options=RoadSceneOptions,
    ),
)


@hookimpl
def register() -> list[Spec]:
    """Give the host every spec of this plugin."""
    return list(SPECS)
