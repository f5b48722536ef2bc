"""Run functions in a fresh Python process, as workers do, on pickled arguments.

The process hashes strings with another seed than this one, so that an order of a set or a
``hash("name")`` that finds its way into readings is seen. It is started once and kept.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import pickle
import select
import struct
import subprocess
import sys
from typing import IO, Any

from stillage.plugin.resolve import last_line
from stillage.testing.results import Unkept

_PATIENCE_S = 120.0
_CODE = "from stillage.testing.worker import serve; serve()"


def in_worker(thing: object, method: str, *args: Any) -> Any:
    """Call ``thing.method(*args)``, or ``thing(*args)`` for "", in a fresh process.

    Raises
    ------
    Unkept
        If ``thing`` cannot be pickled, unpickled there, or fails there.
    """
    try:
        sent = pickle.dumps((thing, method, args))
    except Exception as error:
        raise Unkept(
            f"it cannot be pickled ({last_line(error)}); likely cause: a lambda, an open file, a"
            " lock or a class inside a function kept as an attribute"
        ) from None
    good, answer = _worker().ask(sent)
    if not good:
        raise Unkept(
            f"in a worker it fails ({answer}); likely cause: state that __getstate__ leaves out,"
            " or a module that only this process can import"
        )
    return pickle.loads(answer)  # noqa: S301 (our own child's)


@functools.cache
def _worker() -> _Worker:
    return _Worker()


class _Worker:
    def __init__(self) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),
            "PYTHONHASHSEED": "20011",
            "OMP_NUM_THREADS": "1",
        }
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", _CODE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        atexit.register(self.close)

    def ask(self, sent: bytes) -> tuple[bool, Any]:
        inlet, outlet = self._process.stdin, self._process.stdout
        assert inlet is not None  # noqa: S101
        assert outlet is not None  # noqa: S101
        try:
            _send(inlet, sent)
            if not select.select([outlet], [], [], _PATIENCE_S)[0]:
                raise EOFError(f"no answer within {_PATIENCE_S:g} s")
            good = outlet.read(1) == b"\x01"
            answer = _receive(outlet)
        except (OSError, EOFError) as error:
            self.close()
            return False, f"the process ended: {last_line(error)}"
        return good, answer if good else answer.decode()

    def close(self) -> None:
        """End the process; the next call starts another."""
        _worker.cache_clear()
        atexit.unregister(self.close)
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()


def _send(pipe: IO[bytes], content: bytes) -> None:
    pipe.write(struct.pack("<Q", len(content)) + content)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes:
    head = pipe.read(8)
    if len(head) < 8:
        raise EOFError("it is gone")
    return pipe.read(struct.unpack("<Q", head)[0])


def serve() -> None:
    """Answer calls from standard input, one after another, on standard output."""
    answers = os.fdopen(os.dup(1), "wb")  # what plugins print goes to standard error instead
    os.dup2(2, 1)
    questions = sys.stdin.buffer
    while True:
        try:
            sent = _receive(questions)
        except EOFError:
            return
        try:
            thing, method, args = pickle.loads(sent)  # noqa: S301 (our own parent's)
            call = getattr(thing, method) if method else thing
            good, answer = b"\x01", pickle.dumps(call(*args))
        except Exception as error:
            good, answer = b"\x00", last_line(error).encode()
        answers.write(good)
        _send(answers, answer)
