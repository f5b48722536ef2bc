"""Every kind of damaged, foreign or hostile file gets one line, before anything is allocated."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from stillage.errors import BadInput
from stillage.recording import Recording, Stream, write_recording

Spoil = Callable[[], Path]
VALUES = "modalities/nir/values"


def refused(path: Path, *words: str) -> str:
    with pytest.raises(BadInput) as error, Recording.open(path) as recording:
        recording.verify()
    text = str(error.value)
    assert "\n" not in text
    assert text.startswith(str(path))
    for word in words:
        assert word in text, text
    return text


def test_no_recording_at_all(tmp_path: Path) -> None:
    refused(tmp_path / "none.h5", "no such file")
    refused(tmp_path, "not a regular file")
    (tmp_path / "empty.h5").touch()
    refused(tmp_path / "empty.h5", "an empty file")
    (tmp_path / "a.csv").write_text("path,group\n")
    refused(tmp_path / "a.csv", "begins b'path,gro'")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = np.arange(3)
    refused(tmp_path / "other.h5", "another kind of HDF5 file", "expected a stillage-recording")


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_truncated(spoil: Spoil, share: float) -> None:
    path = spoil()
    whole = path.read_bytes()
    path.write_bytes(whole[: max(9, int(len(whole) * share))])
    refused(path)
    if share > 0.01:
        refused(path, "truncated", f"expected {len(whole)} bytes")


def test_another_version_is_named(spoil: Spoil) -> None:
    path = spoil()
    with h5py.File(path, "r+") as file:
        file.attrs["version"] = np.int64(2)
    refused(path, "found recording version 2", "expected version 1")


@pytest.mark.parametrize("value", ["stillage-recording", np.bytes_(b"x" * 100), [1, 2], 3.5])
def test_odd_format_attributes(spoil: Spoil, value: Any) -> None:
    path = spoil()
    with h5py.File(path, "r+") as file:
        file.attrs["format"] = value
    refused(path, "another kind of HDF5 file")


def replace(path: Path, where: str, **options: Any) -> None:
    with h5py.File(path, "r+") as file:
        del file[where]
        file.create_dataset(where, **options)


def test_external_storage(spoil: Spoil, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"s" * 4 * 12 * 7)
    path = spoil()
    replace(
        path, VALUES, shape=(12, 7), dtype="<f4", external=[(str(secret), 0, h5py.h5f.UNLIMITED)]
    )
    refused(path, VALUES, "external storage")


@pytest.mark.parametrize(
    "where", ["modalities/nir/values", "modalities/nir", "modalities", "metadata"]
)
def test_links(spoil: Spoil, tmp_path: Path, small_file: Path, where: str) -> None:
    links = {
        "a soft link": h5py.SoftLink("/modalities/events"),
        "an external link": h5py.ExternalLink(str(small_file), f"/{where}"),
    }
    for word, link in links.items():
        path = spoil()
        with h5py.File(path, "r+") as file:
            del file[where]
            file[where] = link
        refused(path, f"/{where}", word)


def test_virtual_dataset(spoil: Spoil, small_file: Path) -> None:
    path = spoil()
    layout = h5py.VirtualLayout((12, 7), "<f4")
    layout[:] = h5py.VirtualSource(small_file, VALUES, (12, 7))
    with h5py.File(path, "r+") as file:
        del file[VALUES]
        file.create_virtual_dataset(VALUES, layout)
    refused(path, VALUES, "a virtual dataset")


TYPES: dict[str, Any] = {
    "object or region references": h5py.ref_dtype,
    "variable-length data": h5py.vlen_dtype(np.float32),
    "variable-length strings": h5py.string_dtype(),
    "strings": "S4",
    "compound data": np.dtype([("a", "<f4"), ("b", "<f4")]),
    "enum data": h5py.enum_dtype({"A": 0, "B": 1}, "<i4"),
    "opaque data": np.dtype("V4"),
    "array data": np.dtype(("<f4", (2,))),
    "dtype >f4": ">f4",
}


@pytest.mark.parametrize("word", TYPES)
def test_types_that_no_recording_has(spoil: Spoil, word: str) -> None:
    path = spoil()
    with h5py.File(path, "r+") as file:
        del file[VALUES]
        kind = h5py.h5t.py_create(np.dtype(TYPES[word]), logical=True)
        space = h5py.h5s.create_simple((12,))
        h5py.h5d.create(file["modalities/nir"].id, b"values", kind, space)
    refused(path, VALUES, f"found {word}")


def test_named_datatype(spoil: Spoil) -> None:
    path = spoil()
    with h5py.File(path, "r+") as file:
        file["modalities/nir/timestamps2"] = np.dtype("<f4")
    refused(path, "timestamps2", "a member that no recording has")
    path = spoil()
    with h5py.File(path, "r+") as file:
        del file[VALUES]
        file[VALUES] = np.dtype("<f4")
    refused(path, VALUES, "a named datatype")
    path = spoil()
    with h5py.File(path, "r+") as file:
        kind = h5py.h5t.IEEE_F32LE.copy()
        kind.commit(file.id, b"named")
        del file[VALUES]
        h5py.h5d.create(file["modalities/nir"].id, b"values", kind, h5py.h5s.create_simple((12, 7)))
        del file["named"]
    refused(path, VALUES, "a named datatype")


@pytest.mark.parametrize("where", ["modalities/nir/values", "modalities/nir/index", "metadata"])
@pytest.mark.parametrize("packed", [False, True])
def test_absurd_sizes_cost_neither_time_nor_memory(
    spoil: Spoil, measured: Callable[..., str], where: str, packed: bool
) -> None:
    path = spoil()
    dtype = {"values": "<f4", "index": "<i8", "metadata": "u1"}[where.rpartition("/")[2]]
    options: dict[str, Any] = {"chunks": (1000,), "compression": "gzip"} if packed else {}
    replace(path, where, shape=(10**12,), dtype=dtype, **options)
    start = time.perf_counter()
    refused(path, where)
    assert time.perf_counter() - start < 2
    script = """
        import resource, sys
        resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
        from stillage.errors import BadInput
        from stillage.recording import Recording
        try:
            Recording.open(sys.argv[1])
        except BadInput:
            print(peak_kib())
    """
    assert int(measured(script, path)) < 200 * 1024


def test_a_bomb_within_the_ratio_is_not_unfolded(
    tmp_path: Path, measured: Callable[..., str]
) -> None:
    """256 MB of zeros in 2 MB is a legal recording; opening it reads none of them."""
    path = tmp_path / "zeros.h5"
    write = """
        import sys
        import numpy as np
        from stillage.recording import RecordingWriter, Stream
        with RecordingWriter(sys.argv[1], compression="gzip") as writer:
            for batch in range(4):
                writer.add([Stream("a", np.zeros((1, 2**23)), "1")], [], [str(batch)])
    """
    read = """
        import sys
        from stillage.recording import Recording
        with Recording.open(sys.argv[1]) as recording:
            print(recording.modalities["a"].count)
        print(peak_kib())
    """
    measured(write, path)
    count, peak = measured(read, path).split()
    assert count == "4"
    assert path.stat().st_size < 2**21
    assert int(peak) < 150 * 1024


def test_large_chunks_and_filters(spoil: Spoil) -> None:
    path = spoil()
    replace(path, VALUES, shape=(12, 7), dtype="<f4", maxshape=(None, 2**22), chunks=(2, 2**22))
    refused(path, VALUES, "chunks of 33554432 bytes")
    path = spoil()
    replace(path, VALUES, shape=(12, 7), dtype="<f4", chunks=(2, 7), scaleoffset=2)
    refused(path, VALUES, "filter 6")
    path = spoil()
    with h5py.File(path, "r+") as file:
        del file[VALUES]
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((2, 7))
        plist.set_deflate(1)
        plist.set_deflate(9)
        h5py.h5d.create(
            file["modalities/nir"].id,
            b"values",
            h5py.h5t.IEEE_F32LE,
            h5py.h5s.create_simple((12, 7)),
            plist,
        )
    refused(path, VALUES, "one compression at most")
    path = spoil()
    replace(
        path, "modalities/nir/index", data=np.zeros(30, "<i8"), chunks=(30,), compression="gzip"
    )
    refused(path, "index", "no filter")


def test_structure(spoil: Spoil) -> None:
    path = spoil()
    with h5py.File(path, "r+") as file:
        file["extra"] = np.zeros(3)
    refused(path, "/extra", "a member that no recording has")
    path = spoil()
    with h5py.File(path, "r+") as file:
        for number in range(100):
            file.create_group(f"modalities/m{number}")
    refused(path, "/modalities", "102 members", "<= 64")
    for name in ("..", "a b", "a" * 70, "led\n2", "é"):
        path = spoil()
        with h5py.File(path, "r+") as file:
            file["modalities"].create_group(name.encode())
        if name != "..":
            refused(path, "expected a plain name")
    path = spoil()
    with h5py.File(path, "r+") as file:
        file["modalities/loop"] = file["modalities"]
    refused(path, "/modalities/loop/")
    for where in ("samples/groups", "modalities/nir/index", "targets/mass/states", "metadata"):
        path = spoil()
        with h5py.File(path, "r+") as file:
            del file[where]
        refused(path, where)
    path = spoil()
    with h5py.File(path, "r+") as file:
        del file["samples"]
        file["samples"] = np.zeros(3)
    refused(path, "/samples", "found a dataset, expected a group")


def change_metadata(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Rewrite the metadata with digests and fingerprint that fit, as a forger would."""
    from stillage.recording import schema

    with h5py.File(path, "r+") as file:
        about = json.loads(file["metadata"][...].tobytes())
        change(about)
        text = json.dumps(about)
        del file["metadata"]
        file["metadata"] = np.frombuffer(text.encode(), np.uint8)
        try:
            print_ = schema.Metadata.model_validate_json(text).fingerprint()
        except ValueError:
            return
        file.attrs["fingerprint"] = np.bytes_(print_)


