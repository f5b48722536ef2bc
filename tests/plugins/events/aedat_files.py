"""AEDAT4 files that the tests write from the format's schema; needs flatbuffers."""

from __future__ import annotations

import struct
from typing import Any

import flatbuffers

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
