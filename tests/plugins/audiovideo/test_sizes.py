"""Every size of sound and video has its encoder."""

from __future__ import annotations

import pytest

from stillage.plugin.host import get_host


@pytest.mark.parametrize("name", ["audio", "machine-sound", "video"])
@pytest.mark.parametrize("size", ["linear", "small", "tcn", "large"])
def test_every_size_has_an_encoder(name: str, size: str) -> None:
    assert get_host().encoder(name, size).name == f"{name}-{size}"
