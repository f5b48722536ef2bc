"""Turn exceptions into one line on standard error and an exit code, here and nowhere else."""

from __future__ import annotations

import errno
import os
import sys
import traceback

import click

from stillage.errors import StillageError
from stillage.plugin.resolve import last_line

FAILED, USAGE, INTERRUPTED = 1, 2, 130

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_USERS_PATH = {
    errno.ENOENT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ENOTDIR,
    errno.EEXIST, errno.ENOTEMPTY, errno.ENAMETOOLONG, errno.ELOOP,
}  # fmt: skip


def report_failure(error: BaseException, verbose: bool = False) -> int:
    """Print the error in one line, and give the exit code.

    Notes that were added to the exception (:meth:`BaseException.add_note`), such as the
    command that resumes a run, follow on lines of their own. A traceback is printed only
    with ``verbose``, and never for usage or bad input.
    """
    text, code = describe_failure(error)
    try:
        if verbose and code != USAGE and not isinstance(error, click.Abort):
            traceback.print_exception(error)
        for line in text:
            print(f"stillage: {line}", file=sys.stderr)
        sys.stderr.flush()
    except OSError:  # standard error is closed: nobody reads it
        return code
    return code


def describe_failure(error: BaseException) -> tuple[list[str], int]:
    """Give the lines for the user, and the exit code.

    >>> describe_failure(MemoryError())
    (['out of memory'], 1)
    >>> describe_failure(FileNotFoundError(2, "No such file or directory", "a.h5"))
    (['a.h5: No such file or directory'], 2)
    """
    cause = error.__cause__ if isinstance(error, click.Abort) else error
    notes = [str(note) for note in getattr(cause, "__notes__", ())]
    line, code = _line(error)
    return [text for text in (line, *notes) if text], code


def _line(error: BaseException) -> tuple[str, int]:
    if isinstance(error, (click.Abort, KeyboardInterrupt)):
        return "interrupted", INTERRUPTED
    if isinstance(error, StillageError):
        return str(error), error.exit_code
    if isinstance(error, click.ClickException):
        return _click_line(error), USAGE
    if isinstance(error, BrokenPipeError):
        _silence_stdout()
        return "", FAILED
    if isinstance(error, OSError):
        return _os_line(error)
    if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("stillage"):
        return f"this needs module {error.name!r}, which is not installed", FAILED
    if isinstance(error, MemoryError):
        return f"out of memory: {error}" if str(error) else "out of memory", FAILED
    return f"unexpected {last_line(error)}; run with -v to see where", FAILED


def _click_line(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    if context is None:
        return error.format_message()
    where = context.command_path.partition(" ")[2]
    message = " ".join(error.format_message().split())
    # by name, since click 8.1 has no such class
    if type(error).__name__ == "NoArgsIsHelpError":
        names = ", ".join(context.command.list_commands(context))
        message = f"found no command, expected one of {names}"
    return f"{where}: {message}" if where else message


def _os_line(error: OSError) -> tuple[str, int]:
    reason = error.strerror or str(error) or type(error).__name__
    place = error.filename2 or error.filename
    line = f"{os.fsdecode(place)}: {reason}" if isinstance(place, (str, bytes)) else reason
    return " ".join(line.split()), USAGE if error.errno in _USERS_PATH else FAILED


def _silence_stdout() -> None:
    """Keep the interpreter from complaining when it flushes a closed pipe at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
