"""The built-in plugins pass the conformance kit that third parties use."""

from __future__ import annotations

import pytest

from stillage.plugin.host import get_host
from stillage.plugin.spec import EncoderSpec, FusionSpec, ModalitySpec, ObjectiveSpec
from stillage.testing import PROMISES, check_fusion, check_modality, check_objective

HOST = get_host()


@pytest.mark.parametrize("name", [spec.name for spec in HOST.specs(ModalitySpec)])
def test_modality_conforms(name: str) -> None:
    own = [spec for spec in HOST.specs(EncoderSpec) if spec.modality == name]
    wanted = len(PROMISES["modality"]) + len(own) * len(PROMISES["encoder"])
    assert len(check_modality(name)) == wanted


@pytest.mark.parametrize("name", [spec.name for spec in HOST.specs(ModalitySpec)])
def test_every_size_has_an_encoder(name: str) -> None:
    sizes = {"linear", HOST.spec(ModalitySpec, name).default_size}
    for size in sizes:
        assert HOST.encoder(name, size).name == f"{name}-{size}"


@pytest.mark.parametrize("name", [spec.name for spec in HOST.specs(FusionSpec)])
def test_fusion_conforms(name: str) -> None:
    assert len(check_fusion(name)) >= len(PROMISES["fusion"])


@pytest.mark.parametrize("name", [spec.name for spec in HOST.specs(ObjectiveSpec)])
def test_objective_conforms(name: str) -> None:
    assert len(check_objective(name)) >= len(PROMISES["objective"])
