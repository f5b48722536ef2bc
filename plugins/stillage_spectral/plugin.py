"""What the spectral plugin registers. Light: nothing here imports torch."""

from __future__ import annotations

from stillage.plugin import hookimpl
from stillage.plugin.spec import Cost, EncoderSpec, ModalitySpec, ReaderSpec, SampleSpec, Spec

SCENE_FIELDS = (
    "material",
    "thickness",
    "transparency",
    "black",
    "dirt",
    "degradation",
    "moisture",
    "label_cover",
)

NIR = ModalitySpec(
    name="nir",
    summary="near-infrared reflectance spectrum of a spectrometer",
    factory="stillage_spectral.modality:Nir",
    sample=SampleSpec(shape=(None,), dtype="float32", unit="1", axes=("wavelength",)),
    cost=Cost(price_eur=15000.0, energy_j=6.0, time_s=0.05, source="assumed: 20 W lamp, 0.3 s"),
    default_size="linear",
    scene_fields=SCENE_FIELDS,
)

LED = ModalitySpec(
    name="led",
    summary="reflectance at a few light-emitting diodes, relative to a white reference",
    factory="stillage_spectral.modality:Led",
    sample=SampleSpec(shape=(None,), dtype="float32", unit="1", axes=("diode",)),
    cost=Cost(price_eur=60.0, energy_j=0.25, time_s=0.25, source="assumed: 8 diodes in turn, 1 W"),
    default_size="linear",
    scene_fields=SCENE_FIELDS,
)

SPECS: tuple[Spec, ...] = (
    NIR,
    LED,
    *(
        EncoderSpec(
            name=f"{modality}-{size}",
            modality=modality,
            size=size,
            summary=summary,
            factory=factory,
            examples=({"shape": (shape,)},),
        )
        for modality, shape, sizes in (
            (
                "nir",
                209,
                {
                    "linear": ("the filtered spectrum itself", "FlattenEncoder"),
                    "small": ("1-D convolutions, 21,000 parameters", "SmallSpectrum"),
                    "large": ("1-D convolutions, 200,000 parameters", "LargeSpectrum"),
                },
            ),
            (
                "led",
                8,
                {
                    "linear": ("the normalised bands themselves", "FlattenEncoder"),
                    "small": ("two layers of 32", "SmallBands"),
                    "large": ("three layers of 128", "LargeBands"),
                },
            ),
        )
        for size, (summary, name) in sizes.items()
        for factory in (
            f"stillage.network.encoders:{name}"
            if name == "FlattenEncoder"
            else f"stillage_spectral.encoders:{name}",
        )
    ),
    ReaderSpec(
        name="plastic-scanner",
        summary="folder of the Plastic Scanner pairs: 8 diodes, spectrometer and photos",
        factory="stillage_spectral.plastic_scanner:read",
        modalities=("led", "nir", "video"),
        formats=("folder with led8.csv, nir_index.csv, nir_spectra.npz and rgb/",),
        teacher=("nir", "led"),
        student=("led",),
        task="polymer",
    ),
)


@hookimpl
def register() -> list[Spec]:
    """Give the host every spec of this plugin."""
    return list(SPECS)
