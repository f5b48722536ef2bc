"""Chooses the decoder of an event file by its suffix.

No decoder follows a path in a file, unpickles, or allocates by a count that the file's own
bytes do not bear out.
"""

from __future__ import annotations

from pathlib import Path

from stillage.errors import BadInput
from stillage_events.reading import Events

SUFFIXES = (".raw", ".bin", ".txt", ".h5", ".hdf5", ".aedat4")


def read_events(path: str | Path) -> Events:
    """Read the events in a file, with the file's own times in us.

    ``.raw`` EVT2 or EVT3 (its header says which), ``.bin`` N-MNIST, ``.txt`` ECD text, ``.h5``
    and ``.hdf5`` DSEC layout, ``.aedat4`` (needs the library aedat). Where a file does not
    state the sensor's size, the smallest of the usual ones that holds all events is taken.

    Raises
    ------
    BadInput
        One line, if the file is of another kind, damaged, hostile or too large.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    try:
        if suffix == ".raw":
            from stillage_events.readers.evt import read_raw

            return read_raw(path)
        if suffix == ".bin":
            from stillage_events.readers.nmnist import read_bin

            return read_bin(path)
        if suffix == ".txt":
            from stillage_events.readers.ecd import read_text

            return read_text(path)
        if suffix in {".h5", ".hdf5"}:
            from stillage_events.readers.dsec import read_dsec

            return read_dsec(path)
        if suffix == ".aedat4":
            from stillage_events.readers.aedat4 import read_aedat4

            return read_aedat4(path)
    except OSError as error:
        raise BadInput(path, error.strerror or error, "a readable file") from None
    raise BadInput(path, f"file type {suffix!r}", f"one of {', '.join(SUFFIXES)}")
