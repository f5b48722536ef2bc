"""A teacher of extra-trees: what it says is scikit-learn's, and it teaches like any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor

from stillage.distillation import DistillPlan, run_seed
from stillage.distillation.arrange import arrange
from stillage.errors import BadInput
from stillage.plugin.part import PartConfig
from stillage.recording import Recording, Stream, TargetColumn, write_recording
from stillage_sim.run.configure import configure
from tests.core.toys import HOST, WEAR

TREES = PartConfig(name="trees")
PLAN = DistillPlan(
    teacher=("picture",),
    student=("strip",),
    tasks=("wear", "state"),
    labels=24,
    seeds=1,
    size="linear",
    teacher_model=TREES,
    steps=40,
    views=1,
    plain=False,
)


@pytest.fixture(scope="module")
def stepped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wear is a step of what the picture alone shows: trees find it, lines do not."""
    draw = np.random.default_rng(5)
    shown = draw.integers(0, 100, 120)
    wear = 20.0 + 6.0 * ((shown // 25) % 2)
    pictures = np.broadcast_to(shown[:, None, None, None], (120, 1, 6, 6)).astype(np.uint8)
    strips = draw.normal(size=(120, 4)) + (wear[:, None] - 23.0) * [1.0, 0.0, -0.5, 0.0]
    state = (wear > 23).astype(np.int64)
    return write_recording(
        tmp_path_factory.mktemp("stepped") / "stepped.h5",
        [
            Stream("strip", strips.astype(np.float32), "1", axes=("band",)),
            Stream("picture", pictures.copy(), "1"),
        ],
        [
            TargetColumn("wear", "regression", wear, unit=WEAR.unit),
            TargetColumn("state", "classification", state, classes=("good", "worn")),
        ],
        [f"item-{k}" for k in range(120)],
    )


def test_it_says_what_scikit_learn_says_and_teaches(stepped: Path, tmp_path: Path) -> None:
    result = run_seed(stepped, PLAN, 0, tmp_path / "000", host=HOST)
    scores = result.document["scores"]["wear"]
    assert scores["teacher"] > 0.8
    assert scores["distilled"] > scores["shuffled"]
    assert result.document["teacher"]["before"] == result.document["teacher"]["after"]
    assert not (tmp_path / "000" / "models" / "teacher").exists()
    assert (tmp_path / "000" / "models" / "distilled").is_dir()

    with Recording.open(stepped) as recording:
        found = arrange(recording, PLAN.model_copy(update={"validate_from": 2**31}), 0)
        known = found.train[found.labels["wear"].known]

        def prepared(samples: NDArray[np.int64]) -> NDArray[np.float32]:
            each = []
            for name in PLAN.teacher:
                raw = np.asarray(recording.read(name, samples))
                every = np.asarray(recording.read(name, found.train), np.float64)
                flat = raw.reshape(len(raw), -1).astype(np.float64)
                spread = every.reshape(len(every), -1)
                each.append((flat - spread.mean(0)) / spread.std(0))
            return np.concatenate(each, 1).astype(np.float32)

        trees = ExtraTreesRegressor(100, random_state=0)
        trees.fit(prepared(known), recording.targets["wear"].values[known])
        said = result.arrays["teacher/wear"]
        # Trees depend on the order of features alone; standardising differs by rounding only.
        expected = trees.predict(prepared(found.held_out))
    assert np.abs(said - expected).mean() < 0.2


def test_a_line_cannot_teach_this(stepped: Path) -> None:
    lines = PLAN.model_copy(
        update={"teacher_model": PartConfig(name="network"), "teacher_size": "linear"}
    )
    scores = run_seed(stepped, lines, 0, host=HOST).document["scores"]["wear"]
    assert scores["teacher"] < 0.3


def test_a_run_refuses_it_before_anything_is_written() -> None:
    with pytest.raises(
        BadInput, match="found 'trees', expected a teacher that is kept on disk: network"
    ):
        configure("sorting", ["teacher_model=trees"])
