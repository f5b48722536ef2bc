"""What a compiled function is made of: the files and constants that it reaches.

Compiled code is served from disk only as long as nothing that went into it has changed. So its
key holds the text of every file whose code it reaches, from function to function, by global
names, modules' attributes and closures, and every constant met on the way, wherever it is from:
numbers are frozen into compiled code. NumPy, numba and Python itself are not searched.

A name counts if the code mentions it anywhere, also as an attribute: a key may hold a little too
much, and then an entry is made once more than need be; never too little.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

_FOREIGN = frozenset({"numba", "numpy", *sys.stdlib_module_names})
_CONSTANT = bool | int | float | complex | str | np.generic | np.ndarray | None


class Reach:
    """What a function reaches: ``files``, and ``constants`` by where they were met.

    >>> from stillage_sim.engine import cycles, randomness
    >>> found = Reach(randomness.fold)
    >>> [Path(file).name for file in found.files], sorted(found.constants)[0]
    (['randomness.py'], 'stillage_sim.engine.randomness.GOLDEN')
    """

    def __init__(self, function: Any) -> None:
        self.files: set[str] = set()
        self.constants: dict[str, str] = {}
        self._seen: set[tuple[int, frozenset[str]]] = set()
        self._visit(function.__name__, function, frozenset())

    def _visit(self, name: str, value: Any, names: frozenset[str]) -> None:
        """Add what a name stands for; ``names`` are those that the code around it mentions."""
        if isinstance(value, _CONSTANT):
            self.constants[name] = _text(value)
        elif isinstance(value, tuple | list):
            for n, item in enumerate((type(value), *value)):
                self._visit(f"{name}.{n}", item, names)
        elif isinstance(value, ModuleType):
            self._module(value, names)
        else:
            self._object(inspect.unwrap(value))  # what is compiled, of a mark or of numba's own

    def _module(self, module: ModuleType, names: frozenset[str]) -> None:
        if self._is_new(module, module.__name__, names):
            self.files.update({module.__file__} if module.__file__ else ())
            self._space(module.__name__, vars(module), names)

    def _object(self, value: Any) -> None:
        home = str(getattr(value, "__module__", ""))
        if not self._is_new(value, home):
            return
        if isinstance(value, FunctionType):
            self._function(value)
        elif home in sys.modules:
            self._module(sys.modules[home], frozenset())

    def _is_new(self, value: Any, home: str, names: frozenset[str] = frozenset()) -> bool:
        place = id(value), names
        found = home.partition(".")[0] not in _FOREIGN and place not in self._seen
        self._seen.add(place)
        return found

    def _function(self, function: FunctionType) -> None:
        code, where = function.__code__, f"{function.__module__}.{function.__qualname__}"
        names = frozenset(_names(code))
        cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
        self.files.add(code.co_filename)
        self._space(function.__module__, function.__globals__, names)
        self._space(where, {name: cell.cell_contents for name, cell in cells}, names)
        self._visit(f"{where} defaults", function.__defaults__ or (), names)

    def _space(self, where: str, space: Mapping[str, Any], names: frozenset[str]) -> None:
        for name in names & space.keys():
            self._visit(f"{where}.{name}", space[name], names)

    def stamp(self, *more: str) -> str:
        """24 hexadecimal digits of all files, constants and ``more``.

        Raises ``OSError`` if a file cannot be read.
        """
        texts = [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in self.files]
        parts = repr((sorted(texts), sorted(self.constants.items()), more))
        return hashlib.sha256(parts.encode()).hexdigest()[:24]


def _names(code: CodeType) -> Iterator[str]:
    """Every global, attribute and outer variable that code mentions, or code inside it."""
    yield from code.co_names + code.co_freevars
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray):
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return f"{value.dtype.str} {value.shape} {content}"
    return repr(value)
