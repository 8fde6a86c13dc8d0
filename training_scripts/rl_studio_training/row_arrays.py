"""Arrays whose first dimension is the rows of a policy, and observations made of such arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.spaces import Observations

Rows = slice | NDArray[Any]
"""Some rows: a slice, their numbers, or bool for each row."""


def take(observations: Observations, rows: Rows) -> Observations:
    """The observations of some rows."""
    if isinstance(observations, dict):
        return {key: values[rows] for key, values in observations.items()}
    part: NDArray[Any] = observations[rows]
    return part


def join(parts: Sequence[Observations]) -> Observations:
    """Observations of rows that follow each other."""
    named = [part for part in parts if isinstance(part, dict)]
    if named:
        return {key: np.concatenate([part[key] for part in named]) for key in named[0]}
    return np.concatenate([part for part in parts if not isinstance(part, dict)])


def spread(values: NDArray[Any], rows: Rows, count: int) -> NDArray[Any]:
    """Values of some of `count` rows, in an array of all of them that is zero elsewhere."""
    everywhere = np.zeros((count, *values.shape[1:]), values.dtype)
    everywhere[rows] = values
    return everywhere


def regrow(values: NDArray[Any], old: NDArray[np.int64], fill: Any = 0) -> NDArray[Any]:
    """An array of all rows after their number has changed.

    Args:
        values: of the former rows.
        old: the former number of each row, -1 for a new one, as `FleetCore.grow` returns it.
        fill: what new rows have.
    """
    grown = np.full((len(old), *values.shape[1:]), fill, values.dtype)
    known = old >= 0
    grown[known] = values[old[known]]
    return grown


def regrow_observations(observations: Observations, old: NDArray[np.int64]) -> Observations:
    """As `regrow`, zero in new rows."""
    if isinstance(observations, dict):
        return {key: regrow(values, old) for key, values in observations.items()}
    return regrow(observations, old)
