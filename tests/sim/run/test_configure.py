"""Configurations: complete, the same when saved, and refusing what nobody has."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillage.errors import BadInput
from stillage_sim.run.configure import SEED_STRIDE, configure
from stillage_sim.run.evaluate import configure_evaluation
from stillage_sim.run.naming import sort_out


def test_defaults_are_the_scenarios() -> None:
    config = configure("sorting")
    assert config.distillation.teacher == ("video", "thermal", "nir")
    assert config.distillation.student == ("video",)
    assert config.distillation.tasks == ("material", "quality", "degradation")
    assert config.distillation.seeds == 5
    assert len(config.policies) == 8
    assert config.settings["picks_per_min"] == 60.0


def test_every_section_takes_overrides() -> None:
    config = configure("sorting", ["days=7", "labels=all", "picks_per_min=30", "student=nir"])
    assert (config.days, config.distillation.labels) == (7.0, "all")
    assert config.settings["picks_per_min"] == 30.0
    assert config.distillation.student == ("nir",)
    as_mapping = configure(
        "sorting", {"days": 7, "labels": "all", "picks_per_min": 30, "student": ("nir",)}
    )
    assert as_mapping == config


def test_runs_of_different_seeds_share_no_training_seed() -> None:
    one, two = (set(configure("sorting", seed=s).distillation.seed_numbers) for s in (1, 2))
    assert one.isdisjoint(two)


def test_saved_configuration_configures_itself(tmp_path: Path) -> None:
    config = configure("sorting", ["labels=0.2", "reject_below=0.75"], seed=4)
    path = tmp_path / "config.toml"
    path.write_text(config.to_toml())
    assert configure(path) == config
    other = configure(path, seed=5)
    assert other.seed == 5
    assert other.distillation.first_seed == 5 * SEED_STRIDE
    assert other.settings == config.settings
    assert configure(path, ["first_seed=7"], seed=5).distillation.first_seed == 7


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["lables=3"], "did you mean 'labels'"),
        ({"lables": 3}, "did you mean 'labels'"),
        (["labels=0"], "labels"),
        (["labels=1.5"], "labels"),
        (["teacher=nir,nir"], "names one twice"),
        (["teacher=sonar"], "'sonar'"),
        (["tasks=colour"], "'colour'"),
        (["policies=orcale"], "did you mean 'oracle'"),
        (["policies=rule,rule"], "each one once"),
        (["profile=abacus"], "raspberry-pi-4"),
        (["picks_per_min=-1"], "picks_per_min"),
        (["sunset_h=2"], "sunset_h"),
        (["recording=/nowhere.h5"], "/nowhere.h5"),
        (["scenario=routing"], "unknown key 'scenario'"),
    ],
)
def test_what_nobody_has_is_refused_in_one_line(overrides: object, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        configure("sorting", overrides)  # type: ignore[arg-type]
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bundles_are_told_from_names(tmp_path: Path) -> None:
    for place in ("a", "b"):
        (tmp_path / place / "my bundle").mkdir(parents=True)
        (tmp_path / place / "my bundle" / "manifest.json").touch()
    first, second = (str(tmp_path / place / "my bundle") for place in ("a", "b"))
    names, bundles, outside = sort_out(["oracle", first, second, f"{first}:fp32"], ["oracle"])
    assert outside == {}
    assert names == ("oracle", "my-bundle", "my-bundle-2", "my-bundle_fp32")
    assert bundles == {
        "my-bundle": first, "my-bundle-2": second, "my-bundle_fp32": f"{first}:fp32",
    }  # fmt: skip


def test_evaluation_checks_its_own_options() -> None:
    config = configure_evaluation("sorting", ["rule", "oracle"], replicas=7, days=0.5)
    assert (config.kind, config.policies) == ("evaluate", ("rule", "oracle"))
    assert (config.replicas, config.days) == (7, 0.5)
    with pytest.raises(BadInput, match="replicas"):
        configure_evaluation("sorting", ["rule"], replicas=0)
    with pytest.raises(BadInput, match="a bundle's folder"):
        configure_evaluation("sorting", ["no/such/bundle"])


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("size=enormous", "no such size"),
        ("teacher_size=enormous", "no such size"),
        ("fusion=x", "fusion"),
        ("device=foo", "-o device: found 'foo', expected one of cpu"),
        ("labels=-3", "found -3, expected groups a class"),
        ("teacher=video,video", "names one twice: video, video"),
    ],
)
def test_parts_are_checked_before_anything_is_written(pair: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        configure("sorting", [pair])
