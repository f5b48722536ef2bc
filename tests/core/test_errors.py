"""Errors keep what Python promises of their kinds, and their one line and exit code."""

from __future__ import annotations

import pickle

import pytest
from pydantic import BaseModel, model_validator

from stillage.cli.failures import describe_failure
from stillage.errors import BadInput, StillageError, UnknownName
from stillage.plugin.overrides import checked


def test_bad_input_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="labels: found -3, expected 1 or more") as caught:
        raise BadInput("labels", -3, "1 or more")
    assert isinstance(caught.value, StillageError)
    assert describe_failure(caught.value) == (["labels: found -3, expected 1 or more"], 2)


def test_unknown_name_is_a_key_error_whose_line_has_no_quotes() -> None:
    with pytest.raises(KeyError) as caught:
        raise UnknownName("scene", "no field 'a'", "one of ['b']")
    assert describe_failure(caught.value) == (
        ["scene: found no field 'a', expected one of ['b']"],
        2,
    )


@pytest.mark.parametrize("kind", [BadInput, UnknownName])
def test_errors_cross_processes(kind: type[BadInput]) -> None:
    error = kind("a.h5", "nothing", "a recording")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (kind, str(error))


def test_bad_input_of_a_validator_keeps_its_line() -> None:
    class Sun(BaseModel):
        rise: float = 6.0
        set: float = 18.0

        @model_validator(mode="after")
        def _ordered(self) -> Sun:
            if self.set < self.rise:
                raise BadInput("set", self.set, f"at least {self.rise}")
            return self

    with pytest.raises(BadInput) as caught:
        checked(Sun, {"set": 5.0}, "-o")
    assert str(caught.value) == "set: found 5.0, expected at least 6.0"
