"""Let a package import its public names when they are first touched."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any


def lazily(package: str, homes: Mapping[str, Iterable[str]]) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package; ``homes`` gives the names of each of its modules.

    >>> decoder = lazily("json", {"decoder": ["JSONDecoder"]})
    >>> decoder("JSONDecoder").__name__
    'JSONDecoder'
    >>> decoder("XML")
    Traceback (most recent call last):
        ...
    AttributeError: module 'json' has no attribute 'XML'
    """
    home_of = {name: home for home, names in homes.items() for name in names}

    def getattr_(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{home_of[name]}"), name)
        setattr(sys.modules[package], name, value)  # found without this function from now on
        return value

    return getattr_
