"""The plugin keeps every promise that Stillage relies on, and its maps show what they should."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from stillage_radar import sensor

from stillage.errors import BadInput
from stillage.sensing.modality import get_modality
from stillage.sensing.scene import Scene
from stillage.testing import check_modality


def test_conforms() -> None:
    check_modality("radar")


def scene(**fields: object) -> Scene:
    whole = {
        "material": "aluminium",
        "thickness": 1.0,
        "moisture": 0.0,
        "height": 90.0,
        "speed": 0.0,
    }
    values = {name: np.array([value]) for name, value in {**whole, **fields}.items()}
    return Scene(values, dict.fromkeys(values, "1"))


@pytest.mark.parametrize(("height", "speed"), [(60.0, 0.0), (90.0, 1.1), (120.0, -1.1)])
def test_the_peak_is_where_the_item_is(height: float, speed: float) -> None:
    picture = get_modality("radar").render(scene(height=height, speed=speed), 0)[0]
    doppler, distance = np.unravel_index(picture.argmax(), picture.shape)
    slant = (sensor.MOUNT_M - height / 1e3) / sensor.SLANT
    assert abs(distance - slant / sensor.RANGE_STEP_M) <= 0.6
    assert abs(doppler - 8 - speed * sensor.SLANT / sensor.SPEED_STEP_M_S) <= 0.6


def test_metal_and_water_reflect_more_than_dry_plastic() -> None:
    names = np.array(["aluminium", "PP", "PP"])
    metal, dry, wet = sensor.reflection(names, np.full(3, 0.5), np.array([0.0, 0.0, 0.3]))
    assert metal == pytest.approx(1.0, abs=1e-3)
    assert dry < wet < metal


def test_files_are_read_and_damaged_ones_refused(tmp_path: Path) -> None:
    radar = get_modality("radar")
    picture = radar.render(scene(), 0)[0]
    whole = b"RDM1" + np.array([16, 16], "<u2").tobytes() + picture.astype("<f4").tobytes()
    path = tmp_path / "a.rdm"
    path.write_bytes(whole)
    assert (radar.read(path) == picture).all()
    huge = b"RDM1" + np.array([65535, 65535], "<u2").tobytes()
    for content in (whole[:-1], whole + b"x", b"RDM2" + whole[4:], huge, b"RDM1"):
        path.write_bytes(content)
        with pytest.raises(BadInput):
            radar.read(path)
