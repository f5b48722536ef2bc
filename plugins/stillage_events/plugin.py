"""The specs of the events plugin. Light: nothing here imports torch."""

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
from stillage_events.readers.options import SliderOptions, VideoEventOptions, WindowOptions

BINS = 8
"""Bins of the voxel grid that a reading becomes."""

EVENTS = ModalitySpec(
    name="events",
    summary="events of an event camera: pixels that became brighter or darker, and when",
    factory="stillage_events.modality:EventStream",
    sample=SampleSpec(
        shape=(None, 4),
        dtype="int32",
        unit="px px us 1",
        axes=("event", "x y t p"),
        ragged=True,
    ),
    dense=SampleSpec(
        shape=(2, BINS, None, None),
        dtype="float32",
        unit="1",
        axes=("polarity", "bin", "height", "width"),
    ),
    cost=Cost(
        price_eur=900.0,
        energy_j=0.0005,
        time_s=0.02,
        source="assumed: 25 mW sensor, 20 ms a passing item",
    ),
    default_size="small",
    scene_fields=(
        "length",
        "width",
        "angle",
        "centre",
        "squareness",
        "colour",
        "black",
        "transparency",
        "fibre",
        "crumple",
        "degradation",
    ),
    suffixes=(".raw", ".bin", ".txt", ".h5", ".hdf5", ".aedat4"),
)

_SIZES = {
    "linear": ("counts in 8 x 8 areas, activity of each bin", ".encoders:EventStatistics"),
    "small": ("student CNN of 102,000 parameters", ".encoders:SmallEvents"),
    "patch": ("student transformer of 120,000 parameters, with maps", ".patches:EventPatches"),
    "large": ("teacher CNN of 379,000 parameters", ".encoders:LargeEvents"),
}

SPECS: tuple[Spec, ...] = (
    EVENTS,
    *encoder_specs("events", "stillage_events", _SIZES),
    ReaderSpec(
        name="nmnist",
        summary="N-MNIST digits: folder of .bin files, or the packed nmnist_*.npz",
        factory="stillage_events.readers.nmnist:read",
        modalities=("events",),
        formats=("folder Train/<digit>/*.bin and Test/<digit>/*.bin", "nmnist_*.npz"),
        teacher=("events",),
        student=("events",),
        task="digit",
    ),
    ReaderSpec(
        name="slider-depth",
        summary="slider_depth of the Event-Camera Dataset: events, frames and poses",
        factory="stillage_events.readers.slider_depth:read",
        modalities=("events", "video"),
        formats=("folder with slider_depth.npz", "folder with events.txt and groundtruth.txt"),
        options=SliderOptions,
        teacher=("events",),
        student=("video",),
        task="x",
    ),
    ReaderSpec(
        name="event-file",
        summary="one file of events, cut into windows of time",
        factory="stillage_events.readers.windows:read",
        modalities=("events",),
        formats=("EVT2 .raw", "EVT3 .raw", "N-MNIST .bin", "ECD .txt", "DSEC .h5"),
        options=WindowOptions,
    ),
    ReaderSpec(
        name="video-events",
        summary="a clip, and the events that an event camera would have seen of it",
        factory="stillage_events.readers.video_events:read",
        modalities=("video", "events"),
        formats=("mp4", "mov", "avi", "mkv", "webm"),
        options=VideoEventOptions,
        teacher=("events", "video"),
        student=("video",),
    ),
    ReaderSpec(
        name="aedat4",
        summary="one AEDAT4 file of events, cut into windows of time",
        factory="stillage_events.readers.windows:read",
        modalities=("events",),
        formats=("AEDAT4 .aedat4",),
        options=WindowOptions,
        requires=("aedat",),
    ),
)


@hookimpl
def register() -> list[Spec]:
    """Give the host every spec of this plugin."""
    return list(SPECS)
