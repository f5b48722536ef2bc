"""Declare the fusions that core registers; light."""

from __future__ import annotations

from stillage.plugin.spec import FusionSpec, Parameter

_EXAMPLE = {"widths": {"a": 3, "b": 5}, "width": 4}

SPECS = [
    FusionSpec(
        name="concat",
        summary="Concatenation with learnt missing tokens; an MLP, or a pass-through at width 0",
        factory="stillage.network.fusion.concat:ConcatFusion",
        parameters=(
            Parameter(
                name="dropout", type="float", default=0.0, unit="1", summary="Dropout of the MLP"
            ),
        ),
        examples=(_EXAMPLE, {"widths": {"a": 3, "b": 5}, "width": 0}),
    ),
    FusionSpec(
        name="gated",
        summary="Gated multimodal units (Arevalo et al. 2017) over the present modalities",
        factory="stillage.network.fusion.gated:GatedFusion",
        examples=(_EXAMPLE,),
    ),
]
