"""A modality that declares suffixes reads its own files through the reader `manifest`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from torch import Tensor

from stillage.errors import BadInput
from stillage.plugin.host import Host
from stillage.plugin.spec import Cost, ModalitySpec, SampleSpec
from stillage.recording import Recording
from stillage.recording.manifest.reader import read_manifest
from stillage.recording.schema import MAX_ROW_BYTES
from stillage.sensing.modality import Modality

SPEC = ModalitySpec(
    name="sweep",
    summary="a ragged sweep of bytes after a header",
    factory=f"{__name__}:Sweep",
    sample=SampleSpec(shape=(None,), dtype="int16", unit="V", axes=("time",), ragged=True),
    cost=Cost(price_eur=1, energy_j=1, time_s=1),
    suffixes=(".swp", ".csv"),
)


class Sweep(Modality):
    spec = SPEC

    def prepare(self, raw: Tensor) -> Tensor:
        return raw.float()

    def read(self, path: Path) -> Any:
        content = path.read_bytes()
        if content[:4] == b"BOMB":
            return np.broadcast_to(np.int16(0), (MAX_ROW_BYTES,))
        if content[:4] == b"TEXT":
            return "no array"
        if content[:4] == b"FAIL":
            raise RuntimeError("two\nlines")
        if content[:4] != b"SWP1":
            raise BadInput(path.name, repr(content[:4]), "'SWP1'")
        return np.frombuffer(content[4:], "<i2")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    host = Host([]).plus([SPEC])
    for module in ("recording.manifest.reader", "sensing.modality"):
        monkeypatch.setattr(f"stillage.{module}.get_host", lambda: host)
    for k, name in enumerate(("a.swp", "b.SWP", "c.csv")):
        samples = np.arange(3 + k, dtype="<i2")
        (tmp_path / name).write_bytes(b"SWP1" + samples.tobytes())
    np.save(tmp_path / "d.npy", np.arange(9, dtype=np.int16))
    return tmp_path


def test_own_suffixes_beside_the_usual_ones(folder: Path) -> None:
    rows = "".join(f"{name[0]},{name}\n" for name in ("a.swp", "b.SWP", "c.csv", "d.npy"))
    (folder / "set.csv").write_text("group,path:sweep\n" + rows)
    with Recording.open(read_manifest(folder / "set.csv", folder / "a.h5")) as recording:
        read = recording.read("sweep")
        assert [row.tolist() for row in read] == [list(range(n)) for n in (3, 4, 5, 9)]
        assert recording.modalities["sweep"].dtype == "int16"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"WAVE", "set.csv line 2 sweep: bad.swp: found b'WAVE', expected 'SWP1'"),
        (b"FAIL", "set.csv line 2 sweep: found unreadable file 'bad.swp' (two lines)"),
        (b"SWP1x", "set.csv line 2 sweep: found unreadable file 'bad.swp' (buffer size"),
        (b"TEXT", "set.csv line 2 sweep: found a str from sweep.read(), expected an array"),
        (b"BOMB", f"found a reading of {2 * MAX_ROW_BYTES} bytes"),
        (b"SWP1", "an empty reading (0,)"),
    ],
)
def test_bad_files_are_one_line(folder: Path, content: bytes, message: str) -> None:
    (folder / "bad.swp").write_bytes(content)
    (folder / "set.csv").write_text("group,path:sweep\ng,bad.swp\n")
    with pytest.raises(BadInput) as caught:
        read_manifest(folder / "set.csv", folder / "a.h5")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (folder / "a.h5").exists()


def test_a_refusal_names_the_own_suffixes(folder: Path) -> None:
    (folder / "bad.swq").write_bytes(b"")
    (folder / "set.csv").write_text("group,path:sweep\ng,bad.swq\n")
    with pytest.raises(BadInput, match=r"'.swq', expected .swp, .csv, .npy, .npz, "):
        read_manifest(folder / "set.csv", folder / "a.h5")


def test_without_read_there_is_one_line() -> None:
    class Blind(Modality):
        spec = SPEC

        def prepare(self, raw: Tensor) -> Tensor:
            return raw

    with pytest.raises(BadInput, match="modality 'sweep': found no files of its own"):
        Blind().read(Path("a.swp"))


@pytest.mark.parametrize("suffix", ["swp", ".SWP", ".", ".a/b", ""])
def test_suffixes_are_lower_case_with_the_dot(suffix: str) -> None:
    with pytest.raises(ValidationError, match="suffixes"):
        ModalitySpec(**{**SPEC.model_dump(), "suffixes": (suffix,)})
