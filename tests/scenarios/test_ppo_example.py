"""The example in docs/examples trains with a library; a short run of it, as it stands."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

pytest.importorskip("sb3_contrib", reason="an example's dependency: pip install stillage[examples]")

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "ppo_closed_loop.py"


def test_the_example_trains_and_compares(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = importlib.util.spec_from_file_location("ppo_closed_loop", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    for name, value in (("ENVS", 2), ("DAYS", 2.0), ("REPLICAS", 2)):
        monkeypatch.setattr(example, name, value)
    monkeypatch.setattr(sys, "argv", ["ppo_closed_loop.py", "--steps", "128"])
    example.main()
    told = capsys.readouterr().out
    assert "PPO less random" in told
    assert "PPO less rules" in told
