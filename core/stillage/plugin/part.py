"""Name a registered part and its parameters, in a configuration or as the text of an option."""

from __future__ import annotations

import math
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from stillage.errors import BadInput
from stillage.plugin.spec import Name, Parameter, Spec
from stillage.plugin.suggest import one_of

Value = bool | int | float | str


class PartConfig(BaseModel):
    """A registered part by name, with its parameters.

    Wherever one is validated it may also be text, as ``--fusion`` and ``-o`` give it.

    >>> PartConfig.model_validate("concat,dropout=0.1").parameters
    {'dropout': '0.1'}
    >>> str(PartConfig(name="concat", parameters={"dropout": 0.1}))
    'concat,dropout=0.1'
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Name
    parameters: dict[str, Value] = {}

    def __str__(self) -> str:
        values = (f"{key}={_text(value)}" for key, value in self.parameters.items())
        return ",".join([self._head(), *values])

    def _head(self) -> str:
        return self.name

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        head, *pairs = given.split(",")
        parameters = {}
        for pair in pairs:
            key, equals, value = pair.partition("=")
            if not equals or key.strip() in parameters:
                raise ValueError(f"expected {cls._form()}, each key once")
            parameters[key.strip()] = value.strip()
        return {**cls._named(head.strip()), "parameters": parameters}

    @classmethod
    def _named(cls, head: str) -> dict[str, Any]:
        return {"name": head}

    @classmethod
    def _form(cls) -> str:
        """Say how one is written as text."""
        return "NAME or NAME,key=value,..."

    @classmethod
    def parse(cls, text: str, where: str) -> Self:
        """Read ``NAME,key=value,...``; parameters stay text until :meth:`checked`.

        Raises
        ------
        BadInput
            If the text has another form; names ``where``.
        """
        try:
            return cls.model_validate(text)
        except ValidationError:
            raise BadInput(where, repr(text), cls._form()) from None

    def checked(self, spec: Spec) -> Self:
        """Give the part with every parameter in the type that ``spec`` declares.

        Raises
        ------
        BadInput
            If a parameter is not declared (names the nearest), or its value does not fit.
        """
        who = f"{spec.kind} {spec.name!r}"
        known = {parameter.name: parameter for parameter in spec.parameters}
        for key in self.parameters:
            if key not in known:
                wanted = one_of(key, known) if known else "none: it takes no parameters"
                raise BadInput(who, f"parameter {key!r}", wanted)
        typed = {key: _typed(known[key], value, who) for key, value in self.parameters.items()}
        return self.model_copy(update={"parameters": typed})


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _typed(parameter: Parameter, value: Value, who: str) -> Value:
    """Convert a value, or the text of one, to the parameter's type."""
    refusal = BadInput(f"{who} {parameter.name}", repr(value), _expected(parameter))
    text = _text(value)
    if parameter.type == "bool":
        if text not in ("true", "false"):
            raise refusal
        return text == "true"
    if parameter.type in ("int", "float"):
        try:
            number = int(text) if parameter.type == "int" else float(text)
        except ValueError:
            raise refusal from None
        if isinstance(value, bool) or not math.isfinite(number):
            raise refusal
        return number
    if not isinstance(value, str) or (
        parameter.type == "choice" and value not in parameter.choices
    ):
        raise refusal
    return value


def _expected(parameter: Parameter) -> str:
    return {
        "bool": "true or false",
        "int": "a whole number",
        "float": "a finite number",
        "str": "text",
        "choice": f"one of {', '.join(parameter.choices)}",
    }[parameter.type]
