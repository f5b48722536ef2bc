"""Run the checks of promises, and give one result for each.

>>> def even(number):
...     "the number is even"
...     demand(number % 2 == 0, f"{number} is odd", "an addition of 1")
>>> [str(result) for result in results_of([even], 3)]
['the number is even: 3 is odd; likely cause: an addition of 1']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from stillage.errors import BadInput
from stillage.plugin.resolve import last_line


@dataclass(frozen=True)
class Passed:
    """A promise that is kept.

    >>> print(Passed("the name is unique"))
    the name is unique
    """

    promise: str

    def __str__(self) -> str:
        return self.promise


@dataclass(frozen=True)
class Failed:
    """A promise that is not kept, and why.

    >>> print(Failed("the name is unique", "found twice"))
    the name is unique: found twice
    """

    promise: str
    why: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.why}"


Result = Passed | Failed


class Failing(AssertionError):
    """The error for promises that are not kept; ``failures`` are their results.

    >>> print(Failing("fusion 'acme'", [Failed("the name is unique", "found twice")]))
    fusion 'acme' fails:
      - the name is unique: found twice
    """

    def __init__(self, who: str, failures: list[Failed]) -> None:
        self.failures = failures
        super().__init__("\n  - ".join([f"{who} fails:", *map(str, failures)]))


class Unkept(Exception):
    """The error that a check raises when its promise is not kept."""


def demand(kept: bool, found: str, cause: str) -> None:
    """Raise Unkept unless ``kept``, with what was found and the likely cause."""
    if not kept:
        raise Unkept(f"{found}; likely cause: {cause}")


def demand_refusal(act: Callable[[], object], what: str, taken: str, cause: str) -> None:
    """Raise Unkept unless ``act``, done with ``what``, raises a :class:`BadInput` of one line.

    ``taken`` and ``cause`` say what is the matter where it raises nothing.
    """
    try:
        act()
    except BadInput as error:
        demand("\n" not in str(error), f"{what} is refused in several lines", "a raw message")
        return
    except Exception as error:
        demand(
            False,
            f"{what} raises {last_line(error)}",
            "an error of the decoder that is not turned into BadInput(where, found, expected)",
        )
    demand(False, f"{what} is {taken}", cause)


def promise_of(check: Callable[..., None]) -> str:
    """Give a check's promise, the first line of its docstring."""
    return (check.__doc__ or check.__name__).strip().splitlines()[0].rstrip(".")


def results_of(
    checks: Iterable[Callable[..., None]], *args: Any, prefix: str = ""
) -> Iterator[Result]:
    """Run each check with ``args``; an exception in one is a failure of that promise alone."""
    for check in checks:
        promise = f"{prefix}{promise_of(check)}"
        try:
            check(*args)
        except Unkept as unkept:
            yield Failed(promise, str(unkept))
        except Exception as error:
            yield Failed(promise, f"raised {last_line(error)}")
        else:
            yield Passed(promise)


def demand_all(who: str, results: Iterable[Result]) -> list[Passed]:
    """Give all results, if all passed.

    Raises
    ------
    Failing
        With every failure otherwise.
    """
    every = list(results)
    failures = [result for result in every if isinstance(result, Failed)]
    if failures:
        raise Failing(who, failures)
    return [result for result in every if isinstance(result, Passed)]
