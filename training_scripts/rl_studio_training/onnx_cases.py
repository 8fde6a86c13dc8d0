"""The observations that an exported file is tried with: what a run kept, and what its space allows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.kept_observations import Kept
from rl_studio_training.onnx_exportable import PolicyFacts
from rl_studio_training.onnx_inputs import MAX_CORNERS, Inputs, as_inputs, sample_inputs

SEQUENCE_LENGTH = 64
MIN_SEQUENCES = 16
_FROM_SPACE = 4
"""Sequences from the space that are tried however many the run kept."""
_RESET_SHARE = 1.0 / 40.0
"""How often an episode ends in a sequence from the space."""


@dataclass(frozen=True, slots=True)
class Cases:
    """Rows to try.

    Args:
        inputs: (n, …) by input; with a memory sequence after sequence.
        starts: (n,), where the memory is empty: wherever a sequence begins, and within. None without a memory.
        source: where they are from.
    """

    inputs: Inputs
    starts: NDArray[np.bool_] | None
    source: Literal["run", "space", "run and space"]

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(next(iter(self.inputs.values())))

    @property
    def sequences(self) -> int:
        """Number of sequences; 0 without a memory."""
        return 0 if self.starts is None else self.count // SEQUENCE_LENGTH


def make_cases(facts: PolicyFacts, count: int, kept: Kept | None = None, seed: int = 0) -> Cases:
    """At least `count` rows: all that were kept, then corners and random ones of the space.

    Args:
        facts: of the policy.
        kept: None if the run kept none.
    """
    if facts.memory:
        return _sequences(facts, count, kept, seed)
    if kept is None:
        return Cases(sample_inputs(facts.observations, count, seed), None, "space")
    own = as_inputs(facts.observations, kept.rows)
    more = sample_inputs(facts.observations, max(count - len(kept.starts), min(count, MAX_CORNERS)), seed)
    return Cases(_joined(own, more), None, "run and space")


def _sequences(facts: PolicyFacts, count: int, kept: Kept | None, seed: int) -> Cases:
    wanted = max(MIN_SEQUENCES, math.ceil(count / SEQUENCE_LENGTH))
    if kept is None:
        return Cases(*_sampled(facts, wanted, seed), "space")
    own = math.ceil(len(kept.starts) / SEQUENCE_LENGTH)
    rows = np.arange(own * SEQUENCE_LENGTH) % len(kept.starts)
    starts = kept.starts[rows] | (np.arange(len(rows)) % SEQUENCE_LENGTH == 0)
    inputs = {name: values[rows] for name, values in as_inputs(facts.observations, kept.rows).items()}
    more, further = _sampled(facts, max(wanted - own, _FROM_SPACE), seed)
    return Cases(_joined(inputs, more), np.concatenate([starts, further]), "run and space")


def _sampled(facts: PolicyFacts, sequences: int, seed: int) -> tuple[Inputs, NDArray[np.bool_]]:
    random = np.random.default_rng(seed)
    count = sequences * SEQUENCE_LENGTH
    mixed = random.permutation(count)  # else all corners would lie in the first sequences
    samples = sample_inputs(facts.observations, count, seed)
    starts = random.random(count) < _RESET_SHARE
    starts[::SEQUENCE_LENGTH] = True
    return {name: values[mixed] for name, values in samples.items()}, starts


def _joined(first: Inputs, second: Inputs) -> Inputs:
    return {name: np.concatenate([values, second[name]]) for name, values in first.items()}
