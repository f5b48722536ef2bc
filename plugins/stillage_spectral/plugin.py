"""The specs of the spectral plugin. Light: nothing here imports torch."""

from __future__ import annotations

from stillage.plugin import hookimpl
from stillage.plugin.spec import (
    FLATTEN,
    Cost,
    ModalitySpec,
    ReaderSpec,
    SampleSpec,
    Spec,
    encoder_specs,
)
from stillage_spectral.readers.options import SpectraOptions

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
    suffixes=(".dx", ".jdx", ".jcm"),
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

_NIR_SIZES = {
    "linear": ("the filtered spectrum itself", FLATTEN),
    "small": ("1-D convolutions, 21,000 parameters", ".encoders:SmallSpectrum"),
    "large": ("1-D convolutions, 200,000 parameters", ".encoders:LargeSpectrum"),
    "transformer": (
        "attention over patches of 11 bands, 70,000 parameters",
        ".transformers:SpectrumTransformer",
    ),
}
_LED_SIZES = {
    "linear": ("the normalised bands themselves", FLATTEN),
    "small": ("two layers of 32", ".encoders:SmallBands"),
    "large": ("three layers of 128", ".encoders:LargeBands"),
    "transformer": ("attention over diodes, 38,000 parameters", ".transformers:BandTransformer"),
}

SPECS: tuple[Spec, ...] = (
    NIR,
    LED,
    *encoder_specs("nir", "stillage_spectral", _NIR_SIZES),
    *encoder_specs("led", "stillage_spectral", _LED_SIZES),
    ReaderSpec(
        name="plastic-scanner",
        summary="folder of the Plastic Scanner pairs: 8 diodes, spectrometer and photos",
        factory="stillage_spectral.readers.plastic_scanner:read",
        modalities=("led", "nir", "video"),
        formats=("folder with led8.csv, nir_index.csv, nir_spectra.npz and rgb/",),
        teacher=("nir", "led"),
        student=("led",),
        task="polymer",
    ),
    ReaderSpec(
        name="spectra",
        summary="spectra of CSV tables, JCAMP-DX files and ENVI cubes, on one wavelength grid",
        factory="stillage_spectral.readers.spectra_files:read",
        modalities=("nir",),
        formats=(
            "CSV (.csv, .tsv): a spectrum a row or a column",
            "JCAMP-DX 4.24 (.dx, .jdx, .jcm): AFFN, PAC, SQZ, DIF, DUP",
            "ENVI (.hdr with its data): cubes, classifications, spectral libraries",
        ),
        teacher=("nir",),
        student=("nir",),
        options=SpectraOptions,
    ),
)


@hookimpl
def register() -> list[Spec]:
    """Give the host every spec of this plugin."""
    return list(SPECS)
