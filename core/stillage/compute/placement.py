"""Find the torch device on which networks are trained, by its name."""

from __future__ import annotations

from stillage.errors import BadInput


def find_device(name: str, where: str) -> str:
    """Find a torch device by name: ``auto`` is ``cuda`` where there is one, else ``cpu``.

    Raises
    ------
    BadInput
        If it is not there; one line with ``where`` it was asked for and the devices found.

    >>> find_device("cpu", "--device")
    'cpu'
    """
    if name == "cpu":  # without torch
        return name
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        have = "cpu" + "".join(f", cuda:{i}" for i in range(torch.cuda.device_count()))
        raise BadInput(where, repr(name), f"one of {have}") from error
    return name
