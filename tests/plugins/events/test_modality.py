"""The modality: conformance, views, absent readings, and students that leave torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from stillage.errors import BadInput
from stillage.network.batch import load_batch
from stillage.plugin.host import get_host
from stillage.recording import Recording, Stream, TargetColumn, write_recording
from stillage.recording.readings import Readings
from stillage.sensing.augment import View, move_frames
from stillage.sensing.modality import get_modality
from stillage_events.encoders import EventStatistics
from stillage_events.grids import count_frame
from stillage_events.modality import BINS, EventStream
from stillage_events.patches import EventPatches
from stillage_events.reading import pack, unpack
from stillage_scenarios.items.scene import build_scene
from tests.plugins.events.test_reading import some

ITEMS = 16


@pytest.fixture(scope="module")
def rows() -> list[np.ndarray]:
    made: list[np.ndarray] = get_modality("events").render(build_scene(ITEMS, 3), 3)
    return made


@pytest.fixture(scope="module")
def recording(
    rows: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Recording]:
    """Items of two kinds; the last four have no reading of events."""
    path = tmp_path_factory.mktemp("belt") / "belt.h5"
    spec = get_modality("events").sample
    index = np.where(np.arange(ITEMS) < ITEMS - 4, np.arange(ITEMS), -1)
    write_recording(
        path,
        [Stream("events", rows, spec.unit, index, axes=spec.axes)],
        [TargetColumn("kind", "classification", np.arange(ITEMS) % 2, classes=("a", "b"))],
        [f"item{k}" for k in range(ITEMS)],
    )
    with Recording.open(path) as opened:
        yield opened


def test_every_size_has_an_encoder() -> None:
    for size in ("linear", "small", "patch", "large"):
        assert get_host().encoder("events", size).name == f"events-{size}"


def test_items_make_events_where_they_move(rows: list[np.ndarray]) -> None:
    for row in rows:
        events = unpack(row)
        assert events[4:] == (32, 32, 20_001) or events[4:] == (32, 32, 20_000)
    assert np.median([len(row) for row in rows]) > 300
    scene = build_scene(ITEMS, 3)
    fast = max(rows, key=len)
    assert count_frame(unpack(fast)).sum() == len(fast) - 1
    assert len({len(row) for row in rows}) > ITEMS // 2
    assert scene.items_count == ITEMS


def test_collated_samples_are_those_of_the_spec(rows: list[np.ndarray]) -> None:
    modality = EventStream()
    dense = modality.collate(rows)
    assert dense.shape == (ITEMS, 2, BINS, 32, 32)
    modality.check(dense)
    modality.check(rows[0][None])
    for k in (0, 5):
        np.testing.assert_allclose(dense[k].sum(1), count_frame(unpack(rows[k])), atol=1e-3)
    prepared = modality.prepare(torch.from_numpy(dense))
    signs = unpack(rows[0]).p * 2.0 - 1.0
    np.testing.assert_allclose(float(prepared[0, :BINS].sum()), signs.sum(), atol=1e-2)
    counts = torch.expm1(prepared[0, BINS:]).sum().item()
    np.testing.assert_allclose(counts, len(signs), rtol=1e-4)


def test_sensors_of_two_sizes_do_not_mix(rows: list[np.ndarray]) -> None:
    with pytest.raises(BadInput, match="30 x 20 and 32 x 32"):
        EventStream().collate([rows[0], pack(some())])
    dense = EventStream().collate([rows[0], rows[0][:0], rows[0][:1]])
    assert dense.shape[3:] == (32, 32)
    assert not dense[1:].any()


def test_absent_readings_take_the_shape_of_those_that_are_there(recording: Recording) -> None:
    absent = np.arange(ITEMS - 4, ITEMS)
    for samples in (absent, np.array([15, 0, 14])):
        batch = load_batch(recording, samples, ["events"])
        assert batch.raw["events"].shape == (len(samples), 2, BINS, 32, 32)
        present = batch.presence["events"]
        assert not batch.raw["events"][~present].any()
        assert present.tolist() == (samples < ITEMS - 4).tolist()
        raw = Readings.of(recording, samples, ["events"]).raw["events"]
        assert np.array_equal(raw, batch.raw["events"].numpy())


def test_views_move_events_as_they_move_the_pictures_of_other_cameras() -> None:
    modality, samples = EventStream(), np.arange(6)
    prepared = torch.rand(6, BINS + 2, 12, 16)
    view = View(1, 2, samples)
    moved = modality.augment(prepared, view)
    camera = move_frames(prepared[:, BINS:, None], view).squeeze(2)
    assert torch.equal(moved[:, BINS:], camera)
    still = View(1, 2, samples)
    flat = prepared[:, :1].expand(-1, BINS, -1, -1)  # the same in all bins: time does not show
    both = torch.cat([flat, prepared[:, :1], prepared[:, :1]], 1)
    again = modality.augment(both, still)
    assert torch.equal(again[:, 0], again[:, BINS])
    assert not torch.equal(again, both)


def test_attention_maps_are_those_that_the_pass_used() -> None:
    torch.manual_seed(0)
    encoder = EventPatches((BINS + 2, 20, 34), width=16, blocks=2, heads=2).eval()
    prepared = torch.randn(3, BINS + 2, 20, 34)
    tokens = encoder(prepared)
    patches = 4 * 7
    assert tokens.values.shape == (3, patches, 16)
    assert [maps.shape for maps in tokens.attention] == [(3, 2, patches, patches)] * 2
    for maps in tokens.attention:
        torch.testing.assert_close(maps.sum(-1), torch.ones(3, 2, patches))
    block: Any = encoder.transformer.blocks[0]
    embedded = encoder.embed(torch.nn.functional.pad(prepared, encoder.padding))
    first = block.before(embedded.flatten(2).transpose(1, 2) + encoder.position)
    query, key, _ = block.attention.project(first).chunk(3, -1)
    split = [part.unflatten(-1, (2, 8)).transpose(1, 2) for part in (query, key)]
    expected = torch.softmax(split[0] @ split[1].mT / 8**0.5, -1)
    torch.testing.assert_close(tokens.attention[0], expected)


def test_statistics_are_means_of_areas() -> None:
    encoder = EventStatistics((BINS + 2, 16, 24))
    prepared = torch.rand(2, BINS + 2, 16, 24)
    found = encoder(prepared).values[:, 0]
    pooled = torch.nn.functional.avg_pool2d(prepared[:, BINS:], (2, 3)).flatten(1)
    torch.testing.assert_close(found[:, :128], pooled)
    torch.testing.assert_close(found[:, 128 : 128 + BINS], prepared[:, :BINS].mean((2, 3)))
    uneven = EventStatistics((BINS + 2, 34, 34))
    assert torch.allclose(uneven(torch.ones(1, BINS + 2, 34, 34)).values, torch.ones(1))
