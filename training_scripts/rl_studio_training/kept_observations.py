"""Observations that a run met, kept with its checkpoints: what an export is tried with.

`observations.npz` holds for each policy `POLICY/starts`, bool (n,), and `POLICY/observations/NAME`, (n, …), for each
of its observations: float32, uint8 (channels, height, width) for a picture, int64 (n,) for a choice. Values are those
of the wire, before any normalization. `starts` is true where an episode begins; rows up to the next one follow each
other. For a policy without memory it is true everywhere.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.errors import CheckpointError
from rl_studio_training.layout import ObservationPart

OBSERVATIONS_FILE = "observations.npz"
MAX_ROWS = 1024
MAX_BYTES = 8 << 20
"""Of one policy: of large pictures fewer are kept."""
MIN_ROWS = 64


@dataclass(frozen=True, slots=True)
class Kept:
    """Observations of one policy.

    Args:
        rows: by name, (n, …).
        starts: (n,), where an episode begins.
    """

    rows: dict[str, NDArray[Any]]
    starts: NDArray[np.bool_]


def read_kept(file: Path, policy: str, parts: Sequence[ObservationPart]) -> Kept | None:
    """What a file has of one policy; None if there is no such file or nothing in it.

    Args:
        parts: what the policy observes.

    Raises:
        CheckpointError: the file cannot be read, or has other observations.
    """
    if not file.is_file():
        return None
    try:
        with np.load(file, allow_pickle=False) as arrays:
            if f"{policy}/starts" not in arrays or not len(arrays[f"{policy}/starts"]):
                return None
            starts = arrays[f"{policy}/starts"].astype(bool)
            rows = {part.name: arrays[f"{policy}/observations/{part.name}"] for part in parts}
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"The observations in {file} cannot be read: {error}") from error
    for part in parts:
        if rows[part.name].shape != (len(starts), *part.shape):
            raise CheckpointError(
                f"The observations {part.name!r} in {file} are {rows[part.name].shape}; the policy {policy} takes "
                f"{(len(starts), *part.shape)}.",
                hint="Take observations of a run of the same game, or leave --observations out.",
            )
    return Kept(rows, starts)


class KeptObservations:
    """A fair sample of what all policies of a run have seen so far: each moment is as likely as any other."""

    def __init__(self) -> None:
        self._reservoirs: dict[str, _Reservoir] = {}

    def add(self, policy: str, piece: Kept) -> None:
        """Takes in observations, which stay or go as a whole.

        Args:
            piece: rows that follow each other, or of one moment; owned from here on.
        """
        if policy not in self._reservoirs:
            self._reservoirs[policy] = _Reservoir(piece)
        self._reservoirs[policy].add(piece)

    def write(self, folder: Path) -> None:
        """Writes `observations.npz`, if there are any.

        Raises:
            OSError: it cannot be written.
        """
        arrays: dict[str, Any] = {}
        for policy, reservoir in self._reservoirs.items():
            kept = _join(reservoir.pieces)
            arrays[f"{policy}/starts"] = kept.starts
            arrays.update({f"{policy}/observations/{name}": values for name, values in kept.rows.items()})
        if arrays:
            np.savez(folder / OBSERVATIONS_FILE, **arrays)

    def restore(self, folder: Path, policy: str, parts: Sequence[ObservationPart]) -> None:
        """Goes on with those that a checkpoint has of a policy, if it has some.

        Args:
            parts: what the policy observes.

        Raises:
            CheckpointError: the file cannot be read, or has other observations.
        """
        kept = read_kept(folder / OBSERVATIONS_FILE, policy, parts)
        for piece in _split(kept) if kept else ():
            self.add(policy, piece)


class _Reservoir:
    """Pieces of one policy, at most so many rows; `like` one of them."""

    def __init__(self, like: Kept) -> None:
        row_bytes = sum(values.nbytes for values in like.rows.values()) // len(like.starts)
        self._capacity = min(MAX_ROWS, max(MIN_ROWS, MAX_BYTES // max(1, row_bytes)))
        self._random = np.random.default_rng(0)
        self._rows = 0
        self._seen = 0
        self.pieces: list[Kept] = []

    def add(self, piece: Kept) -> None:
        self._seen += 1
        is_full = self._rows + len(piece.starts) > self._capacity
        if is_full and self._random.random() * self._seen > len(self.pieces):
            return
        while self.pieces and self._rows + len(piece.starts) > self._capacity:
            self._rows -= len(self.pieces.pop(int(self._random.integers(len(self.pieces)))).starts)
        self.pieces.append(piece)
        self._rows += len(piece.starts)


def _join(pieces: Sequence[Kept]) -> Kept:
    rows = {name: np.concatenate([piece.rows[name] for piece in pieces]) for name in pieces[0].rows}
    return Kept(rows, np.concatenate([piece.starts for piece in pieces]))


def _split(kept: Kept) -> list[Kept]:
    begins = [*np.flatnonzero(kept.starts).tolist(), len(kept.starts)]
    return [
        Kept({name: values[begin:end] for name, values in kept.rows.items()}, kept.starts[begin:end])
        for begin, end in pairwise(begins)
    ]
