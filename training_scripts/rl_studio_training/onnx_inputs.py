"""What an exported file is fed with: observations as games give them, float32 with a batch in front."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.layout import ObservationPart
from rl_studio_training.spaces import ObservationCodec, Observations

Inputs = dict[str, NDArray[np.float32]]
"""Rows (n, …) by input."""

MAX_CORNERS = 256
_FARTHEST = 1e3
"""Samples of a space without bounds stay within."""


def input_shape(part: ObservationPart) -> tuple[int, ...]:
    """The shape of one row: (1,) for a choice, (height, width, channels) for a picture."""
    if part.dtype == np.uint8:
        channels, height, width = part.shape
        return (height, width, channels)
    return part.shape or (1,)


def as_inputs(observations: ObservationCodec, rows: Mapping[str, NDArray[Any]]) -> Inputs:
    """Inputs for observations as training has them: choices (n,), pictures (n, channels, height, width)."""
    found = {}
    for part in observations.parts:
        values = np.asarray(rows[part.name])
        values = values.transpose(0, 2, 3, 1) if part.dtype == np.uint8 else values
        found[part.name] = values.reshape(len(values), *input_shape(part)).astype(np.float32)
    return found


def as_observations(observations: ObservationCodec, inputs: Inputs) -> Observations:
    """The opposite of `as_inputs`: what the algorithm sees."""
    found = {}
    for part in observations.parts:
        values = inputs[part.name]
        values = values.transpose(0, 3, 1, 2) if part.dtype == np.uint8 else values
        found[part.name] = np.ascontiguousarray(values.reshape(len(values), *part.shape), dtype=part.dtype)
    return observations.assemble(found)


def sample_inputs(observations: ObservationCodec, count: int, seed: int = 0) -> Inputs:
    """`count` rows within the bounds of each space: corners first, then random ones."""
    random = np.random.default_rng(seed)
    corners = min(MAX_CORNERS, count // 4)
    rows = {part.name: _sample(observations, part, corners, count, random) for part in observations.parts}
    return as_inputs(observations, rows)


def _sample(
    observations: ObservationCodec,
    part: ObservationPart,
    corners: int,
    count: int,
    random: np.random.Generator,
) -> NDArray[Any]:
    space: Any = observations.space_of(part.name)
    if not part.shape:
        return random.integers(0, int(space.n), count)
    low, high = np.clip(space.low, -_FARTHEST, _FARTHEST), np.clip(space.high, -_FARTHEST, _FARTHEST)
    is_picture = part.dtype == np.uint8
    size = (count, *part.shape)
    values = random.integers(0, 256, size, dtype=np.uint8) if is_picture else random.uniform(low, high, size)
    at_corner = random.integers(0, 2, (corners, *part.shape)).astype(bool)
    values[:corners] = np.where(at_corner, high, low)
    for row, plain in enumerate([low, high, np.clip(0.0, low, high)][:corners]):
        values[row] = plain
    return values
