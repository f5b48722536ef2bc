"""AEDAT4 through the library aedat, on a file written here from the format's schema."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from stillage.errors import BadInput
from stillage.plugin.host import get_host
from stillage.plugin.spec import ReaderSpec
from stillage_events.readers.decoding import read_events

pytest.importorskip("aedat")
pytest.importorskip("flatbuffers")

from tests.plugins.events.aedat_files import header, packet


def test_events_of_all_packets(tmp_path: Path) -> None:
    path = tmp_path / "some.aedat4"
    first, second = [(5, 1, 2, True), (9, 345, 259, False)], [(12, 0, 0, True)]
    path.write_bytes(header() + packet(first) + packet(second))
    events = read_events(path)
    assert events[4:6] == (346, 260)
    columns = (events.t, events.x, events.y, events.p)
    assert list(zip(*(c.tolist() for c in columns), strict=True)) == first + second


def test_the_reader_needs_the_library() -> None:
    assert get_host().spec(ReaderSpec, "aedat4").requires == ("aedat",)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (header(), "no event"),
        (header("FRME"), "none of events"),
        (header()[:60], "damaged"),
        (header() + packet([(5, 1, 2, True)])[:20], "damaged|no event"),
        (header() + struct.pack("<ii", 0, 2**31 - 1), "damaged|no event"),
        (header() + packet([(5, 400, 2, True)]), "346 x 260"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "some.aedat4"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=told) as caught:
        read_events(path)
    assert "\n" not in str(caught.value)
