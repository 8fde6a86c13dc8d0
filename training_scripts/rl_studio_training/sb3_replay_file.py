"""A replay buffer in a checkpoint: `replay_buffer.npz`, arrays of transitions, whoever's they are.

Each array is (transitions, …): `observations`, `next_observations`, `actions`, `rewards`, `dones` and `timeouts`, those
of named observations as `observations/NAME`. `position` is where the next transition goes and, once the buffer is
`full`, the oldest one. `step_size` is `Transitions.step_size`. Files of versions that knew no agents that come and go
have no `step_size`, and arrays (steps, agents, …).
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.sb3_replay import Transitions

REPLAY_FILE = "replay_buffer.npz"

_ARRAYS = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


def replay_bytes(buffer: Transitions) -> int:
    """The size of what `write_replay` writes."""
    return sum(array[: buffer.size()].nbytes for array in _arrays_of(buffer).values())


def write_replay(buffer: Transitions, folder: Path) -> None:
    """Writes the file into a checkpoint's folder.

    Raises:
        OSError: it cannot be written.
    """
    arrays: dict[str, Any] = {name: array[: buffer.size(), 0] for name, array in _arrays_of(buffer).items()}
    with (folder / REPLAY_FILE).open("wb") as file:
        np.savez(
            file,
            position=np.int64(buffer.pos),
            full=np.bool_(buffer.full),
            step_size=np.int64(buffer.step_size),
            **arrays,
        )


def read_replay(buffer: Transitions, folder: Path) -> str | None:
    """Fills an empty buffer with what a checkpoint has; of too many transitions it takes the newest.

    Returns:
        What is wrong with the checkpoint if there is nothing to fill it with: "has no replay buffer".

    Raises:
        OSError, ValueError, KeyError: the file cannot be read.
    """
    file = folder / REPLAY_FILE
    if not file.is_file():
        return "has no replay buffer"
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as saved:
            found = _Saved.read(dict(saved))
    except zipfile.BadZipFile as error:
        raise ValueError(str(error)) from error
    own = _arrays_of(buffer)
    if {name: array.shape[2:] for name, array in own.items()} != {
        name: array.shape[1:] for name, array in found.arrays.items()
    }:
        return "has a replay buffer of other observations or actions"
    if found.count > buffer.buffer_size or (found.full and found.count < buffer.buffer_size):
        found = found.newest(buffer.buffer_size)
    for name, array in own.items():
        array[: found.count, 0] = found.arrays[name]
    buffer.pos, buffer.full = found.position % buffer.buffer_size, found.count == buffer.buffer_size
    if found.step_size != buffer.step_size:
        buffer.step_size = 1
    return None


@dataclass(frozen=True, slots=True)
class _Saved:
    """What a file has."""

    arrays: dict[str, NDArray[Any]]
    position: int
    full: bool
    step_size: int

    @classmethod
    def read(cls, saved: dict[str, Any]) -> _Saved:
        position, full = int(saved.pop("position")), bool(saved.pop("full"))
        if "step_size" in saved:
            return cls(position=position, full=full, step_size=int(saved.pop("step_size")), arrays=saved)
        agents = saved["rewards"].shape[1]
        arrays = {name: array.reshape(-1, *array.shape[2:]) for name, array in saved.items()}
        return cls(arrays, position * agents, full, agents)

    @property
    def count(self) -> int:
        return len(self.arrays["rewards"])

    def newest(self, limit: int) -> _Saved:
        """At most so many of its transitions, the oldest first."""
        oldest = self.position if self.full else 0
        order = np.roll(np.arange(self.count), -oldest)[-limit:]
        arrays = {name: array[order] for name, array in self.arrays.items()}
        return _Saved(arrays, len(order), len(order) == limit, step_size=1)


def _arrays_of(buffer: Transitions) -> dict[str, NDArray[Any]]:
    """All arrays of a buffer by name, (transitions, 1, …)."""
    found: dict[str, Any] = {}
    for name in _ARRAYS:
        value: Any = getattr(buffer, name)
        if isinstance(value, dict):
            found |= {f"{name}/{key}": array for key, array in value.items()}
        else:
            found[name] = value
    return found
