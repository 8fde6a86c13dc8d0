"""The episodes of all agents of a fleet: under way row by row, and those that ended by policy."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.batch import Batch
from rl_studio_training.episodes import Episode, EpisodeWindow, RunningEpisodes, read_metrics, read_success
from rl_studio_training.fleet_batch import FleetBatch


class FleetEpisodes:
    """Counts steps and closes episodes. Rows without an agent have none.

    Args:
        rows: of each policy, in all games.
        on_episode: called with a policy and each of its episodes that ended.
    """

    def __init__(self, rows: Mapping[str, int], on_episode: Callable[[str, Episode], object]) -> None:
        self.by_policy = {policy: EpisodeWindow() for policy in rows}
        self._policies = list(rows)
        self._running = [RunningEpisodes(count) for count in rows.values()]
        self._on_episode = on_episode
        self._began = time.monotonic()

    def restart(self) -> None:
        """All agents were reset."""
        for running in self._running:
            running.restart(slice(None))

    def carry(self, maps: Sequence[NDArray[np.int64]]) -> None:
        """There are more rows now; by policy the former number of each, -1 for a new one."""
        for running, rows in zip(self._running, maps, strict=True):
            running.carry(rows)

    def add(self, policy: int, batch: FleetBatch, rows: slice) -> None:
        """Counts a step of some rows of a policy, given by its number."""
        self._running[policy].add(rows, batch.rewards, batch.acted)

    def forget(self, policy: int, rows: slice) -> None:
        """The episodes in these rows were cut off, which is no result; others begin."""
        self._running[policy].restart(rows)

    def finish(self, policy: int, batch: FleetBatch, rows: slice, own: slice, answer: Batch) -> None:
        """Closes the episodes of a game that have ended, and puts their infos into the batch.

        Args:
            rows: those of the batch.
            own: those of the game.
            answer: of the game.
        """
        for agent in np.flatnonzero(answer.ended).tolist():
            row = own.start + agent
            batch.infos[row - rows.start] = self._finish(policy, row, answer.infos.get(agent, {}))

    def _finish(self, policy: int, row: int, wire_info: dict[str, Any]) -> dict[str, Any]:
        reward, length = self._running[policy].finish(row)
        success = read_success(wire_info)
        episode = Episode(reward, length, success, read_metrics(wire_info))
        name = self._policies[policy]
        self.by_policy[name].add(episode)
        self._on_episode(name, episode)
        info: dict[str, Any] = {"episode": {"r": reward, "l": length, "t": time.monotonic() - self._began}}
        if success is not None:
            info["is_success"] = success
        return info
