"""Read the small JSON file that describes a folder, as a pydantic model."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from stillage.errors import BadInput

_Model = TypeVar("_Model", bound=BaseModel)


def read_description(file: Path, model: type[_Model], most_bytes: int, expected: str) -> _Model:
    """Read and validate a JSON file of at most ``most_bytes`` bytes.

    ``expected`` says in a refusal what the folder should have been.

    Raises
    ------
    BadInput
        If the file cannot be read, is larger, is no JSON or does not fit ``model``.

    >>> read_description(Path("none.json"), BaseModel, 9, "a saved network")
    Traceback (most recent call last):
    ...
    stillage.errors.BadInput: none.json: found No such file or directory, expected a saved network
    """
    try:
        if file.stat().st_size > most_bytes:
            raise BadInput(file, f"{file.stat().st_size} bytes", f"at most {most_bytes}")
        return model.model_validate_json(file.read_bytes())
    except OSError as error:
        raise BadInput(file, error.strerror or "unreadable", expected) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise BadInput(file, f"{place} {first['msg']}".strip(), expected) from error
