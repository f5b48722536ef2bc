"""What the event camera plugin registers. Light: nothing here imports torch."""

from __future__ import annotations

from stillage.plugin import hookimpl
from stillage.plugin.spec import Spec

SPECS: tuple[Spec, ...] = ()


@hookimpl
def register() -> list[Spec]:
    """Give the host every spec of this plugin."""
    return list(SPECS)
