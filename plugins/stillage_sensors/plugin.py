"""The specs of the sensors plugin. Light: nothing here imports torch."""

from __future__ import annotations

from typing import Any

from stillage.plugin import hookimpl
from stillage.plugin.spec import (
    FLATTEN,
    Cost,
    ModalitySpec,
    ReaderSpec,
    SampleSpec,
    Spec,
    encoder_specs,
)
from stillage_sensors.readers.options import (
    FemtoOptions,
    HydraulicOptions,
    PulseBatOptions,
    SeriesOptions,
    UniWearOptions,
)

BEARING_FIELDS = ("shaft_speed", "load", "fault", "defect_size")
RIG_FIELDS = ("valve_condition", "pump_leak", "accumulator_pressure", "oil_temperature")
CELL_FIELDS = ("chemistry", "state_of_charge", "state_of_health")

MACHINES: dict[str, Any] = {
    "shaft_speed": [30.0, 27.5, 25.0, 30.0, 20.0, 35.0],
    "load": [4000.0, 4200.0, 5000.0, 3000.0, 2500.0, 4500.0],
    "fault": ["none", "outer", "inner", "ball", "cage", "outer"],
    "defect_size": [0.2, 0.3, 1.2, 0.8, 1.5, 1.0],
}
RIGS: dict[str, Any] = {
    "valve_condition": [1.0, 0.9, 0.8, 0.73],
    "pump_leak": [0.0, 1.0, 2.0, 0.5],
    "accumulator_pressure": [130.0, 115.0, 100.0, 90.0],
    "oil_temperature": [45.0, 50.0, 55.0, 40.0],
}
CELLS: dict[str, Any] = {
    "chemistry": ["LFP", "NMC", "LMO", "NMC"],
    "state_of_charge": [0.1, 0.3, 0.5, 0.9],
    "state_of_health": [0.95, 0.85, 0.7, 0.6],
}


def _waves(
    name: str,
    summary: str,
    unit: str,
    cost: Cost,
    fields: tuple[str, ...],
    example: dict[str, Any],
    default_size: str = "small",
) -> ModalitySpec:
    return ModalitySpec(
        name=name,
        summary=summary,
        factory=f"stillage_sensors.modality:{_camel(name)}",
        sample=SampleSpec(shape=(None, None), dtype="float32", unit=unit, axes=("channel", "time")),
        cost=cost,
        default_size=default_size,
        scene_fields=fields,
        examples=(example,),
    )


def _points(
    name: str,
    summary: str,
    unit: str,
    cost: Cost,
    fields: tuple[str, ...],
    example: dict[str, Any],
) -> ModalitySpec:
    return ModalitySpec(
        name=name,
        summary=summary,
        factory=f"stillage_sensors.modality:{_camel(name)}",
        sample=SampleSpec(shape=(None,), dtype="float32", unit=unit, axes=("point",)),
        cost=cost,
        scene_fields=fields,
        examples=(example,),
    )


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _cost(price: float, joules: float, seconds: float, source: str) -> Cost:
    return Cost(price_eur=price, energy_j=joules, time_s=seconds, source=f"assumed: {source}")


SERIES = _waves(
    "series",
    "any sensor channels together, each in its own unit",
    "1",
    _cost(100.0, 1.0, 60.0, "a logger of 17 mW, one minute"),
    ("health", "load_share"),
    {"health": [1.0, 0.8, 0.5, 0.1], "load_share": [0.2, 0.9, 0.5, 0.7]},
)
TEMPERATURE = _waves(
    "temperature",
    "thermometers on a machine",
    "degC",
    _cost(10.0, 0.06, 60.0, "Pt100 and converter, 1 mW, one minute"),
    (*BEARING_FIELDS, "ambient_temperature"),
    {**MACHINES, "ambient_temperature": [20.0, 35.0, 15.0, 25.0, 30.0, 10.0]},
)
PRESSURE = _waves(
    "pressure",
    "pressure transmitters",
    "bar",
    _cost(250.0, 15.0, 60.0, "two transmitters of 4-20 mA at 24 V, one minute"),
    RIG_FIELDS,
    RIGS,
)
FLOW = _waves(
    "flow",
    "flow meters",
    "l/min",
    _cost(600.0, 30.0, 60.0, "a meter of 0.5 W, one minute"),
    RIG_FIELDS,
    RIGS,
)
POWER = _waves(
    "power",
    "electric power of a motor",
    "W",
    _cost(150.0, 30.0, 60.0, "a meter of 0.5 W, one minute"),
    RIG_FIELDS,
    RIGS,
)
VIBRATION = _waves(
    "vibration",
    "acceleration of a bearing's housing, sampled fast",
    "g",
    _cost(800.0, 0.5, 0.1, "IEPE accelerometers and converter, 5 W, 0.1 s"),
    BEARING_FIELDS,
    MACHINES,
)
VIBRATION_LEVEL = _waves(
    "vibration_level",
    "vibration severity: RMS of velocity, sampled slowly",
    "mm/s",
    _cost(120.0, 15.0, 60.0, "a 4-20 mA transmitter, one minute"),
    BEARING_FIELDS,
    MACHINES,
)
SETTING = _points(
    "setting",
    "known settings and ratings: speed, load, charge, chemistry",
    "1",
    Cost(price_eur=0.0, energy_j=0.0, time_s=0.0, source="known without a sensor"),
    ("shaft_speed", "load"),
    {name: MACHINES[name] for name in ("shaft_speed", "load")},
)
REST_VOLTAGE = _points(
    "rest_voltage",
    "open-circuit voltage of a rested cell",
    "V",
    _cost(5.0, 0.001, 0.01, "a 16-bit converter"),
    CELL_FIELDS,
    CELLS,
)
PULSE = _points(
    "pulse",
    "cell voltage at the turning points of one current pulse",
    "V",
    _cost(150.0, 180.0, 10.0, "0.5 C of 10 Ah at 3.6 V for 10 s"),
    CELL_FIELDS,
    CELLS,
)
PULSE_SWEEP = _points(
    "pulse_sweep",
    "cell voltage at the turning points of pulses of growing current",
    "V",
    _cost(600.0, 1620.0, 50.0, "five half pulses, 0.5 to 1.5 C of 10 Ah at 3.6 V"),
    CELL_FIELDS,
    CELLS,
)

