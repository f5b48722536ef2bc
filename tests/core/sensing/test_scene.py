"""A scene is a mapping as any other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage.sensing.scene import Scene

SCENE = Scene({"mass": np.array([5.0, 7.0])}, {"mass": "g"})


def test_get_gives_the_default_for_an_unknown_name() -> None:
    assert isinstance(SCENE, Mapping)
    assert SCENE.get("colour") is None
    assert SCENE.get("colour", 3) == 3
    assert SCENE.get("mass") is SCENE["mass"]
    assert "colour" not in SCENE


@pytest.mark.parametrize("kind", [KeyError, BadInput, ValueError])
def test_an_unknown_name_is_a_key_error_and_bad_input(kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"no field 'colour', expected one of \['mass'\]"):
        SCENE["colour"]
