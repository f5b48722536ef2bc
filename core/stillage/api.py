"""Functions that mirror commands of other distributions, found through the plugins.

Core imports no sibling: what ``stillage run`` does is known to the plugin that registers the
command, in the ``api`` of its spec.
"""

from __future__ import annotations

from typing import Any

from stillage.errors import PluginBroken


def call(command: str, *args: Any, **kwargs: Any) -> Any:
    """Call the Python function that a command mirrors.

    Raises
    ------
    BadInput
        If no plugin has that command.
    PluginBroken
        If the plugin that has it names no function, or one that cannot be imported.
    """
    from stillage.plugin.host import get_host
    from stillage.plugin.spec import CommandSpec

    host = get_host()
    spec = host.spec(CommandSpec, command)
    if not spec.api:
        raise PluginBroken(f"command {command!r} has no function of its own (api)")
    return host.resolve(spec.api)(*args, **kwargs)


def run(*args: Any, **kwargs: Any) -> Any:
    """Record, distil, deploy, simulate and report a scenario, as ``stillage run`` does.

    For an example, see docs/running.md.
    """
    return call("run", *args, **kwargs)


def evaluate(*args: Any, **kwargs: Any) -> Any:
    """Compare policies in a scenario, as ``stillage evaluate`` does.

    For an example, see docs/running.md.
    """
    return call("evaluate", *args, **kwargs)


def resume(*args: Any, **kwargs: Any) -> Any:
    """Do what is missing of an interrupted run, as ``stillage resume`` does.

    For an example, see docs/running.md.
    """
    return call("resume", *args, **kwargs)
