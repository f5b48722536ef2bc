"""Model the seconds and joules that an inference costs on a small computer.

It is a model, no measurement: multiply-accumulates (MACs) and bytes against a device's rates,
so that results do not depend on the machine that simulates. Measured latency is reported
with each exported bundle and never enters here.
"""

from __future__ import annotations

from dataclasses import dataclass

from stillage.errors import BadInput

PRECISIONS = ("fp32", "int8")


@dataclass(frozen=True)
class DeviceProfile:
    """A device that runs one inference at a time on one core: its rates and powers.

    Attributes
    ----------
    name : str
        How commands name it.
    macs_per_s : tuple of float
        Sustained MACs per second in fp32 and in int8.
    bytes_per_s : float
        Sustained memory bandwidth of one core.
    overhead_s : float
        Seconds spent on every inference whatever its size.
    idle_w : float
        Power when awake and waiting, W.
    active_w : float
        Power that computing adds to ``idle_w``, W.
    j_per_byte : float
        Energy that a byte moved to or from memory adds, J.
    source : str
        Where the numbers come from; all are assumed unless it says measured.
    """

    name: str
    macs_per_s: tuple[float, float]
    bytes_per_s: float
    overhead_s: float
    idle_w: float
    active_w: float
    j_per_byte: float
    source: str


PROFILES = {
    profile.name: profile
    for profile in (
        DeviceProfile(
            "raspberry-pi-zero-2w",
            (1.0e9, 2.0e9),
            1.0e9,
            5e-4,
            0.6,
            0.7,
            2e-10,
            "assumed: Cortex-A53 at 1.0 GHz, 4 fp32 MACs a cycle at most, a quarter of it "
            "sustained; int8 twice fp32, since the core has no dot-product instruction; board "
            "power 0.6 W idle and 1.3 W with one core busy; DRAM 200 pJ a byte, the middle of "
            "1.3-2.6 nJ per 64 bits (Horowitz, ISSCC 2014)",
        ),
        DeviceProfile(
            "raspberry-pi-4",
            (4.5e9, 9.0e9),
            3.0e9,
            1.5e-4,
            2.7,
            1.2,
            2e-10,
            "assumed: Cortex-A72 at 1.5 GHz, 8 fp32 MACs a cycle at most, three eighths of it "
            "sustained; int8 twice fp32, since the core has no dot-product instruction; board "
            "power 2.7 W idle and 3.9 W with one core busy; DRAM 200 pJ a byte, the middle of "
            "1.3-2.6 nJ per 64 bits (Horowitz, ISSCC 2014)",
        ),
        DeviceProfile(
            "x86",
            (2.5e10, 7.5e10),
            1.0e10,
            5e-5,
            8.0,
            12.0,
            2e-10,
            "assumed: one core of a small industrial PC at 2.5 GHz with AVX2, 16 fp32 MACs a "
            "cycle at most, five eighths of it sustained; int8 three times fp32; 8 W idle and "
            "20 W with one core busy; DRAM 200 pJ a byte, the middle of 1.3-2.6 nJ per 64 bits "
            "(Horowitz, ISSCC 2014)",
        ),
    )
}
"""Profiles by name. Their numbers are assumptions to be replaced by those of your device."""

DEFAULT_PROFILE = "raspberry-pi-zero-2w"


def profile(name: str) -> DeviceProfile:
    """Give the profile of that name.

    Raises
    ------
    BadInput
        If there is none.

    >>> profile("raspberry-pi-4").idle_w
    2.7
    """
    if name not in PROFILES:
        raise BadInput("device", repr(name), f"one of {', '.join(PROFILES)}")
    return PROFILES[name]


def modelled(
    macs: float, moved_bytes: float, precision: str, device: DeviceProfile
) -> tuple[float, float]:
    """Model the latency and energy of one inference.

    Computing and moving memory overlap, so the slower of the two sets the time (the roofline
    of Williams, Waterman and Patterson, CACM 2009); energy is power over that time plus the
    energy of the bytes.

    Parameters
    ----------
    macs : float
        Multiply-accumulates.
    moved_bytes : float
        Parameters and activations that go through memory, in bytes.
    precision : str
        ``"fp32"`` or ``"int8"``.
    device : DeviceProfile
        Where it runs.

    Returns
    -------
    tuple of float
        Seconds and joules; the joules include the device's idle power for those seconds.

    >>> box = DeviceProfile("box", (1e9, 4e9), 1e9, 0.001, 1.0, 2.0, 0.0, "made up")
    >>> [round(float(x), 9) for x in modelled(2e6, 1e6, "fp32", box)]
    [0.003, 0.009]
    """
    if precision not in PRECISIONS:
        raise BadInput("precision", repr(precision), f"one of {', '.join(PRECISIONS)}")
    rate = device.macs_per_s[PRECISIONS.index(precision)]
    seconds = device.overhead_s + max(macs / rate, moved_bytes / device.bytes_per_s)
    joules = (device.idle_w + device.active_w) * seconds + moved_bytes * device.j_per_byte
    return seconds, joules
