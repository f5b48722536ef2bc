"""Reads AEDAT4, the format of iniVation's cameras, through the library ``aedat`` (MIT)."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from stillage.errors import BadInput
from stillage_events.readers.files import check_count, file_size
from stillage_events.reading import Events, events_of

_SIGNATURE = b"#!AER-DAT4"


def read_aedat4(path: Path) -> Events:
    """Read the events of the first event stream; other streams are passed over.

    Raises
    ------
    BadInput
        If the library is missing, the file is none of AEDAT4, or it holds no events.
    """
    file_size(path)
    with path.open("rb") as handle:
        head = handle.read(len(_SIGNATURE))
    if head != _SIGNATURE:
        raise BadInput(path, f"a file that begins {head!r}", "AEDAT4")
    try:
        aedat = import_module("aedat")  # optional: the extra stillage[aedat]
    except ImportError:
        raise BadInput(path, "no library aedat", "pip install stillage[aedat]") from None
    try:
        decoder = aedat.Decoder(path)
        streams = decoder.id_to_stream()
        wanted = next((k for k, s in streams.items() if s["type"] == "events"), None)
        if wanted is None:
            raise BadInput(path, f"{len(streams)} streams, none of events", "a stream of events")
        parts: list[Any] = []
        count = 0
        for packet in decoder:
            if packet["stream_id"] == wanted and "events" in packet:
                parts.append(packet["events"].copy())
                count += len(parts[-1])
                check_count(path, count)
    except BadInput:
        raise
    except BaseException as error:
        # The library's panics are no Exception; MemoryError and its kin are the file's doing too.
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
            raise
        reason = " ".join(str(error).split())[:120]
        raise BadInput(path, f"a damaged file ({reason})", "AEDAT4") from None
    if not count:
        raise BadInput(path, "no event", "a stream of events")
    events = np.concatenate(parts)
    width, height = int(streams[wanted]["width"]), int(streams[wanted]["height"])
    return events_of(events["x"], events["y"], events["t"], events["on"], width, height, where=path)
