"""Policies that no plugin registers, evaluated from the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillage.errors import BadInput, PluginBroken
from stillage.rundir import RunConfig
from stillage_sim.policy import LearnedPolicy, save_policy
from stillage_sim.run.configure import configure
from stillage_sim.run.evaluate import configure_evaluation, evaluate, resume

MODULE = '''
import numpy as np


class Greedy:
    """Puts what it sees into the first chute, as far as picks reach."""

    sees = ":ideal"

    def begin(self, simulation, replicas):
        return None

    def act(self, observation, mask, memory):
        return mask[..., 1].astype(np.int64)


def broken():
    raise RuntimeError("no licence")


def leaves():
    raise SystemExit(0)


number = 7
'''
SMALL = ["-o", "items=60", "--replicas", "3", "--days", "0.01", "--seed", "4", "--json"]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "acme_rules.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def saved(folder: Path) -> Path:
    """A network of random weights that sorts six materials in twelve slots."""
    fields = [("perception", (12, 6)), ("queue", (12, 3)), ("battery", (2,)), ("clock", (3,))]
    draw = np.random.default_rng(0)
    layer = draw.normal(size=(12 * 8, 12 * 9 + 5)), draw.normal(size=12 * 8)
    save_policy(LearnedPolicy.network(":ideal", fields, [8] * 12, [layer]), folder)
    return folder


def from_shell(module: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    paths = [str(module), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(
        [sys.executable, "-m", "stillage", "evaluate", "sorting", *map(str, words)],
        capture_output=True, text=True, check=False, timeout=280, cwd=module,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )  # fmt: skip


@pytest.mark.parametrize("workers", ["0", "1"])
def test_code_and_saved_policies_stand_beside_registered_ones(module: Path, workers: str) -> None:
    folder, names = saved(module / "net"), ["oracle", "Greedy", "net"]
    chosen = [w for p in ("oracle", "acme_rules:Greedy", folder) for w in ("--policy", p)]
    done = from_shell(module, *chosen, *SMALL, "--workers", workers, "--out", module / workers)
    assert done.returncode == 0, done.stderr
    figures: dict[str, Any] = json.loads(done.stdout)
    assert list(figures["policies"]) == names
    assert figures["policies"]["Greedy"]["purity"]["mean"] < 0.5
    assert "Greedy" in (module / workers / "report.html").read_text()
    config = RunConfig.load(module / workers / "config.toml")
    assert config.outside == {"Greedy": "acme_rules:Greedy", "net": str(folder)}


def test_a_changed_policy_is_simulated_anew(module: Path) -> None:
    small = {"items": 60, "replicas": 2, "days": 0.01}
    names = ["oracle", str(saved(module / "net"))]
    first = evaluate("sorting", names, small, workers=0, out=module / "run")
    kept = list((module / "run" / "stages" / "simulate").glob("*.npz"))
    assert kept
    again = resume(module / "run", workers=0)
    assert again.figures == first.figures


@pytest.mark.parametrize(
    ("policy", "error", "message"),
    [
        ("acme_rules:Greed", BadInput, "did you mean 'Greedy'"),
        ("acme_rules:number", BadInput, "found int, expected a Policy"),
        ("acme_rules:broken", PluginBroken, "cannot be made: RuntimeError: no licence"),
        ("acme_rules:leaves", PluginBroken, "cannot be made: SystemExit: 0"),
        ("", BadInput, "found ''"),
        ("no_such_rules:Greedy", BadInput, "no module 'no_such_rules'.*PYTHONPATH"),
        ("json:JSONDecoder", BadInput, "found JSONDecoder, expected a Policy"),
    ],
)
def test_what_is_no_policy_is_refused_before_anything_is_done(
    module: Path, policy: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        configure_evaluation("sorting", [policy])
    assert "\n" not in str(caught.value)


def test_a_policy_that_sees_what_nobody_tells_is_refused(module: Path) -> None:
    fields = [("clock", (3,))]
    layer = np.zeros((2, 3)), np.zeros(2)
    save_policy(LearnedPolicy.network("tricorder", fields, [2], [layer]), module / "odd")
    with pytest.raises(BadInput, match="policy 'odd': found sees 'tricorder'"):
        configure_evaluation("sorting", [str(module / "odd")])


def test_sights_are_those_of_the_scenario(module: Path) -> None:
    layer = np.zeros((2, 3)), np.zeros(2)
    policy = LearnedPolicy.network(":declared", [("clock", (3,))], [2], [layer])
    save_policy(policy, module / "declared")
    with pytest.raises(BadInput, match="policy 'declared': found sees ':declared'"):
        configure_evaluation("sorting", [str(module / "declared")])
    configure_evaluation("closed-loop", [str(module / "declared")])


def test_what_is_neither_is_refused_before_a_folder_is_made(module: Path) -> None:
    (module / "empty").mkdir()
    with pytest.raises(BadInput, match=r"without manifest\.json or policy\.json"):
        configure_evaluation("sorting", [str(module / "empty")])
    with pytest.raises(BadInput, match="`stillage evaluate` takes others"):
        configure("sorting", {"policies": ("acme_rules:Greedy",)})


def test_a_registered_name_cannot_be_given_to_other_code(module: Path) -> None:
    config = configure_evaluation("sorting", ["random", "acme_rules:Greedy"])
    file = module / "config.toml"
    file.write_text(config.to_toml().replace('Greedy = "', 'random = "'))
    with pytest.raises(BadInput, match="policies: found random, expected each one once"):
        configure(file, {"policies": ("random",)})
    file.write_text(config.to_toml().replace('Greedy = "', '"../../x" = "'))
    with pytest.raises(BadInput, match="outside"):
        configure(file)
