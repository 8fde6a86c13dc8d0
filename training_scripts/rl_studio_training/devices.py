"""Where PyTorch computes."""

from __future__ import annotations

import torch

from rl_studio.errors import ConfigError


def find_device(name: str) -> torch.device:
    """The device called `name`: cpu, cuda, cuda:0, mps, …; "auto" is cuda where there is one, else cpu.

    Raises:
        ConfigError: it is none of this machine.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise device_refusal(name, f"PyTorch cannot use {name!r} here ({reason})") from error
    return device


def device_refusal(name: str, problem: str) -> ConfigError:
    """The error that says why the device `name` cannot be had."""
    return ConfigError(
        f"device: {problem}",
        hint="Use cpu; small networks train fastest there anyway.",
        data={"errors": [{"key": "device", "message": "not usable", "value": name}]},
    )
