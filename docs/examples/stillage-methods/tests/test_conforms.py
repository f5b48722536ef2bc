"""The objective and the fusion keep every promise that Stillage relies on."""

from stillage.testing import check_fusion, check_objective


def test_objective() -> None:
    check_objective("cosine_hint")


def test_fusion() -> None:
    check_fusion("mean")
