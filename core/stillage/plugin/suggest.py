"""Suggest the nearest known name, for messages."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_SHOWN = 12


def nearest(name: str, known: Iterable[str]) -> str:
    """Give ``"; did you mean 'x'?"`` for the known name most like ``name``, else "".

    >>> nearest("spectrel", ["thermal", "spectral"])
    "; did you mean 'spectral'?"
    >>> nearest("zzz", ["thermal"])
    ''
    """
    known = list(known)
    lowered = {other.lower(): other for other in known}
    close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    return f"; did you mean {lowered[close[0]]!r}?" if close else ""


def one_of(name: str, known: Iterable[str]) -> str:
    """List what an unknown ``name`` could have been: the known names, and the nearest.

    >>> one_of("b", [])
    'none is installed'
    >>> one_of("ledd", ["nir", "led"])
    "one of led, nir; did you mean 'led'?"
    """
    names = sorted(set(known))
    if not names:
        return "none is installed"
    rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"one of {', '.join(names[:_SHOWN])}{rest}{nearest(name, names)}"
