"""The sounds of this plugin pass the kit that third parties use; every size is there."""

from __future__ import annotations

import pytest

from stillage.plugin.host import get_host
from stillage.testing import check_fusion, check_modality


@pytest.mark.parametrize("name", ["audio", "machine-sound"])
def test_modality_conforms(name: str) -> None:
    assert len(check_modality(name)) > 20


def test_fusion_conforms() -> None:
    check_fusion("audiovideo-gated")


@pytest.mark.parametrize("name", ["audio", "machine-sound", "video"])
@pytest.mark.parametrize("size", ["linear", "small", "tcn", "large"])
def test_every_size_has_an_encoder(name: str, size: str) -> None:
    assert get_host().encoder(name, size).name == f"{name}-{size}"
