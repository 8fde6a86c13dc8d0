"""The state of all random number generators that a trainer draws from, as JSON data."""

from __future__ import annotations

import base64
import contextlib
import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np


def rng_state() -> dict[str, Any]:
    """The states of Python's, NumPy's and PyTorch's global generators (those of its devices included)."""
    import torch

    version, numbers, gauss = random.getstate()
    kind, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {
        "python": [version, list(numbers), gauss],
        "numpy": [kind, np.asarray(keys).tolist(), int(position), int(has_gauss), float(cached)],
        "torch": _text(torch.get_rng_state()),
        "cuda": [_text(state) for state in devices],
    }


def restore_rng(state: Mapping[str, Any]) -> None:
    """Goes on where `rng_state` was called. Devices that are not here are left out.

    Raises:
        KeyError, TypeError, ValueError, RuntimeError: it is no such state.
    """
    import torch

    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    kind, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), position, has_gauss, cached))
    torch.set_rng_state(_tensor(state["torch"]))
    if len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([_tensor(text) for text in state["cuda"]])


@contextlib.contextmanager
def untouched_rng() -> Iterator[None]:
    """What the block draws leaves no trace: afterwards all generators go on as if it had not been."""
    state = rng_state()
    try:
        yield
    finally:
        restore_rng(state)


def _text(state: Any) -> str:
    return base64.b64encode(state.cpu().numpy().tobytes()).decode("ascii")


def _tensor(text: str) -> Any:
    import torch

    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8)
