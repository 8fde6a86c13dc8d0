"""Fills SB3's rollout buffer from a fleet of games, section by section, so that no game waits for another's policy."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.buffers import RolloutBuffer

from rl_studio_training.fleet import FleetBatch, GameFleet
from rl_studio_training.sb3_actor import Actor
from rl_studio_training.sb3_normalization import StudioNormalize
from rl_studio_training.spaces import Observations


class SectionedRollout:
    """One rollout. While a section's games simulate, the policy decides for another; the order is always the same.

    Call `act` for every section and step 0, then for each step `collect` for every section in turn (each followed by
    `act` for the next step, unless it was the last one), then `finish`.

    Args:
        observations, starts: of all rows: what they see, and whether an episode begins there (bool).
        gamma: discount for the value of an observation at which an episode was cut off.
        normalize: of observations and rewards, if any.
    """

    def __init__(
        self,
        fleet: GameFleet,
        actor: Actor,
        buffer: RolloutBuffer,
        observations: Observations,
        starts: NDArray[np.bool_],
        gamma: float,
        normalize: StudioNormalize | None = None,
    ) -> None:
        self._fleet = fleet
        self._actor = actor
        self._buffer = buffer
        self._gamma = gamma
        self._normalize = normalize
        self._seen = [_take(observations, rows) for rows in fleet.section_rows]
        self._starts = [starts[rows] for rows in fleet.section_rows]
        self._cut: list[tuple[int, NDArray[np.int64], Observations]] = []
        self._last_values = np.zeros(fleet.n_rows, dtype=np.float32)
        self.policy_s = 0.0
        """Seconds spent on forward passes and sampling."""

    def act(self, section: int, step: int) -> None:
        """Chooses what the rows of a section do in `step`, and sends it."""
        rows = self._fleet.section_rows[section]
        began = perf_counter()
        actions, values, log_probs = self._actor.act(self._seen[section])
        self.policy_s += perf_counter() - began
        self._fleet.send(section, actions)
        # The games are at work from here on: what is left to do costs no time.
        buffer = self._buffer
        _store(buffer.observations, step, rows, self._seen[section])
        _store(buffer.actions, step, rows, actions)
        buffer.episode_starts[step, rows] = self._starts[section]
        buffer.values[step, rows] = values
        buffer.log_probs[step, rows] = log_probs

    def collect(self, section: int, step: int) -> FleetBatch:
        """Waits for what came of `act`; in the last step it also values what the section sees then."""
        rows = self._fleet.section_rows[section]
        batch = self._fleet.receive(section)
        if self._normalize is not None:
            batch = self._normalize.take(rows, batch)
        self._buffer.rewards[step, rows] = batch.rewards
        self._seen[section] = batch.observations
        self._starts[section] = batch.ended
        if batch.truncated.any() and batch.terminal_observations is not None:
            cut = batch.truncated[batch.ended]
            where = np.flatnonzero(batch.truncated) + rows.start
            self._cut.append((step, where, _take(batch.terminal_observations, cut)))
        if step == self._buffer.buffer_size - 1:
            self._last_values[rows] = self._values(batch.observations)
        return batch

    def finish(self) -> tuple[Observations, NDArray[np.bool_]]:
        """Computes advantages and returns in the buffer.

        Returns:
            What all rows see now, and whether an episode begins there.
        """
        if self._cut:
            steps = np.concatenate([np.full(len(where), step) for step, where, _ in self._cut])
            where = np.concatenate([where for _, where, _ in self._cut])
            values = self._values(_join([seen for _, _, seen in self._cut]))
            self._buffer.rewards[steps, where] += self._gamma * values
        starts = np.concatenate(self._starts)
        self._buffer.compute_returns_and_advantage(torch.from_numpy(self._last_values), starts)
        self._buffer.pos = self._buffer.buffer_size
        self._buffer.full = True
        return _join(self._seen), starts

    def _values(self, observations: Observations) -> NDArray[np.float32]:
        began = perf_counter()
        values = self._actor.values(observations)
        self.policy_s += perf_counter() - began
        return values


def _take(observations: Observations, rows: Any) -> Observations:
    if isinstance(observations, dict):
        return {key: values[rows] for key, values in observations.items()}
    part: NDArray[Any] = observations[rows]
    return part


def _join(parts: list[Observations]) -> Observations:
    named = [part for part in parts if isinstance(part, dict)]
    if named:
        return {key: np.concatenate([part[key] for part in named]) for key in named[0]}
    return np.concatenate([part for part in parts if not isinstance(part, dict)])


def _store(target: Any, step: int, rows: slice, values: Any) -> None:
    if isinstance(values, dict):
        for key, array in values.items():
            _store(target[key], step, rows, array)
        return
    target[step, rows] = values.reshape(-1, *target.shape[2:])
