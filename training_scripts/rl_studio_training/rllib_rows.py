"""The rows of one policy: what their agents see and remember, and what they did, cut into RLlib's episodes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from ray.rllib.core.columns import Columns
from ray.rllib.env.single_agent_episode import SingleAgentEpisode
from ray.rllib.env.utils.infinite_lookback_buffer import InfiniteLookbackBuffer

from rl_studio_training.fleet_batch import FleetBatch
from rl_studio_training.rllib_actor import Extras, ModuleActor
from rl_studio_training.rllib_fragments import Fragment, Part, Rows, take
from rl_studio_training.spaces import Observations

_NO_INFO: dict[str, Any] = {}


class PolicyRows:
    """The rows of one policy: what their agents see and remember, and the fragment they are in.

    Args:
        sections: the rows of each section.
        actions: what agents do.
    """

    def __init__(
        self, policy: str, sections: Sequence[slice], actor: ModuleActor, actions: spaces.Space[Any]
    ) -> None:
        self.policy = policy
        self.agent_steps = 0
        self._sections = sections
        self._actor = actor
        self._actions = actions
        self._prefix = uuid.uuid4().hex[:12]
        count = sections[-1].stop
        self._seats = np.arange(count)
        """What each row is called for ever, though rows move when there are more of them."""
        self._generations = np.zeros(count, np.int64)
        self._ages = np.zeros(count, np.int64)
        """Steps of each row's episode before the fragment."""

    def restart(self, batch: FleetBatch) -> None:
        """All episodes begin with this answer to a reset."""
        present = batch.present
        self._seen = [take(batch.observations, rows) for rows in self._sections]
        self._there = [_where(None if present is None else present[rows]) for rows in self._sections]
        self._count()
        self._memory = [self._actor.begin(rows.stop - rows.start) for rows in self._sections]
        self._generations += 1
        self._ages[:] = 0

    def rearrange(self, former: NDArray[np.int64], sections: Sequence[slice]) -> None:
        """There are more rows, and agents may sit in other ones: all that is known of an agent goes with it.

        Args:
            former: the former number of each row, -1 for a new one, which is empty.
        """
        present = _moved(np.concatenate([self._is_there(number) for number in range(len(sections))]), former)
        seen = _moved(_joined(self._seen), former)
        memory = _moved(self._all_memory(), former)
        is_new = former < 0
        new = len(self._seats) + np.arange(np.count_nonzero(is_new))
        self._seats, self._generations, self._ages = (
            _moved(values, former) for values in (self._seats, self._generations, self._ages)
        )
        self._seats[is_new], self._generations[is_new] = new, 1
        self._sections = sections
        self._seen = [take(seen, rows) for rows in sections]
        self._there = [_where(present[rows]) for rows in sections]
        self._count()
        self._memory = [
            {name: torch.from_numpy(values[rows].copy()) for name, values in memory.items()}
            for rows in sections
        ]

    # --- who is there

    def _count(self) -> None:
        self.agents = [
            rows.stop - rows.start if there is None else len(there)
            for rows, there in zip(self._sections, self._there, strict=True)
        ]
        """How many there are in each section."""

    def _is_there(self, section: int) -> NDArray[np.bool_]:
        rows, there = self._sections[section], self._there[section]
        is_there = np.full(rows.stop - rows.start, there is None)
        is_there[slice(0) if there is None else there] = True
        return is_there

    def _all_memory(self) -> dict[str, NDArray[Any]]:
        """Of all rows; a copy."""
        names = list(self._memory[0])
        return {name: np.concatenate([memory[name].numpy() for memory in self._memory]) for name in names}

    # --- stepping

    def begin(self, steps: int) -> None:
        """A fragment of about so many steps begins."""
        self._fragment = Fragment(len(self._seats), steps)
        self._remembered = self._all_memory()

    def act(self, section: int, step: int, *, explore: bool, timestep: int) -> NDArray[Any]:
        """The actions of a section's rows; zero in rows without an agent."""
        there, seen, memory = self._there[section], self._seen[section], self._memory[section]
        self._fragment.reach(step)
        if there is None and self.agents[section]:
            actions, extras, memory = self._actor.act(seen, memory, explore=explore, timestep=timestep)
            self._note(self._sections[section], step, seen, actions, extras)
            self._memory[section] = memory
            return actions
        rows = self._sections[section]
        everybody = np.zeros((rows.stop - rows.start, *(self._actions.shape or ())), self._actions.dtype)
        if there is None or not self.agents[section]:
            return everybody
        seen, memory = take(seen, there), take(memory, there)
        everybody[there], extras, memory = self._actor.act(seen, memory, explore=explore, timestep=timestep)
        self._note(rows.start + there, step, seen, everybody[there], extras)
        where = torch.from_numpy(there)
        self._memory[section] = {
            name: values.index_copy(0, where, memory[name]) for name, values in self._memory[section].items()
        }
        return everybody

    def _note(self, rows: Rows, step: int, seen: Observations, actions: NDArray[Any], extras: Extras) -> None:
        self._fragment.put(Columns.OBS, rows, step, seen)
        self._fragment.put(Columns.ACTIONS, rows, step, actions)
        for column, values in extras.items():
            self._fragment.put(column, rows, step, values)

    def take(self, section: int, step: int, batch: FleetBatch) -> None:
        """What came of the actions."""
        self.agent_steps += self.agents[section]
        self._fragment.answer(self._sections[section], step, batch)
        self._seen[section] = batch.observations
        if batch.acted is not None or batch.present is not None:
            assert batch.n_acted == self.agents[section], "others acted than were asked"
            self._there[section] = _where(batch.present)
            self._count()
        if batch.terminal_observations is not None:
            for row in np.flatnonzero(batch.ended).tolist():
                for value in self._memory[section].values():
                    value[row] = 0.0

    # --- cutting

    def finish(self, steps: int) -> Iterator[SingleAgentEpisode]:
        """The fragment as parts of episodes."""
        for rows, there, seen in zip(self._sections, self._there, self._seen, strict=True):
            if there is None:
                self._fragment.put(Columns.OBS, rows, steps, seen)
            elif len(there):
                self._fragment.put(Columns.OBS, rows.start + there, steps, take(seen, there))
        for part in self._fragment.parts(steps):
            yield self._episode(part)
            if part.terminated or part.truncated:
                self._generations[part.row] += 1
                self._ages[part.row] = 0
            else:
                self._ages[part.row] += part.stop - part.start

    def _episode(self, part: Part) -> SingleAgentEpisode:
        fragment, row = self._fragment, part.row
        age, generation = int(self._ages[row]), self._generations[row]
        name = f"{self._prefix}-{self.policy}-{self._seats[row]}-{generation}"
        return SingleAgentEpisode(
            name,
            observations=InfiniteLookbackBuffer(fragment.observations(part)),
            actions=InfiniteLookbackBuffer(fragment.values(Columns.ACTIONS, part)),
            rewards=InfiniteLookbackBuffer(fragment.rewards(part)),
            infos=[_NO_INFO] * (part.stop - part.start + 1),
            terminated=part.terminated,
            truncated=part.truncated,
            extra_model_outputs={
                column: self._extra(column, part, age)
                for column in fragment.columns
                if column not in (Columns.OBS, Columns.ACTIONS)
            },
            t_started=age,
            len_lookback_buffer=0,
            agent_id=f"{self.policy}__{self._seats[row]}#{generation}",
            module_id=self.policy,
            # Learners keep what has the same id together: each part is for itself.
            multi_agent_episode_id=f"{name}-{age}",
        )

    def _extra(self, column: str, part: Part, age: int) -> InfiniteLookbackBuffer:
        values = self._fragment.values(column, part)
        if column != Columns.STATE_OUT or age == 0:
            return InfiniteLookbackBuffer(values)
        # The memory at the beginning of a part is what the part before left.
        before = take(self._remembered, slice(part.row, part.row + 1))
        joined = {name: np.concatenate([before[name], values[name]]) for name in values}
        buffer = InfiniteLookbackBuffer(joined)
        buffer.lookback = 1
        return buffer


def _where(present: NDArray[np.bool_] | None) -> NDArray[np.int64] | None:
    """The numbers of the rows that have an agent; None if they are all."""
    return None if present is None or present.all() else np.flatnonzero(present)


def _joined(parts: Sequence[Observations]) -> Any:
    """The rows of all sections."""
    first = parts[0]
    if isinstance(first, dict):
        return {name: np.concatenate([take(part, name) for part in parts]) for name in first}
    return np.concatenate(parts)  # type: ignore[arg-type]


def _moved(values: Any, former: NDArray[np.int64]) -> Any:
    """Rows in a new order, new ones as zero."""
    if isinstance(values, dict):
        return {name: _moved(array, former) for name, array in values.items()}
    moved = np.zeros((len(former), *values.shape[1:]), values.dtype)
    moved[former >= 0] = values[former[former >= 0]]
    return moved
