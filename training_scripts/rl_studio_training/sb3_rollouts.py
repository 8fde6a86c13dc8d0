"""Fills SB3's rollout buffer from a fleet of games, section by section, so that no game waits for another's policy."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rl_studio_training.fleet import FleetBatch
from rl_studio_training.row_arrays import Rows, join, spread, take
from rl_studio_training.sb3_actor import Actor, Decision
from rl_studio_training.sb3_buffers import ActedSteps
from rl_studio_training.sb3_normalization import StudioNormalize
from rl_studio_training.spaces import Observations
from rl_studio_training.vec_env import GodotVecEnv


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where a rollout begins, and where it goes.

    Args:
        env: the games.
        buffer: fresh; filled by the rollout.
        observations: what all rows see.
        starts: bool, whether an episode begins in each row.
        gamma: discount for the value of an observation at which an episode was cut off.
        normalize: of observations and rewards, if any.
    """

    env: GodotVecEnv
    buffer: ActedSteps
    observations: Observations
    starts: NDArray[np.bool_]
    gamma: float
    normalize: StudioNormalize | None = None


class SectionedRollout:
    """One rollout. While a section's games simulate, the policy decides for another; the order is always the same.

    Call `act` for every section and step 0, then for each step `collect` for every section in turn (each followed by
    `act` for the next step, unless it was the last one), then `finish`.

    The policy is only asked for rows that have an agent. What the others have in the buffer is zero, and
    `ActedSteps.acted` tells them apart. An agent that goes ends its episode and one that comes begins another: so
    advantages never reach over steps in which a row was empty.

    Args:
        actor: decides and values, where a kind of rollout has no other way to.
    """

    def __init__(self, beginning: Beginning, actor: Actor) -> None:
        self._env = beginning.env
        self._actor = actor
        self._buffer = beginning.buffer
        self._gamma = beginning.gamma
        self._normalize = beginning.normalize
        self.section_rows = self._sections()
        """The rows of each section."""
        self._seen = [take(beginning.observations, rows) for rows in self.section_rows]
        self._starts = [beginning.starts[rows] for rows in self.section_rows]
        self._present = [_unless_all(self._env.present[rows]) for rows in self.section_rows]
        self._cut: list[tuple[int, NDArray[np.int64], Observations]] = []
        self._last_values = np.zeros(self._env.num_envs, dtype=np.float32)
        self.policy_s = 0.0
        """Seconds spent on forward passes and sampling."""

    # --- what other kinds of rollouts do in their own way

    def _sections(self) -> list[slice]:
        return self._env.fleet.section_rows

    def _send(self, section: int, actions: NDArray[Any]) -> None:
        self._env.fleet.send(section, actions)

    def _receive(self, section: int) -> FleetBatch:
        return self._env.receive(section)

    def _decide(self, _step: int, _rows: Rows, seen: Observations, _starts: NDArray[np.bool_]) -> Decision:
        """What some rows do, of which this is all that is known."""
        return self._actor.act(seen)

    def _value(self, _rows: Rows, seen: Observations, _starts: NDArray[np.bool_]) -> NDArray[np.float32]:
        """The value of what some rows see at the end of the rollout."""
        return self._actor.values(seen)

    def _note_cut(self, step: int, rows: NDArray[np.int64], seen: Observations) -> None:
        """Keeps the last observations of episodes that were cut off in `step`, to value them in the end."""
        self._cut.append((step, rows, seen))

    def _cut_values(self, seen: Observations) -> NDArray[np.float32]:
        """The value of all observations that `_note_cut` was given, one after the other."""
        return self._actor.values(seen)

    # --- a rollout

    def act(self, section: int, step: int) -> None:
        """Chooses what the rows of a section do in `step`, and sends it."""
        rows = self.section_rows[section]
        seen, starts, present = self._seen[section], self._starts[section], self._present[section]
        where = self._where(section)
        began = perf_counter()
        if present is None:
            actions, values, log_probs = self._decide(step, where, seen, starts)
        else:
            actions, values, log_probs = self._decide(step, where, take(seen, present), starts[present])
        self.policy_s += perf_counter() - began
        self._send(section, actions if present is None else spread(actions, present, len(present)))
        # The games are at work from here on: what is left to do costs no time.
        buffer = self._buffer
        _store(buffer.observations, step, rows, seen)
        _store(buffer.actions, step, where, actions)
        buffer.episode_starts[step, rows] = starts
        buffer.values[step, where] = values
        buffer.log_probs[step, where] = log_probs

    def collect(self, section: int, step: int) -> FleetBatch:
        """Waits for what came of `act`; in the last step it also values what the section sees then."""
        rows = self.section_rows[section]
        batch = self._receive(section)
        if self._normalize is not None:
            batch = self._normalize.take(rows, batch)
        self._buffer.rewards[step, rows] = batch.rewards
        if batch.acted is not None:
            self._buffer.acted[step, rows] = batch.acted
        self._seen[section] = batch.observations
        self._present[section] = batch.present
        # The end also counts where nobody is left to begin another episode.
        self._starts[section] = batch.ended | batch.begins
        if batch.truncated.any() and batch.terminal_observations is not None:
            cut = batch.truncated[batch.ended]
            where = np.flatnonzero(batch.truncated) + rows.start
            self._note_cut(step, where, take(batch.terminal_observations, cut))
        if step == self._buffer.buffer_size - 1:
            self._note_last_values(section)
        return batch

    def _where(self, section: int) -> Rows:
        """The rows of a section that have an agent."""
        rows, present = self.section_rows[section], self._present[section]
        return rows if present is None else np.flatnonzero(present) + rows.start

    def _note_last_values(self, section: int) -> None:
        where, present = self._where(section), self._present[section]
        seen, starts = self._seen[section], self._starts[section]
        if present is not None:
            seen, starts = take(seen, present), starts[present]
        began = perf_counter()
        self._last_values[where] = self._value(where, seen, starts)
        self.policy_s += perf_counter() - began

    def finish(self) -> tuple[Observations, NDArray[np.bool_]]:
        """Computes advantages and returns in the buffer.

        Returns:
            What all rows see now, and whether an episode begins there.
        """
        if self._cut:
            steps = np.concatenate([np.full(len(where), step) for step, where, _ in self._cut])
            where = np.concatenate([where for _, where, _ in self._cut])
            began = perf_counter()
            values = self._cut_values(join([seen for _, _, seen in self._cut]))
            self.policy_s += perf_counter() - began
            self._buffer.rewards[steps, where] += self._gamma * values
        starts = np.concatenate(self._starts)
        self._buffer.compute_returns_and_advantage(torch.from_numpy(self._last_values), starts)
        self._buffer.pos = self._buffer.buffer_size
        self._buffer.full = True
        return join(self._seen), starts


class JointRollout(SectionedRollout):
    """A rollout in which the policy decides for all games at once.

    Forward passes of SB3's kind cost nearly the same for few rows as for many: two of them take longer than the games
    gain by not waiting.
    """

    def _sections(self) -> list[slice]:
        return [slice(0, self._env.num_envs)]

    def _send(self, _section: int, actions: NDArray[Any]) -> None:
        self._env.step_async(actions)

    def _receive(self, _section: int) -> FleetBatch:
        return self._env.receive_all()


def _unless_all(present: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """None where it is all rows, as batches have it."""
    return None if present.all() else present.copy()


def _store(target: Any, step: int, rows: Rows, values: Any) -> None:
    if isinstance(values, dict):
        for key, array in values.items():
            _store(target[key], step, rows, array)
        return
    target[step, rows] = values.reshape(-1, *target.shape[2:])
