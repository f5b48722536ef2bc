"""What the tests of the kit share: a broken example of a check, and what its author is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from stillage.testing import Failed, Result
from stillage.testing.results import promise_of


@dataclass(frozen=True)
class Broken:
    """A check, a plugin that breaks it, what its author is told, and the spec if another one."""

    check: Callable[[Any], None]
    make: Callable[..., Any]
    told: str
    spec: Any = None

    @property
    def id(self) -> str:
        """For pytest."""
        return f"{self.check.__name__}-{self.make.__name__}"


def why(results: Iterator[Result], check: Callable[[Any], None]) -> str:
    """What the result of one check says; those after it are not run."""
    for result in results:
        if result.promise.endswith(promise_of(check)):
            assert isinstance(result, Failed), f"{result.promise} is kept"
            return str(result)
    raise AssertionError(f"{promise_of(check)} was not tried")
