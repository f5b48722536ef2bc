"""The built-in modalities pass the conformance kit that third parties use."""

from __future__ import annotations

import pytest

from stillage.plugin.host import get_host
from stillage.testing import check_modality


@pytest.mark.parametrize("name", ["led", "nir", "thermal", "video"])
def test_modality_conforms(name: str) -> None:
    assert len(check_modality(name)) > 20


def test_every_size_has_an_encoder() -> None:
    host = get_host()
    for name in ("led", "nir", "thermal", "video"):
        for size in ("linear", "small", "large"):
            assert host.encoder(name, size).name == f"{name}-{size}"
        assert host.spec("modality", name).default_size in {"linear", "small"}
