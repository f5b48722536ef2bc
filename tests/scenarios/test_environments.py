"""A scenario's Gymnasium id stands in its spec alone, also that of a stranger's plugin."""

from __future__ import annotations

import gymnasium
import pytest
from pydantic import ValidationError

from stillage.plugin.host import get_host
from stillage.plugin.resolve import resolve
from stillage.plugin.spec import ScenarioSpec
from stillage_scenarios import plugin
from stillage_scenarios.environments import register

OWN = [spec for spec in plugin.register() if isinstance(spec, ScenarioSpec)]
STRANGE = ScenarioSpec(
    name="strange",
    summary="of somebody else",
    factory="somewhere:Else",
    gym_id="strange/World-v0",
    env="stillage_scenarios.sorting.env:SortingEnv",
)


@pytest.mark.parametrize("spec", OWN, ids=lambda spec: spec.name)
def test_every_scenario_has_environments_that_are_registered(spec: ScenarioSpec) -> None:
    entry = gymnasium.registry[spec.gym_id]
    assert (entry.entry_point, entry.vector_entry_point) == (spec.env, spec.vector_env)
    assert issubclass(resolve(spec.env), gymnasium.Env)
    assert issubclass(resolve(spec.vector_env), gymnasium.vector.VectorEnv)


def test_a_strangers_scenario_is_registered_likewise(monkeypatch: pytest.MonkeyPatch) -> None:
    host = get_host().plus([STRANGE])
    monkeypatch.setattr("stillage.plugin.host.get_host", lambda: host)
    plugin.worker_setup({"workers": "process"})
    try:
        env = gymnasium.make("strange/World-v0", days=0.01)
        assert isinstance(env.unwrapped, resolve(STRANGE.env))
        env.close()
        register(OWN)  # what is registered already stays as it is
    finally:
        gymnasium.registry.pop("strange/World-v0")


@pytest.mark.parametrize("lacking", ["gym_id", "env"])
def test_an_environment_without_its_id_is_refused(lacking: str) -> None:
    fields = {"gym_id": "a/B-v0", "env": "a:B", "vector_env": "a:C", lacking: ""}
    with pytest.raises(ValidationError, match="needs gym_id and env"):
        ScenarioSpec(name="a", summary="", factory="a:A", **fields)
