"""Find the chain files that come with Stillage.

>>> shipped()
('batteries', 'plastics', 'spare_parts')
"""

from __future__ import annotations

from pathlib import Path

from stillage.errors import BadInput
from stillage.plugin.suggest import one_of

_FOLDER = Path(__file__).parent


def shipped() -> tuple[str, ...]:
    """Name the chains that come with Stillage."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def chain_path(name: str) -> Path:
    """Find the file of a shipped chain.

    Raises
    ------
    BadInput
        If none is called so; the names there are, and the nearest, are in the message.

    >>> chain_path("plastics").name
    'plastics.toml'
    """
    if name not in shipped():
        raise BadInput("chain", repr(name), one_of(name, shipped()))
    return _FOLDER / f"{name}.toml"


__all__ = []
