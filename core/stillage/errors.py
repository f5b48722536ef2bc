"""The errors that a user can cause, each with the exit code of the command line.

Anything else that escapes is our bug and keeps its traceback.

>>> raise BadInput("labels", found="-3", expected="a positive integer, a fraction or 'all'")
Traceback (most recent call last):
    ...
stillage.errors.BadInput: labels: found -3, expected a positive integer, a fraction or 'all'
"""

from __future__ import annotations


class StillageError(Exception):
    """The base of our errors: a failure with a one-line message; ``exit_code`` 1."""

    exit_code = 1


class BadInput(StillageError, ValueError):
    """An error of usage or input, which is a ``ValueError`` too; exit code 2.

    Parameters
    ----------
    where : str
        The file, option or dataset at fault.
    found, expected : str
        What was found and what should have been; both appear in the one-line message.
    """

    exit_code = 2

    def __init__(self, where: object, found: object = None, expected: object = None) -> None:
        told = {"found": "" if found is None else found, "expected": expected or ""}
        parts = [f"{key} {value}" for key, value in told.items() if str(value)]
        text = f"{where}: {', '.join(map(str, parts))}" if parts else str(where)
        super().__init__(" ".join(text.split()))


class UnknownName(BadInput, KeyError):
    """An error for a name that a mapping does not hold, a ``KeyError`` too; exit code 2."""

    __str__ = Exception.__str__  # a KeyError shows its message in quotes


class Incomplete(StillageError):
    """An error for work that is missing and can be resumed; exit code 3."""

    exit_code = 3


class PluginBroken(StillageError):
    """An error for a plugin that was asked for and cannot be used; exit code 4."""

    exit_code = 4
