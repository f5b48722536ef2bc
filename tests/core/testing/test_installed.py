"""Every installed scenario keeps the promises of the kit, as a stranger's must."""

from __future__ import annotations

import pytest

from stillage.plugin.host import get_host
from stillage.plugin.spec import ScenarioSpec
from stillage.testing import check_scenario


@pytest.mark.parametrize("name", [spec.name for spec in get_host().specs(ScenarioSpec)])
def test_installed_scenario(name: str) -> None:
    passed = [str(result) for result in check_scenario(name)]
    assert "The Gymnasium environment passes Gymnasium's own check_env" in passed
