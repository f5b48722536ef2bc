"""Find what a compiled function is made of: the files that it reaches, and its names' values.

Compiled code is served from disk only as long as nothing that went into it has changed. So its
key holds the text of every file whose code it reaches, from function to function, by global
names, modules' attributes and closures. It also holds what each of these names stands for,
wherever that is from: numbers are frozen into compiled code, and another function may come to
stand behind a name in a file that is itself not compiled. NumPy, numba and Python are not searched.

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
    """The reach of a function: ``files``, and what each name stands for that it meets (``names``).

    >>> from stillage_sim.engine import randomness
    >>> found = Reach(randomness.fraction)
    >>> [Path(file).name for file in found.files]
    ['randomness.py']
    >>> found.names["stillage_sim.engine.randomness.UNIT"]
    '1.1102230246251565e-16'
    """

    def __init__(self, function: Any) -> None:
        self.files: set[str] = set()
        self.names: dict[str, str] = {}
        self._seen: set[tuple[int, frozenset[str]]] = set()
        self._visit(function.__name__, function, frozenset())

    def _visit(self, name: str, value: Any, mentioned: frozenset[str]) -> None:
        """Add what a name stands for, and look into it; ``mentioned`` in the code around it."""
        if isinstance(value, tuple | list):
            for n, item in enumerate((type(value), *value)):
                self._visit(f"{name}.{n}", item, mentioned)
            return
        value = inspect.unwrap(value)  # what is compiled, of a mark or of numba's own
        self.names[name] = _text(value)
        if isinstance(value, ModuleType):
            self._module(value, mentioned)
        elif not isinstance(value, _CONSTANT) and self._is_new(value, _home(value)):
            if isinstance(value, FunctionType):
                self._function(name, value)
            elif _home(value) in sys.modules:  # a class, or an object of one
                self._module(sys.modules[_home(value)], frozenset())

    def _module(self, module: ModuleType, mentioned: frozenset[str]) -> None:
        if self._is_new(module, module.__name__, mentioned):
            self.files.update({module.__file__} if module.__file__ else ())
            self._space(module.__name__, vars(module), mentioned)

    def _function(self, name: str, function: FunctionType) -> None:
        code = function.__code__
        mentioned = frozenset(_mentioned(code))
        cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
        self.files.add(code.co_filename)
        self._space(function.__module__, function.__globals__, mentioned)
        self._space(name, {cell: held.cell_contents for cell, held in cells}, mentioned)
        self._visit(f"{name} defaults", function.__defaults__ or (), mentioned)

    def _space(self, where: str, space: Mapping[str, Any], mentioned: frozenset[str]) -> None:
        for name in sorted(mentioned & space.keys()):
            self._visit(f"{where}.{name}", space[name], mentioned)

    def _is_new(self, value: Any, home: str, mentioned: frozenset[str] = frozenset()) -> bool:
        place = id(value), mentioned
        found = home.partition(".")[0] not in _FOREIGN and place not in self._seen
        self._seen.add(place)
        return found

    def stamp(self, *more: str) -> str:
        """Digest all files, names and ``more`` to 24 hexadecimal digits.

        Raises ``OSError`` if a file cannot be read.
        """
        texts = [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in self.files]
        parts = repr((sorted(texts), sorted(self.names.items()), more))
        return hashlib.sha256(parts.encode()).hexdigest()[:24]


def _mentioned(code: CodeType) -> Iterator[str]:
    """Yield every global, attribute and outer variable that code mentions, or code inside it."""
    yield from code.co_names + code.co_freevars
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _mentioned(constant)


def _home(value: Any) -> str:
    """Name the module that a function, a class, or the class of an object is from."""
    return str(getattr(value, "__module__", ""))


def _text(value: Any) -> str:
    """Write a constant's value; else the name of a function, class or module, or of an object's."""
    if isinstance(value, np.ndarray):
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return f"{value.dtype.str} {value.shape} {content}"
    if isinstance(value, _CONSTANT):
        return repr(value)
    if isinstance(value, ModuleType):
        return value.__name__
    line = value.__code__.co_firstlineno if isinstance(value, FunctionType) else ""
    return f"{_home(value)}.{getattr(value, '__qualname__', type(value).__qualname__)} {line}"
