"""What held-out items make of a sorter's shares, against shares counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from stillage.errors import BadInput
from stillage.task import Task
from stillage_scenarios.chains.casting import load_model
from stillage_scenarios.chains.recognising import Recogniser, ejected
from stillage_scenarios.chains.settings import ChainWorldSettings
from stillage_sim.chain.model import ChainModel, blind, ideal
from stillage_sim.policy import BLIND, DECLARED, IDEAL, MAJORITY
from stillage_sim.scenario import Cast
from tests.scenarios.chains.conftest import cast_of
from tests.scenarios.conftest import one_group_cast

CLASSES = ("PET", "HDPE", "PP", "PS", "carton")
QUALITIES = ("reuse", "repair", "recycle")
PET, HDPE, PP, PS, LDPE, OTHER = range(6)
LEFT = 4


@pytest.fixture(scope="module")
def plastics() -> ChainModel:
    return load_model(ChainWorldSettings())


def told(guesses: list[int], worlds: int = 1) -> Cast:
    """Items of PET, PET, HDPE, PS and carton, and what a model says of them."""
    heads = {"material": np.eye(len(CLASSES))[guesses]}
    found = one_group_cast({"material": [0, 0, 1, 3, 4]}, heads, CLASSES)
    return Cast(found.seeds, found.tasks, found.roles, worlds)


def test_shares_are_those_counted_by_hand(plastics: ChainModel) -> None:
    recogniser = Recogniser(plastics, told([0, 1, 0, 2, 0]), 2, 40_000)
    share = recogniser.perceive("distilled").share[0, 0].mean(0)
    portion = plastics.perceived[0].ejected
    assert share[:, PET] == pytest.approx(
        [portion / 2, portion / 2, 0, 0, 1 - portion], abs=0.01
    )  # half of PET is told to be HDPE
    assert share[:, HDPE] == pytest.approx([portion, 0, 0, 0, 1 - portion], abs=1e-9)
    assert share[:, PS] == pytest.approx([0, 0, portion, 0, 1 - portion], abs=1e-9)
    declared = plastics.declared.share[0, 0, 0]
    for lacking in (PP, LDPE, OTHER):  # no item of it: as the file says
        assert share[:, lacking] == pytest.approx(declared[:, lacking], abs=1e-12)
    assert "no held-out item of PP, LDPE, other" in recogniser.notes()[0]


def test_a_class_without_an_output_is_left(plastics: ChainModel) -> None:
    share = Recogniser(plastics, told([3, 4, 1, 3, 4]), 1, 5000).perceive("distilled").share
    assert share[0, 0, 0, LEFT, PET] == pytest.approx(1.0, abs=1e-9)


def test_a_batch_without_a_material_takes_the_worlds_mean(plastics: ChainModel) -> None:
    share = Recogniser(plastics, told([0, 1, 1, 3, 4]), 64, 1).perceive("distilled").share[0, 0]
    whole = share[:, :, PET]
    assert len(np.unique(whole[:, 0].round(9))) == 3  # told PET, told HDPE, and the mean
    drawn = np.isclose(whole[:, :2].max(1), 0.95)
    assert whole[~drawn].std(0).max() < 1e-12


def test_shares_of_every_world_sum_to_one(plastics: ChainModel) -> None:
    recogniser = Recogniser(plastics, cast_of(5), 3, 400)
    for sees in ("teacher", "distilled", IDEAL, BLIND, DECLARED, MAJORITY):
        share = recogniser.perceive(sees).share
        assert share.shape == (1, 5, 3, 5, 6)
        assert share.flags.c_contiguous
        assert share.flags.writeable
        assert (share >= 0.0).all()
        np.testing.assert_allclose(share.sum(3), 1.0, atol=1e-12)


def test_ideal_and_blind_are_the_chains_own(plastics: ChainModel) -> None:
    recogniser = Recogniser(plastics, cast_of(2), 2, 50)
    assert (recogniser.perceive(IDEAL).share == ideal(plastics).share).all()
    assert (recogniser.perceive(BLIND).share == blind(plastics).share).all()


def test_majority_sends_everything_to_one_output(plastics: ChainModel) -> None:
    share = Recogniser(plastics, told([0, 0, 1, 3, 4]), 2, 900).perceive(MAJORITY).share
    for m in (PET, HDPE, PS):
        assert share[..., 0, m] == pytest.approx(0.95, abs=1e-9)
    assert share[..., 0, LDPE] == pytest.approx(1.0, abs=1e-9)


def test_mean_shares_are_the_models_accuracy(plastics: ChainModel) -> None:
    recogniser = Recogniser(plastics, cast_of(40), 4, 1000)
    for name, accuracy in (("teacher", 0.97), ("distilled", 0.9), ("labels_only", 0.75)):
        share = recogniser.perceive(name).share[0]
        right = np.mean([share[..., n, m].mean() for n, m in ((0, PET), (1, HDPE), (2, PP))])
        assert right == pytest.approx(0.95 * accuracy, abs=0.02)


def test_worlds_differ_and_batches_of_a_world_less(plastics: ChainModel) -> None:
    share = Recogniser(plastics, cast_of(20), 8, 4096).perceive("distilled").share[0, :, :, 0, PET]
    assert share.mean(1).std() > 2.0 * share.std(1).mean() > 0.0


def graded(guesses: list[int], classes: tuple[str, ...] = QUALITIES) -> Cast:
    """An item of each quality and what a model says of them."""
    return one_group_cast(
        {"material": [0, 0, 0], "quality": [0, 1, 2]},
        {"material": np.eye(5)[[0, 0, 0]], "quality": np.eye(3)[guesses]},
        CLASSES,
        roles={"quality": "quality"},
        tasks={"quality": Task(target="quality", kind="classification", classes=classes)},
    )


def test_quality_is_graded_where_items_have_one() -> None:
    batteries = load_model(ChainWorldSettings(chain="batteries"))
    recogniser = Recogniser(batteries, graded([0, 2, 2]), 1, 300)
    share = recogniser.perceive("distilled").share[:, 0, 0]
    tests = [process.columns[0] for process in batteries.perceived]
    assert tests == ["reuse", "repair", "recycle"]
    assert share[0, :, 0] == pytest.approx([1, 0, 0], abs=1e-9)
    assert share[1, :, 0] == pytest.approx([0, 0, 1], abs=1e-9)
    assert recogniser.notes() == []


def test_cores_are_remanufactured_by_what_a_model_says() -> None:
    cores = load_model(ChainWorldSettings(chain="spare_parts"))
    recogniser = Recogniser(cores, graded([0, 1, 0]), 1, 300)
    sound, worn = recogniser.perceive("distilled").share[:, 0, 0]
    assert sound[:, 0] == pytest.approx([0, 1, 0], abs=1e-9)
    assert worn[:, 0] == pytest.approx([1, 0, 0], abs=1e-9), "told to be fit for reuse: doubtful"
    assert recogniser.notes() == []


def test_classes_that_no_item_can_have_are_told() -> None:
    cores = load_model(ChainWorldSettings(chain="spare_parts"))
    recogniser = Recogniser(cores, graded([0, 1, 2], ("new", "repair", "recycle")), 1, 300)
    assert [note.split(": ", 2)[-1] for note in recogniser.notes()] == [
        "no held-out item can be reuse; no model sends anything there"
    ] * 2


def test_without_a_role_everything_is_declared() -> None:
    batteries = load_model(ChainWorldSettings(chain="batteries"))
    recogniser = Recogniser(batteries, told([0, 0, 1, 3, 4]), 3, 30)
    assert (recogniser.perceive("distilled").share == batteries.declared.share).all()
    assert len(recogniser.notes()) == 3
    assert "as the chain's file declares" in recogniser.notes()[0]


def test_what_is_not_ejected_goes_to_the_last() -> None:
    share = ejected(np.array([[0.5], [0.25], [0.25]]), 0.8)
    np.testing.assert_allclose(share[:, 0], [0.4, 0.2, 0.4])


def test_a_table_that_does_not_fit_is_named(plastics: ChainModel) -> None:
    heads = {"shape": np.eye(5)}
    cast = one_group_cast({"material": [0, 0, 1, 3, 4]}, heads, CLASSES)
    with pytest.raises(BadInput, match="'material'"):
        Recogniser(plastics, cast, 1, 10).perceive("distilled")
    cast = one_group_cast({"material": [0, 0, 1, 3, 4]}, {"material": np.eye(5)[:, :4]}, CLASSES)
    with pytest.raises(BadInput, match=r"\(5, 5\)"):
        Recogniser(plastics, cast, 1, 10).perceive("distilled")
