"""AEDAT4 through the library aedat, on a file written here from the format's schema."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from stillage.errors import BadInput
from stillage.plugin.host import get_host
from stillage_events.files import read_events

pytest.importorskip("aedat")
flatbuffers = pytest.importorskip("flatbuffers")

NODE = '<node name="{}" path="{}">{}</node>'
ATTRIBUTE = '<attr key="{}" type="{}">{}</attr>'


def header(kind: str = "EVTS") -> bytes:
    """The size-prefixed table IOHeader: no compression, no index, one stream of 346 x 260."""
    info = ATTRIBUTE.format("sizeX", "int", 346) + ATTRIBUTE.format("sizeY", "int", 260)
    inner = ATTRIBUTE.format("compression", "string", "NONE")
    inner += ATTRIBUTE.format("typeIdentifier", "string", kind)
    inner += NODE.format("info", "/mainloop/Recorder/outInfo/0/info/", info)
    outer = NODE.format("0", "/mainloop/Recorder/outInfo/0/", inner)
    out = NODE.format("outInfo", "/mainloop/Recorder/outInfo/", outer)
    builder = flatbuffers.Builder(0)
    text = builder.CreateString(f'<dv version="2.0">{out}</dv>')
    builder.StartObject(3)
    builder.PrependInt32Slot(0, 0, 1)
    builder.PrependInt64Slot(1, -1, 0)
    builder.PrependUOffsetTRelativeSlot(2, text, 0)
    builder.FinishSizePrefixed(builder.EndObject(), b"IOHE")
    return b"#!AER-DAT4.0\r\n" + bytes(builder.Output())


def packet(events: list[tuple[int, int, int, bool]]) -> bytes:
    """Stream 0, size, then a vector of 16-byte events: t int64, x and y int16, polarity."""
    builder: Any = flatbuffers.Builder(0)
    builder.StartVector(16, len(events), 8)
    for t, x, y, on in reversed(events):
        builder.Prep(8, 16)
        builder.Pad(3)
        builder.PrependBool(on)
        builder.PrependInt16(y)
        builder.PrependInt16(x)
        builder.PrependInt64(t)
    vector = builder.EndVector()
    builder.StartObject(1)
    builder.PrependUOffsetTRelativeSlot(0, vector, 0)
    builder.FinishSizePrefixed(builder.EndObject(), b"EVTS")
    content = bytes(builder.Output())
    return struct.pack("<ii", 0, len(content)) + content


def test_events_of_all_packets(tmp_path: Path) -> None:
    path = tmp_path / "some.aedat4"
    first, second = [(5, 1, 2, True), (9, 345, 259, False)], [(12, 0, 0, True)]
    path.write_bytes(header() + packet(first) + packet(second))
    events = read_events(path)
    assert events[4:6] == (346, 260)
    columns = (events.t, events.x, events.y, events.p)
    assert list(zip(*(c.tolist() for c in columns), strict=True)) == first + second


def test_the_reader_needs_the_library() -> None:
    assert get_host().spec("reader", "aedat4").requires == ("aedat",)


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
