"""The specs of core's readers; nothing here imports HDF5."""

from __future__ import annotations

from stillage.plugin.options import Options, option
from stillage.plugin.spec import ReaderSpec, Spec


class ManifestOptions(Options):
    """Options of the reader ``manifest``."""

    teacher: str = option("", "default teacher modalities, a,b,c")
    student: str = option("", "default student modalities, a,b,c")
    task: str = option("", "default target to learn")
    width: int = option(0, "scale pictures to this width; 0 keeps them", unit="px", ge=0)
    height: int = option(0, "scale pictures to this height; 0 keeps them", unit="px", ge=0)
    clean: bool = option(True, "mask or drop dead and repeated readings, and say which")
    registration: str = option(
        "", "TOML file in the folder: where one modality's pixels lie in another's"
    )


MANIFEST = ReaderSpec(
    name="manifest",
    summary="a CSV of paths, groups and targets: your own folders, without code",
    factory="stillage.recording.manifest.reader:read_manifest",
    modalities=(),
    formats=("csv",),
    options=ManifestOptions,
)

SPECS: list[Spec] = [MANIFEST]
