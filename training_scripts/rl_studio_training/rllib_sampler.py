"""Fragments of all agents' episodes, collected as arrays and cut into RLlib's episodes at the end."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np
import tree
from numpy.typing import NDArray
from ray.rllib.core.columns import Columns
from ray.rllib.env.single_agent_episode import SingleAgentEpisode
from ray.rllib.env.utils.infinite_lookback_buffer import InfiniteLookbackBuffer

from rl_studio_training.fleet_batch import FleetBatch
from rl_studio_training.policy_fleet import PolicyFleet
from rl_studio_training.rllib_actor import Extras, ModuleActor
from rl_studio_training.spaces import Observations

_NO_INFO: dict[str, Any] = {}


class FragmentSampler:
    """Lets all agents of a fleet act for some steps. While one section's games simulate, others decide.

    Each agent's part of an episode becomes a `SingleAgentEpisode` with the `module_id` of its policy; RLlib's
    learners take a flat list of them, whatever policies they are of. An episode that ends in the middle of a
    fragment ends with its real last observation, and the next one begins in the same step.

    Args:
        fleet: the games, already started.
        actors: by policy.
    """

    def __init__(self, fleet: PolicyFleet, actors: Mapping[str, ModuleActor]) -> None:
        self._fleet = fleet
        self._policies = [
            _PolicyRows(group.policy, rows, actors[group.policy])
            for group, rows in zip(fleet.groups, fleet.section_rows, strict=True)
        ]
        self._is_reset = False
        self.steps = 0
        """Steps so far, of every game."""
        self.policy_s = 0.0
        """Seconds spent on choosing actions."""

    @property
    def agent_steps(self) -> dict[str, int]:
        """Agent steps so far, by policy."""
        return {rows.policy: rows.agent_steps for rows in self._policies}

    def collect(self, steps: int, *, explore: bool, timestep: int) -> list[SingleAgentEpisode]:
        """What the agents did in the next `steps` steps.

        Args:
            explore: draw actions at random, else take the best ones.
            timestep: agent steps so far, for schedules of exploration.

        Raises:
            GameError, DivergedError: as `PolicyFleet.receive` and `send`.
        """
        if not self._is_reset:
            for rows, batch in zip(self._policies, self._fleet.reset(), strict=True):
                rows.restart(batch.observations)
            self._is_reset = True
        for rows in self._policies:
            rows.begin(steps)
        sections = range(len(self._fleet.sections))
        for section in sections:
            self._act(section, 0, explore=explore, timestep=timestep)
        for step in range(steps):
            for section in sections:
                for rows, batch in zip(self._policies, self._fleet.receive(section), strict=True):
                    rows.take(section, step, batch)
                if step + 1 < steps:
                    self._act(section, step + 1, explore=explore, timestep=timestep)
        self.steps += steps
        return [episode for rows in self._policies for episode in rows.finish()]

    def _act(self, section: int, step: int, *, explore: bool, timestep: int) -> None:
        began = perf_counter()
        actions = [rows.act(section, step, explore=explore, timestep=timestep) for rows in self._policies]
        self.policy_s += perf_counter() - began
        self._fleet.send(section, actions)


class _PolicyRows:
    """The agents of one policy: what they see and remember, and the fragment they are in.

    Args:
        sections: the rows of each section.
    """

    def __init__(self, policy: str, sections: Sequence[slice], actor: ModuleActor) -> None:
        self.policy = policy
        self.agent_steps = 0
        self._sections = sections
        self._actor = actor
        self._count: int = sections[-1].stop
        self._prefix = uuid.uuid4().hex[:12]
        self._generations = np.zeros(self._count, np.int64)
        self._ages = np.zeros(self._count, np.int64)
        """Steps of each row's episode before the fragment."""

    def restart(self, observations: Observations) -> None:
        """All episodes begin with these observations, (rows, …)."""
        self._seen = [_take(observations, rows) for rows in self._sections]
        self._memory = [self._actor.begin(rows.stop - rows.start) for rows in self._sections]
        self._generations += 1
        self._ages[:] = 0

    def begin(self, steps: int) -> None:
        """Makes room for a fragment."""
        self._steps = steps
        self._columns: dict[str, Any] = {}
        self._rewards = np.zeros((self._count, steps), np.float32)
        self._terminated = np.zeros((self._count, steps), np.bool_)
        self._truncated = np.zeros((self._count, steps), np.bool_)
        self._last: dict[tuple[int, int], Any] = {}
        """(row, step) → the last observation of an episode that ended there."""
        self._remembered = {
            rows.start + row: {name: value[row].numpy() for name, value in memory.items()}
            for rows, memory in zip(self._sections, self._memory, strict=True)
            if memory
            for row in range(rows.stop - rows.start)
        }

    def act(self, section: int, step: int, *, explore: bool, timestep: int) -> NDArray[Any]:
        """The actions of a section's rows."""
        seen = self._seen[section]
        actions, extras, self._memory[section] = self._actor.act(
            seen, self._memory[section], explore=explore, timestep=timestep
        )
        decision: Extras = {Columns.OBS: seen, Columns.ACTIONS: actions, **extras}
        for column, values in decision.items():
            self._store(column, self._sections[section], step, values)
        return actions

    def _store(self, column: str, rows: slice, step: int, values: Any) -> None:
        if column not in self._columns:
            length = self._steps + (column == Columns.OBS)
            self._columns[column] = tree.map_structure(
                lambda array: np.empty((self._count, length, *array.shape[1:]), array.dtype), values
            )
        target = self._columns[column]
        if isinstance(values, dict):
            for name, array in values.items():
                target[name][rows, step] = array
        else:
            target[rows, step] = values

    def take(self, section: int, step: int, batch: FleetBatch) -> None:
        """What came of the actions."""
        rows = self._sections[section]
        self.agent_steps += rows.stop - rows.start
        self._rewards[rows, step] = batch.rewards
        self._terminated[rows, step] = batch.terminated
        self._truncated[rows, step] = batch.truncated
        self._seen[section] = batch.observations
        if batch.terminal_observations is None:
            return
        for number, row in enumerate(np.flatnonzero(batch.ended).tolist()):
            self._last[rows.start + row, step] = _take(batch.terminal_observations, number)
            for value in self._memory[section].values():
                value[row] = 0.0

    # --- cutting

    def finish(self) -> list[SingleAgentEpisode]:
        """The fragment as parts of episodes."""
        for rows, seen in zip(self._sections, self._seen, strict=True):
            self._store(Columns.OBS, rows, self._steps, seen)
        ended = self._terminated | self._truncated
        return [episode for row in range(self._count) for episode in self._cut(row, ended[row])]

    def _cut(self, row: int, ended: NDArray[np.bool_]) -> Iterator[SingleAgentEpisode]:
        start = 0
        for step in np.flatnonzero(ended).tolist():
            yield self._episode(row, start, step + 1)
            self._generations[row] += 1
            self._ages[row] = 0
            start = step + 1
        if start < self._steps:
            yield self._episode(row, start, self._steps)
            self._ages[row] += self._steps - start

    def _episode(self, row: int, start: int, stop: int) -> SingleAgentEpisode:
        last = self._last.get((row, stop - 1))
        observations = _take(self._columns[Columns.OBS], (row, slice(start, stop + 1)))
        if last is not None:
            observations = tree.map_structure(_with_last, observations, last)
        age, generation = int(self._ages[row]), self._generations[row]
        name = f"{self._prefix}-{self.policy}-{row}-{generation}"
        return SingleAgentEpisode(
            name,
            observations=InfiniteLookbackBuffer(observations),
            actions=InfiniteLookbackBuffer(self._columns[Columns.ACTIONS][row, start:stop]),
            rewards=InfiniteLookbackBuffer(self._rewards[row, start:stop]),
            infos=[_NO_INFO] * (stop - start + 1),
            terminated=bool(self._terminated[row, stop - 1]),
            truncated=bool(self._truncated[row, stop - 1]),
            extra_model_outputs={
                column: self._extra(column, row, start, stop)
                for column in self._columns
                if column not in (Columns.OBS, Columns.ACTIONS)
            },
            t_started=age,
            len_lookback_buffer=0,
            agent_id=f"{self.policy}__{row}#{generation}",
            module_id=self.policy,
            # Learners keep what has the same id together: each part is for itself.
            multi_agent_episode_id=f"{name}-{age}",
        )

    def _extra(self, column: str, row: int, start: int, stop: int) -> InfiniteLookbackBuffer:
        values = _take(self._columns[column], (row, slice(start, stop)))
        if column != Columns.STATE_OUT or self._ages[row] == 0:
            return InfiniteLookbackBuffer(values)
        # The memory at the beginning of a part is what the part before left.
        before = self._remembered[row]
        joined = {name: np.concatenate([before[name][None], values[name]]) for name in values}
        buffer = InfiniteLookbackBuffer(joined)
        buffer.lookback = 1
        return buffer


def _with_last(observations: NDArray[Any], last: NDArray[Any]) -> NDArray[Any]:
    changed = observations.copy()
    changed[-1] = last
    return changed


def _take(values: Any, index: Any) -> Any:
    if isinstance(values, dict):
        return {name: array[index] for name, array in values.items()}
    return values[index]
