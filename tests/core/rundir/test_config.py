"""RunConfig: TOML there and back, overrides with types, and one-line refusals."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from stillage.distillation.plan import DistillPlan
from stillage.errors import BadInput
from stillage.plugin.overrides import parse_overrides
from stillage.rundir import RunConfig


class Settings(BaseModel):
    """Settings of some scenario."""

    belt_m_per_s: float = Field(1.0, gt=0)
    chutes: tuple[str, ...] = ("a",)
    labels: int | float | str = 4
    days: int = 3
    name: str = ""
    open_set: bool = False


SECTIONS: dict[str, type[BaseModel]] = {"run": RunConfig, "settings": Settings}


def test_saved_configuration_loads_equal(tmp_path: Path) -> None:
    config = RunConfig(
        scenario="sorting",
        seed=7,
        policies=("oracle", "rule"),
        bundles={"mine": 'a "quoted" path'},
        distillation=DistillPlan(labels="all", held_out=1 / 7, teacher=("nir", "led")),
        settings={"belt_m_per_s": 0.1 + 0.2},
    )
    (tmp_path / "config.toml").write_text(config.to_toml(), encoding="utf-8")
    again = RunConfig.load(tmp_path / "config.toml")
    assert again.settings["belt_m_per_s"] == 0.1 + 0.2
    assert again.to_toml() == config.to_toml()
    assert again == config


def test_saved_configuration_is_complete() -> None:
    saved = tomllib.loads(RunConfig(scenario="sorting").to_toml())
    assert set(saved) == set(RunConfig.model_fields)
    assert set(saved["distillation"]) == set(DistillPlan.model_fields)


@pytest.mark.parametrize(
    ("pair", "section", "value"),
    [
        ("days=7", "run", 7.0),
        ("settings.days=7", "settings", 7),
        ("belt_m_per_s=0.5", "settings", 0.5),
        ("chutes=PP,PET", "settings", ("PP", "PET")),
        ('chutes=["PP, x"]', "settings", ("PP, x",)),
        ("chutes=", "settings", ()),
        ("labels=4", "settings", 4),
        ("labels=0.2", "settings", 0.2),
        ("labels=all", "settings", "all"),
        ("open_set=true", "settings", True),
        ("name=true", "settings", "true"),
        ("name=a=b", "settings", "a=b"),
    ],
)
def test_overrides_have_the_type_of_their_field(pair: str, section: str, value: object) -> None:
    found = parse_overrides([pair], SECTIONS)[section]
    assert list(found.values()) == [value]
    assert type(next(iter(found.values()))) is type(value)


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("replcias=3", "did you mean 'replicas'?"),
        ("zzzzzz=3", "expected one of "),
        ("replicas", "expected key=value"),
        ("replicas=-1", "greater than or equal to 1"),
        ("replicas=many", "-o replicas: found 'many'"),
        ("days=nan", "-o days: found nan, expected a finite number"),
        ("belt_m_per_s=nan", "-o belt_m_per_s: found"),
        ("run.belt_m_per_s=1", "unknown key 'run.belt_m_per_s'"),
    ],
)
def test_bad_overrides_get_one_line(pair: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_overrides([pair], SECTIONS)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_union_names_all_its_kinds() -> None:
    with pytest.raises(BadInput, match="-o labels: found 'foo', expected int or float or 'all'"):
        parse_overrides(["labels=foo"], {"distillation": DistillPlan})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scenario = ", "no TOML"),
        ("seed = 3", "scenario: found nothing, expected a value"),
        ("scenario = 's'\nsed = 3", "did you mean"),
        ("scenario = 's'\nseed = -3", "found -3"),
        ("scenario = 's'\n\x00", "no TOML"),
        ("scenario = 's'\n[distillation]\nsteps = 0", "distillation steps: found 0"),
        ("scenario = 's'\n[distillation]\nstep = 9", "distillation: found unknown key 'step'"),
        ("scenario = 's'\n[distillation]\na = 1\nb = 2", "found unknown key 'a'"),
    ],
)
def test_bad_files_get_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        RunConfig.load(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_configuration_gets_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        RunConfig.load(tmp_path / "absent.toml")
