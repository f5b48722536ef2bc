"""The hooks of the plugin API. A plugin is a module that implements them:

>>> from stillage.plugin import hookimpl
>>> @hookimpl
... def register():
...     return []
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pluggy

from stillage.plugin.spec import Spec

GROUP = "stillage"
"""The entry-point group in which a distribution names its plugin modules."""

hookspec = pluggy.HookspecMarker("stillage")
hookimpl = pluggy.HookimplMarker("stillage")
"""Marks a function of a plugin module as the implementation of the hook of that name."""


@hookspec
def register() -> Sequence[Spec]:  # type: ignore[empty-body]
    """Give the specs of everything this plugin provides.

    Called once in every process that loads plugins, so it must be quick, import nothing
    heavy and return the same specs each time. An exception breaks this plugin alone.
    """


@hookspec
def worker_setup(context: Mapping[str, str]) -> None:
    """Prepare a process that will run simulations or training.

    Called once in every worker, after the worker's plugins were found equal to the
    driver's, and before its first task; the place to register Gymnasium environments.
    ``context["workers"]`` says what the worker is: ``ray`` or ``process``.
    """
