"""``stillage export``: make an ONNX bundle of a student."""

from __future__ import annotations

from typing import Any

import click

from stillage.cli.console import emit, emit_json, table


@click.command()
@click.argument("student_dir")
@click.argument("bundle_dir")
@click.option("--int8", is_flag=True, help="An INT8 model beside the FP32 one.")
@click.option(
    "--prune", default=0.0, metavar="SHARE", help="Remove this share of the channels first (0.3)."
)
@click.option("--json", "as_json", is_flag=True, help="The manifest as JSON on standard output.")
def export(student_dir: str, bundle_dir: str, int8: bool, prune: float, as_json: bool) -> None:
    """Write the student in STUDENT_DIR as a bundle that onnxruntime and NumPy alone can run."""
    from stillage.exporting import export as export_student

    manifest = export_student(student_dir, bundle_dir, int8=int8, prune=prune)
    if as_json:
        emit_json(manifest)
        return
    _tell(manifest, bundle_dir)


def _tell(manifest: dict[str, Any], folder: str) -> None:
    latency = manifest["measured"]["latency_ms"]
    rows = [["eager torch", "", f"{latency['eager']:.3f}", ""]]
    for precision, size in manifest["size_bytes"].items():
        ratio = latency["eager"] / latency[precision]
        rows.append([precision, f"{size / 1024:.0f}", f"{latency[precision]:.3f}", f"{ratio:.1f}x"])
    table(["model", "KB", "ms, one thread (measured)", "against eager"], rows)
    parity = manifest["parity"]
    emit(
        f"parity: fp32 differs from torch by at most {parity['fp32_max_abs_error']:.1g} "
        f"on {parity['readings']} readings ({parity['from']})"
    )
    if "int8" in manifest:
        made = manifest["int8"]
        emit(f"int8: {made['method']}, ranges {made['ranges']}, {made['weight_bits']}-bit weights")
        for target, far in made["against_fp32"].items():
            emit(f"int8 against fp32, {target}: {_far(far)}")
    pruning = manifest["pruning"]
    if pruning:
        trained = "re-distilled" if pruning["redistilled"] else "not re-distilled"
        if pruning["batch_statistics_restated"]:
            trained += ", batch statistics estimated anew"
        emit(
            f"pruned: {pruning['channels_after']} of {pruning['channels_before']} channels left, "
            f"{trained}"
        )
        for target, far in pruning["against_unpruned"].items():
            emit(f"pruned against whole, {target}: {_far(far)}")
    emit(f"{manifest['parameters']} parameters, {manifest['macs']} MACs a reading")
    for name, costs in manifest["modelled"].items():
        each = ", ".join(
            f"{precision} {cost['latency_s'] * 1e3:.2f} ms {cost['energy_j'] * 1e3:.2f} mJ"
            for precision, cost in costs.items()
        )
        emit(f"modelled on {name}: {each}")
    emit(folder)


def _far(far: dict[str, float]) -> str:
    if "same_class" in far:
        return (
            f"same class {100 * far['same_class']:.1f} %, "
            f"probabilities within {far['max_abs_difference']:.2g}"
        )
    return f"rms difference {far['rms_difference']:.2g} ({far['rms_difference_sd']:.2g} sd)"