def forge(path: Path, where: str, value: np.ndarray[Any, Any]) -> None:
    from stillage.recording import schema

    replace(path, where, data=value)
    change_metadata(path, lambda about: about["digests"].update({where: schema.digest(value)}))


FORGED: dict[str, tuple[np.ndarray[Any, Any], str]] = {
    "modalities/nir/index": (np.full(30, 12), "found rows to 12, expected -1 to 11"),
    "modalities/events/offsets": (np.array([0, 5, 3] + [60] * 28), "offsets out of order"),
    "modalities/nir/timestamps": (np.full(12, np.nan), "NaN"),
    "samples/groups": (np.full(30, -2), "codes -2"),
    "targets/polymer/values": (np.full(30, 9), "classes 9 to 9"),
    "targets/polymer/states": (np.full(30, 7, np.int8), "unknown states"),
    "targets/mass/values": (np.full(30, np.inf), "NaN or infinity"),
    "targets/grade/values": (np.full(29, 0), "int64 (29,), expected int64 (30,)"),
}


@pytest.mark.parametrize("where", FORGED)
def test_forged_columns(spoil: Spoil, where: str) -> None:
    value, word = FORGED[where]
    path = spoil()
    replace(path, where, data=value)
    refused(path, "changed content")
    path = spoil()
    forge(path, where, value)
    refused(path, word)


