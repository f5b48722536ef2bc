"""The synthetic items: deterministic, physical, and as hard as they are said to be."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stillage.errors import BadInput
from stillage.sensing.modality import get_modality
from stillage_scenarios.items.materials import GATE_FEE, MATERIALS, SORTED, material
from stillage_scenarios.items.scene import QUALITIES, UNITS, build_scene, targets_of, wear


def test_item_i_does_not_depend_on_how_many_there_are() -> None:
    few, many = build_scene(7, 5), build_scene(300, 5)
    for name in few:
        assert (few[name] == many[name][:7]).all(), name
    for name in ("video", "thermal", "nir", "led"):
        modality = get_modality(name)
        assert (modality.render(few, 5) == modality.render(many, 5)[:7]).all(), name


def test_another_seed_gives_other_items() -> None:
    assert (build_scene(50, 1)["colour"] != build_scene(50, 2)["colour"]).any()


def test_no_item_is_a_scene_too() -> None:
    assert build_scene(0, 1).items_count == 0


def test_scene_is_physical() -> None:
    scene = build_scene(3000, 1)
    assert set(scene) == set(UNITS)
    for name in ("transparency", "gloss", "fibre", "crumple", "dirt", "degradation", "damage"):
        assert 0.0 <= scene[name].min() <= scene[name].max() <= 1.0
    assert 0.0005 < scene["mass"].min() < scene["mass"].max() < 0.2
    shiny = scene["material"] == "aluminium"
    assert (scene["emissivity"][shiny] == 0.09).all()
    assert (scene["emissivity"][~shiny] >= 0.94).all()
    assert 0.05 < scene["black"].mean() < 0.2
    assert scene["transparency"][scene["material"] == "carton"].max() == 0.0


def test_targets_are_balanced_and_ordered_by_wear() -> None:
    scene = build_scene(3000, 2)
    kind, quality, degradation = targets_of(scene)
    share = np.bincount(kind.values, minlength=len(SORTED)) / 3000
    assert np.abs(share - 1.0 / len(SORTED)).max() < 0.03
    assert tuple(quality.classes) == QUALITIES == ("reuse", "repair", "recycle")
    means = [wear(scene)[quality.values == k].mean() for k in range(3)]
    assert means[0] < means[1] < means[2]
    assert (np.bincount(quality.values) / 3000).min() > 0.25
    assert (degradation.values == scene["degradation"]).all()
    assert degradation.unit == "1"


def prepared(name: str, scene_items: int, seed: int) -> np.ndarray:
    modality = get_modality(name)
    raw = modality.render(build_scene(scene_items, seed), seed)
    tensor = modality.prepare(torch.from_numpy(raw))
    if name in ("video", "thermal"):
        mean, spread = (tensor.flatten(2).mean(2), tensor.flatten(2).std(2))
        tensor = torch.cat([mean, spread, tensor.flatten(2).amax(2)], 1)
    return np.asarray(tensor.numpy(), np.float64)


def test_sensors_tell_materials_as_far_as_documented() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    items = 900
    scene = build_scene(items, 1)
    truth, black = targets_of(scene)[0].values, scene["black"] > 0
    few = np.concatenate([np.flatnonzero(truth[:600] == k)[:8] for k in range(len(SORTED))])
    late = np.arange(items) >= 600
    features = {name: prepared(name, items, 1) for name in ("video", "thermal", "nir", "led")}
    features["rich"] = np.hstack([features[name] for name in ("video", "thermal", "nir")])
    scores, on_black = {}, {}
    for name, values in features.items():
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        right = model.fit(values[few], truth[few]).predict(values) == truth
        scores[name], on_black[name] = right[late].mean(), right[late & black].mean()
    assert 0.25 < scores["video"] < 0.60
    assert 0.45 < scores["thermal"] < 0.70
    assert scores["led"] < scores["nir"] - 0.05
    assert 0.82 < scores["rich"] < 0.96
    assert on_black["nir"] < 0.45


def test_materials_have_sources_and_the_table_knows_those_of_real_sets() -> None:
    for item in MATERIALS.values():
        for quantity in (item.emissivity, item.density, item.price, item.co2e_avoided):
            assert quantity.source
            assert quantity.unit
    assert material("PET").price.value == pytest.approx(
        39.6e-2 / 0.45359237 * 1000 / 1.06, rel=1e-3
    )
    assert material("aluminium").co2e_avoided.value == pytest.approx(15.0 / 0.90718474, rel=1e-3)
    assert material("pvc").price.value == -GATE_FEE.value
    assert {"PETG", "PLA", "ABS", "PC", "PMMA", "ASA", "PACF", "PCCF", "PVC"} <= set(MATERIALS)
    with pytest.raises(BadInput, match="found 'alluminium', expected 'aluminium'"):
        material("alluminium")
