"""Import what an import string names, with errors that say which part is wrong."""

from __future__ import annotations

import importlib
import importlib.util
import traceback
from typing import Any

from stillage.errors import PluginBroken
from stillage.plugin.suggest import nearest


def last_line(error: BaseException) -> str:
    r"""Give the exception as the one line that ends its traceback.

    >>> last_line(ValueError("no\nway"))
    'ValueError: no way'
    """
    lines = traceback.TracebackException(type(error), error, None)
    lines.__notes__ = None  # notes are printed on lines of their own
    return " ".join("".join(lines.format_exception_only()).split())


def resolve(text: str, who: str = "") -> Any:
    """Import ``"package.module:attribute"`` and give the attribute.

    Parameters
    ----------
    text : str
        The import string; the attribute may be dotted.
    who : str
        What names it, for the message.

    Raises
    ------
    PluginBroken
        If the module is missing, fails while it is imported, or lacks the attribute.

    >>> resolve("json:loads")("[1]")
    [1]
    >>> resolve("json:load_s", "reader 'x'")
    Traceback (most recent call last):
        ...
    stillage.errors.PluginBroken: reader 'x': module 'json' has no 'load_s'; did you mean 'loads'?
    """
    where = f"{who}: " if who else ""
    module_name, _, path = text.partition(":")
    if not module_name or not path:
        raise PluginBroken(f"{where}{text!r} is no import string 'package.module:attribute'")
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or module_name
        if module_name == missing or module_name.startswith(f"{missing}."):
            raise PluginBroken(f"{where}there is no module {missing!r} ({text})") from error
        raise PluginBroken(
            f"{where}{module_name!r} needs module {missing!r}, which is not installed"
        ) from error
    except (Exception, SystemExit) as error:
        raise PluginBroken(
            f"{where}importing {module_name!r} failed: {last_line(error)}"
        ) from error
    inside = f"module {module_name!r}"
    for part in path.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            known = [name for name in dir(found) if not name.startswith("_")]
            raise PluginBroken(f"{where}{inside} has no {part!r}{nearest(part, known)}") from error
        inside = repr(part)
    return found


def missing_module(names: tuple[str, ...]) -> str | None:
    """Find the first of these modules that is not installed, without importing any.

    >>> missing_module(("json", "no_such_module_anywhere"))
    'no_such_module_anywhere'
    """
    for name in names:
        try:
            if importlib.util.find_spec(name) is None:
                return name
        except (ImportError, ValueError):  # its package is not there, or has no spec itself
            return name
    return None