METADATA: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "key": (lambda a: a.update(surprise=1), "surprise"),
    "samples": (lambda a: a.update(samples=10**15), "samples"),
    "name": (lambda a: a["modalities"].update({"../x": a["modalities"]["nir"]}), "../x"),
    "shape": (lambda a: a["modalities"]["nir"].update(shape=[8]), "expected float32 (8,)"),
    "rows": (lambda a: a["modalities"]["nir"].update(rows=13), "13"),
    "dtype": (lambda a: a["modalities"]["nir"].update(dtype="object"), "object"),
    "rate": (lambda a: a["modalities"]["nir"].update(rate_hz=-1.0), "rate_hz"),
    "kind": (lambda a: a["targets"]["mass"].update(kind="ordinal"), "mass"),
    "missing": (lambda a: a["modalities"].pop("nir"), "nir"),
    "digest": (lambda a: a["digests"].pop(VALUES), VALUES),
    "classes": (
        lambda a: a["targets"]["polymer"].update(classes=["a", "a", "b"]),
        "different names",
    ),
}


@pytest.mark.parametrize("kind", METADATA)
def test_metadata_that_does_not_fit(spoil: Spoil, kind: str) -> None:
    change, word = METADATA[kind]
    path = spoil()
    change_metadata(path, change)
    refused(path, word)


