"""The specs of the audiovideo plugin. Light: nothing here imports torch."""

from __future__ import annotations

from stillage.plugin import hookimpl
from stillage.plugin.spec import (
    Cost,
    FusionSpec,
    ModalitySpec,
    Parameter,
    ReaderSpec,
    SampleSpec,
    Spec,
    encoder_specs,
)
from stillage_audiovideo.readers.options import ClipOptions

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
    # Core decodes the other containers itself, and there a manifest may scale the pictures.
    suffixes=(".m4v",),
)

_WAVE = SampleSpec(shape=(None,), dtype="float32", unit="1", axes=("time",), rate_hz=16000.0)
_MICROPHONE = Cost(
    price_eur=5.0,
    energy_j=0.002,
    time_s=1.0,
    source="assumed: MEMS microphone, 0.5 mA at 1.8 V with its converter doubled, 1 s of sound",
)
_SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".mp4", ".m4a", ".mov", ".avi", ".mkv", ".webm")

AUDIO = ModalitySpec(
    name="audio",
    summary="sound of an item that is knocked, 16 kHz",
    factory="stillage_audiovideo.audio:Audio",
    sample=_WAVE,
    cost=_MICROPHONE,
    default_size="linear",
    scene_fields=("material", "length", "width", "thickness", "damage"),
    examples=(
        {
            "material": ["steel", "PP", "ceramic", "PET", "wood"],
            "length": [120.0, 150.0, 90.0, 200.0, 110.0],
            "width": [80.0, 60.0, 85.0, 70.0, 40.0],
            "thickness": [2.0, 1.5, 5.0, 0.6, 9.0],
            "damage": [0.0, 0.4, 0.1, 0.8, 0.2],
        },
    ),
    suffixes=_SOUNDS,
)

MACHINE_SOUND = ModalitySpec(
    name="machine-sound",
    summary="sound of a running bearing, 16 kHz",
    factory="stillage_audiovideo.audio:MachineSound",
    sample=_WAVE,
    cost=_MICROPHONE,
    default_size="linear",
    scene_fields=("speed", "fault", "health"),
    examples=(
        {
            "speed": [29.95, 25.0, 10.0, 33.0, 20.0],
            "fault": ["outer", "inner", "none", "ball", "cage"],
            "health": [0.3, 0.5, 0.9, 0.2, 0.1],
        },
    ),
    suffixes=_SOUNDS,
)

_VIDEO_SIZES = {
    "linear": ("mean and deviation of each colour", ".encoders:ColourStatistics"),
    "small": ("student CNN of 101,000 parameters that quantises well", ".encoders:SmallVideo"),
    "tcn": ("small CNN on frames, TCN over them", ".sequences:TcnVideo"),
    "large": ("teacher CNN of 620,000 parameters", ".encoders:LargeVideo"),
}
_AUDIO_SIZES = {
    "linear": ("mean and deviation of each mel band", ".sequences:MelStatistics"),
    "small": ("student: 1-D convolutions, a token each 80 ms", ".sequences:SmallSound"),
    "tcn": ("dilated convolutions, a token each 40 ms", ".sequences:TcnSound"),
    "large": ("teacher: 2-D convolutions over bands and time", ".sequences:LargeSound"),
}

SPECS: tuple[Spec, ...] = (
    VIDEO,
    AUDIO,
    MACHINE_SOUND,
    *encoder_specs("video", "stillage_audiovideo", _VIDEO_SIZES),
    *encoder_specs("audio", "stillage_audiovideo", _AUDIO_SIZES),
    *encoder_specs("machine-sound", "stillage_audiovideo", _AUDIO_SIZES),
    FusionSpec(
        name="audiovideo-gated",
        summary="Gated units at each moment of a clip: what happens together, whom to believe",
        factory="stillage_audiovideo.fusion:AudioVideoGated",
        parameters=(
            Parameter(
                name="moments",
                type="int",
                default=8,
                unit="1",
                summary="moments of the clip at which the modalities are compared",
            ),
        ),
        examples=({"widths": {"a": 3, "b": 5}, "width": 4},),
    ),
    ReaderSpec(
        name="clips",
        summary="folder of containers: sound and pictures, each with its own clock",
        factory="stillage_audiovideo.readers.clips:read",
        modalities=("audio", "video"),
        formats=("mp4", "m4v", "mov", "mkv", "webm", "avi", "wav", "flac", "mp3", "ogg"),
        options=ClipOptions,
        teacher=("audio", "video"),
        student=("audio",),
        task="label",
    ),
    ReaderSpec(
        name="knock",
        summary="300 one-second knocks on ceramic, marble and wood; a smoke test",
        factory="stillage_audiovideo.readers.knock:read",
        modalities=("audio",),
        formats=("folder with {train,test}/{Ceramic,Marble,Wood}/N.flac",),
        teacher=("audio",),
        student=("audio",),
        task="material",
    ),
)


@hookimpl
def register() -> list[Spec]:
    """Give the host every spec of this plugin."""
    return list(SPECS)
