"""Networks trace into ONNX from raw readings, with a free batch axis."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from stillage.network import Network, NetworkConfig
from stillage.network.exportable import ExportableModule
from tests.core.toys import HOST, TASKS


@pytest.mark.parametrize(
    ("modalities", "fusion", "width"),
    [
        ({"picture": ("small", (1, 5, 6))}, "concat", 7),
        ({"strip": ("linear", (4,))}, "concat", 0),
        ({"strip": ("linear", (4,)), "picture": ("small", (1, 5, 6))}, "gated", 7),
    ],
)
def test_exported_graph_gives_the_network_s_outputs(
    modalities: dict[str, Any], fusion: str, width: int
) -> None:
    config = NetworkConfig.model_validate(
        {
            "modalities": {n: {"size": s, "shape": d} for n, (s, d) in modalities.items()},
            "tasks": TASKS,
            "fusion": {"name": fusion},
            "width": width,
        }
    )
    network = Network(config, HOST, seed=2).eval()
    torch.manual_seed(0)
    for buffer in network.buffers():
        if buffer.is_floating_point():
            buffer.uniform_(0.5, 2.0)
    module = ExportableModule(network)
    before = network.fingerprint()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, of its exporter
        program = torch.onnx.export(
            module,
            module.example(2),
            dynamo=True,
            dynamic_shapes=module.dynamic_shapes(),
            input_names=list(module.input_names),
            output_names=list(module.output_names),
            verbose=False,
        )
    assert program is not None
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString())
    several = len(modalities) > 1
    assert [i.name for i in session.get_inputs()] == (
        ["strip", "strip_presence", "picture", "picture_presence"] if several else [*modalities]
    )
    assert [o.name for o in session.get_outputs()] == ["material", "grade", "wear", "features"]
    for count in (1, 5):
        raw = {
            "strip": torch.randn(count, 4),
            "picture": torch.randint(0, 255, (count, 1, 5, 6), dtype=torch.uint8),
        }
        feeds: dict[str, torch.Tensor] = {}
        presence = {n: torch.arange(count) % (2 + k) != 1 for k, n in enumerate(modalities)}
        for name in modalities:
            feeds[name] = raw[name]
            if several:
                feeds[f"{name}_presence"] = presence[name]
            else:
                presence[name] = torch.ones(count, dtype=torch.bool)
        from stillage.network.batch import Batch

        batch = Batch(np.arange(count), {n: raw[n] for n in modalities}, presence)
        with torch.no_grad():
            want = network(batch)
            eager = module(*module.inputs(batch))
        got = session.run(None, {n: v.numpy() for n, v in feeds.items()})
        for theirs, mine, ours in zip(
            got, eager, [*want.heads.values(), want.features], strict=True
        ):
            np.testing.assert_allclose(theirs, ours.numpy(), atol=2e-5)
            np.testing.assert_allclose(mine.numpy(), ours.numpy(), atol=2e-5)
    assert network.fingerprint() == before