WAVES = (SERIES, TEMPERATURE, PRESSURE, FLOW, POWER, VIBRATION, VIBRATION_LEVEL)
POINTS = (SETTING, REST_VOLTAGE, PULSE, PULSE_SWEEP)

_WAVE_SIZES = {
    "linear": (
        "mean, extremes, slope, RMS, deviation, kurtosis, roughness",
        ".encoders:Statistics",
    ),
    "small": ("LSTM of 32 over at most 64 steps", ".encoders:SmallLstm"),
    "gru": ("GRU of 32 over at most 64 steps", ".encoders:SmallGru"),
    "tcn": ("causal dilated convolutions, four blocks of 24", ".encoders:SmallTcn"),
    "large": (
        "causal dilated convolutions, five blocks of 64, and statistics",
        ".encoders:LargeTcn",
    ),
}
_POINT_SIZES = {
    "linear": ("the values themselves", FLATTEN),
    "small": ("two layers of 48", ".encoders:SmallDense"),
    "large": ("three layers of 128", ".encoders:LargeDense"),
}

READERS = (
    ReaderSpec(
        name="series",
        summary="CSV or NPZ series with units and rates, one file a unit, cut into windows",
        factory="stillage_sensors.readers.series:read",
        modalities=(
            "series",
            "temperature",
            "pressure",
            "flow",
            "power",
            "vibration",
            "vibration_level",
        ),
        formats=("folder of .csv and .npz files, with an optional units.csv", ".csv", ".npz"),
        options=SeriesOptions,
    ),
    ReaderSpec(
        name="hydraulic",
        summary="condition monitoring of a hydraulic rig: 2,205 one-minute cycles",
        factory="stillage_sensors.readers.hydraulic:read",
        modalities=("temperature", "vibration_level", "pressure", "flow", "power", "series"),
        formats=("hydraulic_1hz.npz, or its folder",),
        options=HydraulicOptions,
        teacher=("pressure", "flow", "power"),
        student=("temperature", "vibration_level"),
        task="valve",
    ),
    ReaderSpec(
        name="femto",
        summary="FEMTO bearings run to failure: vibration and temperature",
        factory="stillage_sensors.readers.femto:read",
        modalities=("vibration", "temperature", "setting"),
        formats=("folder of BearingC_N.npz",),
        options=FemtoOptions,
        teacher=("vibration", "temperature"),
        student=("temperature",),
        task="life_fraction",
    ),
    ReaderSpec(
        name="pulsebat",
        summary="PulseBat: retired cells, pulse voltages and state of health",
        factory="stillage_sensors.readers.pulsebat:read",
        modalities=("rest_voltage", "pulse", "pulse_sweep", "setting"),
        formats=("pulsebat_all.csv, or its folder",),
        options=PulseBatOptions,
        teacher=("pulse_sweep", "setting"),
        student=("rest_voltage", "setting"),
        task="state_of_health",
    ),
    ReaderSpec(
        name="uniwear",
        summary="UniWear milling: force, vibration and tool wear",
        factory="stillage_sensors.readers.uniwear:read",
        modalities=("series",),
        formats=("uniwear.csv.gz, or its folder",),
        options=UniWearOptions,
        teacher=("series",),
        student=("series",),
        task="tool_wear",
    ),
)

SPECS: tuple[Spec, ...] = (
    *WAVES,
    *POINTS,
    *(
        encoder
        for modalities, sizes in ((WAVES, _WAVE_SIZES), (POINTS, _POINT_SIZES))
        for modality in modalities
        for encoder in encoder_specs(modality.name, "stillage_sensors", sizes)
    ),
    *READERS,
)


@hookimpl
def register() -> list[Spec]:
    """Give the host every spec of this plugin."""
    return list(SPECS)
