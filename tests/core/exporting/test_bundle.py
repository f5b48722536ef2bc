"""Bundles: alone with onnxruntime and NumPy, and from hostile hands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from stillage.bundle.onnxscan import check_onnx
from stillage.bundle.runtime import Bundle
from stillage.errors import BadInput
from stillage.network import Network
from tests.core.exporting.conftest import readings
from tests.core.exporting.test_student import torch_says

ALONE = """
import sys

class Gate:
    ours = {"stillage", "stillage.errors", "stillage.lazy", "stillage.bundle",
            "stillage.bundle.runtime", "stillage.bundle.manifest", "stillage.bundle.onnxscan",
            "stillage.bundle.readout"}
    theirs = {"numpy", "onnxruntime", "flatbuffers", "google", "packaging", "coloredlogs"}

    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if name in self.ours or top in self.theirs or top in sys.stdlib_module_names:
            return None
        raise ImportError(f"{name} is not installed on the device")

sys.meta_path.insert(0, Gate())
import numpy as np
from stillage.bundle.runtime import Bundle

bundle = Bundle.open(sys.argv[1])
with np.load(sys.argv[2]) as arrays:
    raw = {"photo": arrays["photo"]}
said = {f"{p}.{k}": v for p in ("fp32", "int8") for k, v in bundle.predict(raw, None, p).items()}
np.savez(sys.argv[3], **said)
assert not {"torch", "onnx", "pydantic", "h5py", "scipy", "sympy"} & set(sys.modules)
"""


def test_onnxruntime_and_numpy_alone_run_it(
    photo_bundle: Path, photo_student: Network, tmp_path: Path
) -> None:
    some = readings(("photo",), 5, seed=3)
    np.savez(tmp_path / "raw.npz", **dict[str, Any](some.raw))
    done = subprocess.run(
        [sys.executable, "-c", ALONE, photo_bundle, tmp_path / "raw.npz", tmp_path / "said.npz"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    want = torch_says(photo_student, some)
    with np.load(tmp_path / "said.npz") as said:
        for name in ("material", "grade", "wear", "features"):
            np.testing.assert_allclose(said[f"fp32.{name}"], want[name], rtol=1e-5, atol=1e-5)
        assert not np.array_equal(said["int8.material"], said["fp32.material"])


def test_the_gate_does_block_torch() -> None:
    gate = ALONE.partition("import numpy")[0] + "import torch"
    done = subprocess.run([sys.executable, "-c", gate], capture_output=True, text=True, check=False)
    assert "torch is not installed on the device" in done.stderr


def test_a_reading_never_depends_on_its_neighbours(opened: Bundle) -> None:
    raw = readings(("photo",), 12).raw["photo"]
    for precision in ("fp32", "int8"):
        whole = opened.predict({"photo": raw}, precision=precision)
        other = opened.predict({"photo": raw[[7, 2]]}, precision=precision)
        for name, rows in whole.items():
            np.testing.assert_array_equal(other[name], rows[[7, 2]])


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"smell": np.zeros((1, 2))}, "modality 'smell'"),
        ({"photo": np.zeros((1, 8, 16, 3), np.uint8)}, r"uint8 \(1, 8, 16, 3\), expected uint8"),
        ({"photo": np.zeros((1, 16, 16, 3))}, r"float64 \(1, 16, 16, 3\), expected uint8"),
        ({}, "readings: found none"),
    ],
)
def test_wrong_readings_are_refused(opened: Bundle, raw: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        opened.predict(raw)
    assert "\n" not in str(caught.value)


def test_an_absent_only_reading_and_another_precision_are_refused(opened: Bundle) -> None:
    raw = readings(("photo",), 2).raw
    with pytest.raises(BadInput, match="an absent reading"):
        opened.predict(raw, {"photo": np.array([True, False])})
    with pytest.raises(BadInput, match="no precision 'fp16', expected one of fp32, int8"):
        opened.predict(raw, precision="fp16")


def at(manifest: dict[str, Any], *path: Any) -> Any:
    for key in path:
        manifest = manifest[key]
    return manifest


SPOILT = {
    "format": (lambda m: m.update(format_version=99), "format 99"),
    "no tasks": (lambda m: m.update(tasks=[]), "tasks: found"),
    "tasks no list": (lambda m: m.update(tasks={"a": 1}), "tasks: found"),
    "a path as a name": (lambda m: at(m, "modalities", 0).update(name="../../etc"), "name"),
    "an absurd size": (lambda m: at(m, "modalities", 0).update(shape=[10**12]), "a shape"),
    "sizes whose product is absurd": (
        lambda m: at(m, "modalities", 0).update(shape=[10**5] * 5),
        "a shape",
    ),
    "a negative size": (lambda m: at(m, "modalities", 0).update(shape=[-1, 16, 3]), "a shape"),
    "a size that is no number": (lambda m: at(m, "modalities", 0).update(shape=["9"]), "a shape"),
    "an object as dtype": (lambda m: at(m, "modalities", 0).update(dtype="object"), "a dtype"),
    "another shape": (lambda m: at(m, "modalities", 0).update(shape=[8, 16, 3]), "the inputs"),
    "another target": (lambda m: at(m, "tasks", 0).update(target="value"), "the outputs"),
    "another kind": (lambda m: at(m, "tasks", 0).update(kind="magic"), "a kind of task"),
    "classes no names": (lambda m: at(m, "tasks", 0).update(classes=[1, 2]), "class names"),
    "a cost that is none": (lambda m: at(m, "modalities", 0).update(cost=None), "a cost"),
    "a negative cost": (lambda m: at(m, "modalities", 0)["cost"].update(energy_j=-1), "J or s"),
    "files no entries": (lambda m: m.update(files=["model.onnx"]), "files: found"),
    "a file of another kind": (lambda m: m["files"].update(exe={}), "files: found"),
    "no hash": (lambda m: m["files"].update(fp32={}), "another hash"),
    "a wrong hash": (lambda m: m["files"]["fp32"].update(sha256="0" * 64), "another hash"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_manifest_is_refused(name: str, spoil: Callable[..., Path]) -> None:
    change, message = SPOILT[name]
    with pytest.raises(BadInput, match=message) as caught:
        Bundle.open(spoil(change))
    assert "\n" not in str(caught.value)


def test_a_class_too_many_is_noticed_when_it_runs(spoil: Callable[..., Path]) -> None:
    bundle = Bundle.open(spoil(lambda m: at(m, "tasks", 0)["classes"].append("glass")))
    with pytest.raises(BadInput, match="head outputs of width 4"):
        bundle.predict(readings(("photo",), 1).raw)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"format_version": NaN}']
)
def test_a_manifest_that_is_none_is_refused(content: bytes, spoil: Callable[..., Path]) -> None:
    with pytest.raises(BadInput, match=r"manifest\.json"):
        Bundle.open(spoil(files={"manifest.json": content}))


def test_a_missing_folder_or_file_is_refused(tmp_path: Path, spoil: Callable[..., Path]) -> None:
    with pytest.raises(BadInput, match="no folder"):
        Bundle.open(tmp_path / "nothing")
    folder = spoil()
    (folder / "model.onnx").unlink()
    with pytest.raises(BadInput, match="no such plain file"):
        Bundle.open(folder)


def test_a_name_in_the_manifest_is_no_path(spoil: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "other.onnx").write_bytes(b"not this one")
    bundle = Bundle.open(spoil(lambda m: m["files"]["fp32"].update(name="../other.onnx")))
    assert bundle.predict(readings(("photo",), 1).raw)["material"].shape == (1, 3)


def test_a_link_is_not_followed(spoil: Callable[..., Path], tmp_path: Path) -> None:
    folder = spoil()
    (folder / "model.onnx").rename(tmp_path / "elsewhere.onnx")
    os.symlink(tmp_path / "elsewhere.onnx", folder / "model.onnx")
    with pytest.raises(BadInput, match="no such plain file"):
        Bundle.open(folder)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.999])
def test_a_truncated_model_is_refused(
    share: float, photo_bundle: Path, spoil: Callable[..., Path]
) -> None:
    content = (photo_bundle / "model.onnx").read_bytes()
    cut = content[: int(share * len(content))]
    with pytest.raises(BadInput, match=r"model\.onnx") as caught:
        Bundle.open(spoil(files={"model.onnx": cut}, resign=True))
    assert "\n" not in str(caught.value)


def test_noise_is_refused() -> None:
    draw = np.random.default_rng(0)
    for size in (1, 10, 1000):
        for _ in range(50):
            with pytest.raises(BadInput):
                check_onnx(draw.integers(0, 256, size).astype(np.uint8).tobytes(), "noise")


def model_of(
    nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto], outputs: dict[str, int]
) -> bytes:
    """A model with the photo student's inputs and outputs."""
    photo = helper.make_tensor_value_info("reading.photo", TensorProto.UINT8, [1, 16, 16, 3])
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, width])
        for name, width in outputs.items()
    ]
    graph = helper.make_graph(nodes, "hostile", [photo], ends, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return bytes(model.SerializeToString())


OUTPUTS = {"head.material": 3, "head.grade": 2, "head.wear": 1, "features": 32}


def constants_for(skip: str = "") -> list[onnx.TensorProto]:
    return [
        numpy_helper.from_array(np.zeros((1, width), np.float32), f"c.{name}")
        for name, width in OUTPUTS.items()
        if name != skip
    ]


def identities(skip: str = "") -> list[onnx.NodeProto]:
    return [helper.make_node("Identity", [f"c.{n}"], [n]) for n in OUTPUTS if n != skip]


def test_the_hostile_frame_itself_is_a_fine_model(spoil: Callable[..., Path]) -> None:
    content = model_of(identities(), constants_for(), OUTPUTS)
    bundle = Bundle.open(spoil(files={"model.onnx": content}, resign=True))
    assert bundle.predict(readings(("photo",), 1).raw)["material"].tolist() == [[1 / 3] * 3]


def external(name: str, shape: list[int], location: str) -> onnx.TensorProto:
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", location
    return tensor


@pytest.mark.parametrize("location", ["weights.bin", "../secret.bin", "/etc/passwd"])
def test_a_tensor_in_another_file_is_refused(location: str, spoil: Callable[..., Path]) -> None:
    tensor = external("c.features", [1, 32], location)
    content = model_of(identities(), [*constants_for("features"), tensor], OUTPUTS)
    folder = spoil(files={"model.onnx": content, "weights.bin": b"\0" * 128}, resign=True)
    with pytest.raises(BadInput, match="a tensor stored in another file"):
        Bundle.open(folder)


def test_external_data_is_found_wherever_it_hides() -> None:
    tensor = external("value", [4], "weights.bin")
    inside = helper.make_node("Constant", [], ["k"], value=tensor)
    with pytest.raises(BadInput, match="stored in another file"):
        check_onnx(model_of([inside], [], {}), "m")
    function = helper.make_function("own", "F", ["x"], ["k"], [inside], [])
    model = helper.make_model(helper.make_graph([], "g", [], []), functions=[function])
    with pytest.raises(BadInput, match="stored in another file"):
        check_onnx(model.SerializeToString(), "m")


def test_control_flow_is_refused(spoil: Callable[..., Path]) -> None:
    keep = helper.make_node("Identity", ["go"], ["again"])
    body = helper.make_graph(
        [keep],
        "for ever",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info("again", TensorProto.BOOL, [])],
    )
    loop = helper.make_node("Loop", ["", "yes"], [], body=body)
    yes = numpy_helper.from_array(np.array(True), "yes")
    content = model_of([loop, *identities()], [*constants_for(), yes], OUTPUTS)
    with pytest.raises(BadInput, match=r"control flow \(Loop\)"):
        Bundle.open(spoil(files={"model.onnx": content}, resign=True))


