"""Core's readers, as specs. Light: nothing here imports HDF5."""

from __future__ import annotations

from stillage.plugin.spec import Parameter, ReaderSpec, Spec

MANIFEST = ReaderSpec(
    name="manifest",
    summary="a CSV of paths, groups and targets: your own folders, without code",
    factory="stillage.recording.manifest.reader:read_manifest",
    modalities=(),
    formats=("csv",),
    parameters=(
        Parameter(
            name="teacher", type="str", default="", summary="default teacher modalities, a,b,c"
        ),
        Parameter(
            name="student", type="str", default="", summary="default student modalities, a,b,c"
        ),
        Parameter(name="task", type="str", default="", summary="default target to learn"),
        Parameter(
            name="width",
            type="int",
            default=0,
            unit="px",
            summary="scale pictures to this width; 0 keeps them as they are",
        ),
        Parameter(
            name="height",
            type="int",
            default=0,
            unit="px",
            summary="scale pictures to this height; 0 keeps them as they are",
        ),
        Parameter(
            name="clean",
            type="bool",
            default=True,
            summary="mask or drop dead and repeated readings, and say which",
        ),
        Parameter(
            name="registration",
            type="str",
            default="",
            summary="TOML file in the folder: where one modality's pixels lie in another's",
        ),
    ),
)

SPECS: list[Spec] = [MANIFEST]
