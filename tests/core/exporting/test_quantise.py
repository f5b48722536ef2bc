"""INT8: the arithmetic, what is left in floating point, and what it costs in accuracy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.nn import functional

from stillage.bundle.runtime import Bundle
from stillage.errors import BadInput
from stillage.exporting import TraceCache, export
from stillage.exporting.quantise import last_layers, outputs_of, preparation, quantise
from stillage.exporting.ranges import central, observe
from stillage.exporting.trace import Filled
from stillage.network import Network, NetworkConfig
from stillage.network.batch import Batch
from stillage.network.config import ModalityConfig
from stillage.recording.readings import Readings
from stillage.task import Task
from tests.core.exporting.conftest import HOST, readings, student


def chain(weights: list[np.ndarray]) -> Filled:
    """Linear layers without bias after a division by 2, which is preparation."""
    count = len(weights)
    names = ["half", *(f"v{k}" for k in range(1, count)), "y"]
    nodes = [helper.make_node("Div", ["x", "two"], ["half"], name="Div")]
    constants = [numpy_helper.from_array(np.array([2.0], np.float32), "two")]
    for k, weight in enumerate(weights):
        nodes.append(helper.make_node("MatMul", [names[k], f"net.{k}.weight"], [names[k + 1]]))
        constants.append(numpy_helper.from_array(weight.astype(np.float32), f"net.{k}.weight"))
    width = (weights[0].shape[0], weights[-1].shape[1])
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size])
        for name, size in zip(("x", "y"), width, strict=True)
    ]
    graph = helper.make_graph(nodes, "chain", ends[:1], ends[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    learnt = frozenset({f"net.{k}.weight" for k in range(count)} | set(names[1:]))
    return Filled(model, learnt)


def test_values_are_scaled_rounded_and_clamped() -> None:
    # range 0..2.55: scale .01, zero point at the end of the range
    filled = chain([np.eye(5)])
    calibration = [{"x": np.array([[0, 5.1, 0, 0, 0]], np.float32)}]
    made = quantise(filled, calibration)
    values = 2 * np.array([[1, 0.004, 0.006, -0.3, 3]], np.float32)
    (said,) = outputs_of(made.model, [{"x": values}])
    np.testing.assert_allclose(said, [[1, 0, 0.01, 0, 2.55]], atol=1e-3)


def test_preparation_and_last_layers_stay_in_floating_point() -> None:
    draw = np.random.default_rng(0)
    filled = chain([draw.normal(size=(6, 6)) for _ in range(3)])
    for number, node in enumerate(filled.model.graph.node):
        node.name = f"{node.op_type}_{number}"
    assert preparation(filled.model, filled.learnt) == {"Div_0"}
    assert last_layers(filled.model) == {"MatMul_3"}
    made = quantise(filled, [{"x": draw.normal(size=(1, 6)).astype(np.float32)} for _ in range(8)])
    types = {i.name: i.data_type for i in made.model.graph.initializer}
    assert types["net.2.weight"] == TensorProto.FLOAT
    weights = [name for name, kind in types.items() if kind == TensorProto.INT8]
    assert sum("weight_quantized" in name for name in weights) == 2
    scales = {i.name: i.dims for i in made.model.graph.initializer if "weight_scale" in i.name}
    assert all(list(dims) == [6] for dims in scales.values()), "one scale an output channel"
    activations = [i for i in made.model.graph.initializer if i.name.endswith("_zero_point")]
    kinds = {i.data_type for i in activations if "weight" not in i.name}
    assert kinds == {TensorProto.UINT8}


def test_ranges_are_percentiles_of_all_values() -> None:
    filled = chain([np.eye(4)])
    draw = np.random.default_rng(1)
    feeds = [{"x": draw.standard_normal((1, 4)).astype(np.float32)} for _ in range(5000)]
    shaped = onnx.shape_inference.infer_shapes(filled.model)
    found = observe(shaped, feeds, (99.0,))
    halves = np.concatenate([feed["x"] for feed in feeds]).ravel() / 2
    assert found["minmax"]["half"] == pytest.approx((halves.min(), halves.max()))
    wanted = np.percentile(halves, [0.5, 99.5])
    assert found["percentile 99"]["half"] == pytest.approx(tuple(wanted), abs=0.01)
    assert central(np.array([0, 0, 0]), (0.0, 1.0), 99.0) == (0.0, 1.0)
    assert central(np.array([0, 50, 50]), (1.0, 4.0), 98.0)[0] == 0.0, "a range holds 0"


def test_a_recurrent_network_is_quantised_at_run_time(tmp_path: Path, traces: TraceCache) -> None:
    names = ("series",)
    manifest = export(
        student(names),
        tmp_path / "b",
        calibration=readings(names),
        cache=traces,
        runs=5,
        host=HOST,
    )
    assert manifest["int8"]["method"] == "dynamic"
    model = onnx.load(tmp_path / "b" / "model.int8.onnx")
    assert "DynamicQuantizeLSTM" in {node.op_type for node in model.graph.node}
    assert manifest["size_bytes"]["int8"] < 0.6 * manifest["size_bytes"]["fp32"]
    assert manifest["int8"]["against_fp32"]["material"]["max_abs_difference"] < 0.02


def test_without_readings_nothing_is_calibrated() -> None:
    with pytest.raises(BadInput, match="no calibration readings"):
        quantise(chain([np.eye(2)]), [])


TEXTURES = Task(target="material", kind="classification", classes=tuple("abcd"))


def textures(count: int, seed: int) -> tuple[Readings, np.ndarray]:
    """Stripes in four directions under noise and changing light: 32 x 32 photos."""
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 4, count)
    y, x = np.mgrid[:32, :32]
    angle = truth * np.pi / 4 + draw.normal(0, 0.12, count)
    phase, period = draw.uniform(0, 6.28, count), draw.uniform(4, 9, count)
    along = np.cos(angle)[:, None, None] * x + np.sin(angle)[:, None, None] * y
    wave = np.sin(2 * np.pi * along / period[:, None, None] + phase[:, None, None])
    light = draw.uniform(60, 190, (count, 1, 1, 3))
    noise = draw.normal(0, 60, (count, 32, 32, 3))
    photo = np.clip(light + 24 * wave[..., None] + noise, 0, 255).astype(np.uint8)
    return Readings({"photo": photo}, {"photo": np.ones(count, bool)}), truth


def trained(steps: int) -> Network:
    """A photo student of over 90,000 parameters, trained for a few seconds."""
    config = NetworkConfig(
        modalities={"photo": ModalityConfig(size="small", shape=(32, 32, 3))},
        tasks=(TEXTURES,),
        width=64,
    )
    network = Network(config, HOST, seed=0)
    some, truth = textures(64 * steps, seed=1)
    photos, labels = torch.from_numpy(some.raw["photo"]), torch.from_numpy(truth)
    first = Batch(np.arange(256), {"photo": photos[:256]}, {"photo": torch.ones(256).bool()})
    network.fit_standardise([first])
    network.train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3)
    here = torch.ones(64, dtype=torch.bool)
    for rows in torch.arange(64 * steps).view(steps, 64):
        outputs = network(Batch(rows.numpy(), {"photo": photos[rows]}, {"photo": here}))
        optimiser.zero_grad()
        functional.cross_entropy(outputs.heads["material"], labels[rows]).backward()
        optimiser.step()
    return network.eval()


def test_int8_is_at_most_one_point_less_accurate(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        network = trained(100)
    finally:
        torch.set_num_threads(before)
    calibration, _ = textures(128, seed=1)
    manifest = export(network, tmp_path / "b", calibration=calibration, runs=20, host=HOST)
    assert manifest["parameters"] >= 90_000
    assert manifest["size_bytes"]["int8"] < 0.35 * manifest["size_bytes"]["fp32"]
    bundle = Bundle.open(tmp_path / "b")
    held_out, truth = textures(2000, seed=2)
    scores = {
        precision: TEXTURES.score(truth, bundle.predict(held_out.raw, None, precision)["material"])
        for precision in bundle.precisions
    }
    assert 0.6 < scores["fp32"] < 0.99, "neither too hard nor too easy to show a loss"
    assert scores["int8"] >= scores["fp32"] - 0.01