def peak_mb(folder: Path) -> tuple[str, float]:
    """What opening and running a bundle says, and the memory that it takes, in MB."""
    code = textwrap.dedent(f"""
        import resource, numpy as np
        from stillage.bundle.runtime import Bundle
        from stillage.errors import BadInput
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            Bundle.open({str(folder)!r}).predict({{"photo": np.zeros((1, 16, 16, 3), np.uint8)}})
            print("fine")
        except BadInput as error:
            print(error)
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said, peak = done.stdout.strip().splitlines()
    return said, float(peak)


@pytest.mark.parametrize("when", ["at loading", "at running"])
def test_a_model_that_grows_without_bound_is_stopped(when: str, spoil: Callable[..., Path]) -> None:
    if when == "at loading":  # a constant of 80 GB
        nodes = [helper.make_node("ConstantOfShape", ["size"], ["big"])]
        constants = [numpy_helper.from_array(np.array([20 * 10**9]), "size")]
        last = "big"
    else:  # the reading, doubled 40 times
        nodes = [helper.make_node("Cast", ["reading.photo"], ["d0"], to=TensorProto.FLOAT)]
        nodes += [
            helper.make_node("Concat", [f"d{k}"] * 2, [f"d{k + 1}"], axis=0) for k in range(40)
        ]
        constants, last = [], "d40"
    nodes += [
        helper.make_node("ReduceSum", [last], ["sum"], keepdims=0),
        helper.make_node("Add", ["c.features", "sum"], ["features"]),
        *identities("features"),
    ]
    content = model_of(nodes, [*constants_for(), *constants], OUTPUTS)
    said, peak = peak_mb(spoil(files={"model.onnx": content}, resign=True))
    assert "model.onnx: found" in said
    assert peak < 1200


def test_what_the_manifest_measured_is_not_needed(spoil: Callable[..., Path]) -> None:
    bundle = Bundle.open(spoil(lambda m: [m.pop(k) for k in ("measured", "parity", "int8")]))
    assert bundle.precisions == ("fp32", "int8")
    assert "features" in bundle.predict(readings(("photo",), 1).raw, precision="int8")
    assert json.dumps(bundle.manifest["tasks"])