@pytest.mark.parametrize("text", [b"[" * 100_000, b"{}", b"\xff\xfe", b"null", b'{"samples": NaN}'])
def test_metadata_that_is_none(spoil: Spoil, text: bytes) -> None:
    path = spoil()
    replace(path, "metadata", data=np.frombuffer(text, np.uint8))
    refused(path, "/metadata")


def test_changed_readings_are_found_when_verified(spoil: Spoil) -> None:
    path = spoil()
    with h5py.File(path, "r+") as file:
        file[VALUES][3, 2] = 5.0
    with Recording.open(path) as recording:
        recording.read("nir")
    refused(path, VALUES, "changed readings")
    with h5py.File(path, "r+") as file:
        file[VALUES][3, 2] = np.nan
    refused(path, VALUES, "NaN")


def test_bit_rot_in_readings_is_found_when_read(tmp_path: Path) -> None:
    data = np.arange(4000, dtype=np.float32)[:, None]
    path = write_recording(
        tmp_path / "a.h5", [Stream("nir", data, "1")], [], list(map(str, range(4000)))
    )
    raw = path.read_bytes()
    place = raw.index(data[1000:1010].tobytes())
    path.write_bytes(raw[:place] + b"\x55" + raw[place + 1 :])
    with (
        Recording.open(path) as recording,
        pytest.raises(BadInput, match=r"modality 'nir': .*damaged"),
    ):
        recording.read("nir", np.array([0]))


def test_random_damage_never_ends_in_anything_else(
    tmp_path: Path, small_parts: dict[str, Any], measured: Callable[..., str]
) -> None:
    """Flip bytes at random (in a process of its own, should HDF5 fall over)."""
    path = write_recording(tmp_path / "a.h5", **small_parts, compression="gzip")
    script = """
        import sys
        from pathlib import Path
        import numpy as np
        from stillage.errors import BadInput
        from stillage.recording import Recording
        good, spoilt = Path(sys.argv[1]).read_bytes(), Path(sys.argv[1] + ".spoilt")
        seen = {"whole": 0, "refused": 0}
        for seed in range(200):
            rng = np.random.default_rng(seed)
            raw = bytearray(good)
            for place in rng.integers(0, len(raw), 1 + seed % 4):
                raw[place] = rng.integers(256)
            spoilt.write_bytes(raw)
            try:
                with Recording.open(spoilt) as recording:
                    for name in recording.modalities:
                        recording.read(name)
                    recording.verify()
                seen["whole"] += 1
            except BadInput as error:
                assert "\\n" not in str(error)
                seen["refused"] += 1
        print(seen["whole"], seen["refused"])
    """
    whole, refusals = map(int, measured(script, path).split())
    assert whole + refusals == 200
    assert refusals > 60


def test_a_name_given_twice_is_named(spoil: Spoil) -> None:
    path = spoil()
    with h5py.File(path, "r+") as file:
        metadata = json.loads(file["metadata"][...].tobytes())
        metadata["group_names"][1] = metadata["group_names"][0]
        del file["metadata"]
        file["metadata"] = np.frombuffer(json.dumps(metadata).encode(), np.uint8)
    refused(path, f"found the name {metadata['group_names'][0]!r} twice", "expected each name once")
