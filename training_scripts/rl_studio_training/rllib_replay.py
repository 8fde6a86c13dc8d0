"""A replay buffer of arrays, one ring for each policy, for RLlib's DQN and SAC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tree
from numpy.typing import NDArray
from ray.rllib.algorithms.sac import SACConfig
from ray.rllib.core.columns import Columns
from ray.rllib.env.single_agent_episode import SingleAgentEpisode

_ENDS = "chunk_ends"
"""The column that says where the next item is not the next step."""


@dataclass(frozen=True, slots=True)
class ReplaySample:
    """What one update learns from; RLlib passes it on as if it were an episode.

    Args:
        policies: by policy the columns of its steps, arrays (n, …).
    """

    policies: dict[str, dict[str, Any]]

    def __len__(self) -> int:
        return sum(len(columns[Columns.REWARDS]) for columns in self.policies.values())


class _Ring:
    """The last steps of one policy's agents."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self.next = 0
        self.columns: dict[str, Any] = {}

    def add(self, episode: SingleAgentEpisode) -> None:
        """Takes in a part of an episode."""
        count = min(len(episode), self.capacity)
        seen = episode.get_observations()
        terminated, ends = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
        terminated[-1], ends[-1] = episode.is_terminated, True
        length = len(episode)
        new = {
            Columns.OBS: tree.map_structure(lambda rows: rows[length - count : length], seen),
            Columns.NEXT_OBS: tree.map_structure(lambda rows: rows[length - count + 1 :], seen),
            Columns.ACTIONS: episode.get_actions()[-count:],
            Columns.REWARDS: np.asarray(episode.get_rewards()[-count:], np.float32),
            Columns.TERMINATEDS: terminated,
            _ENDS: ends,
        }
        if not self.columns:
            self.columns = tree.map_structure(
                lambda rows: np.empty((self.capacity, *rows.shape[1:]), rows.dtype), new
            )
        where = (self.next + np.arange(count)) % self.capacity
        tree.map_structure(lambda ring, rows: ring.__setitem__(where, rows), self.columns, new)
        self.next = (self.next + count) % self.capacity
        self.size = min(self.size + count, self.capacity)

    def sample(self, rng: np.random.Generator, count: int, n_step: int, gamma: float) -> dict[str, Any]:
        """`count` steps, each with the rewards of up to `n_step` steps from there."""
        first = rng.integers(self.size, size=count)
        last = first.copy()
        rewards = self.columns[Columns.REWARDS][first].copy()
        steps = np.ones(count, np.float32)
        going = ~self.columns[_ENDS][first]
        for step in range(1, n_step):
            last[going] = (last[going] + 1) % self.capacity
            rewards[going] += gamma**step * self.columns[Columns.REWARDS][last[going]]
            steps[going] += 1.0
            going &= ~self.columns[_ENDS][last]
        return {
            Columns.OBS: _take(self.columns[Columns.OBS], first),
            Columns.NEXT_OBS: _take(self.columns[Columns.NEXT_OBS], last),
            Columns.ACTIONS: self.columns[Columns.ACTIONS][first],
            Columns.REWARDS: rewards,
            Columns.TERMINATEDS: self.columns[Columns.TERMINATEDS][last],
            "n_step": steps,
            "weights": np.ones(count, np.float32),
        }


class ArrayEpisodeReplayBuffer:
    """Steps of all policies. Sampling is uniform, with repetition, the same number for each policy.

    Args:
        capacity: steps of each policy.
        least: steps that a policy must have before any are sampled of it: one whose agents came late would learn
            the same few by heart.
        seed: of the sampling.
        gammas: discounts of policies that have one of their own.
        metrics_num_episodes_for_smoothing: RLlib passes it; not used.
    """

    def __init__(
        self,
        capacity: int,
        seed: int = 0,
        gammas: Mapping[str, float] | None = None,
        least: int = 1,
        metrics_num_episodes_for_smoothing: int = 0,
    ) -> None:
        self._capacity = capacity
        self._least = min(least, capacity)
        self._gammas = dict(gammas or {})
        self._rings: dict[str, _Ring] = {}
        self._rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        return sum(ring.size for ring in self._rings.values())

    def add(self, episodes: Sequence[SingleAgentEpisode]) -> None:
        """Takes in what the runners sampled."""
        for episode in episodes:
            self._rings.setdefault(episode.module_id, _Ring(self._capacity)).add(episode)

    def sample(self, num_items: int, *, n_step: int, gamma: float, **_options: Any) -> list[ReplaySample]:
        """`num_items` steps of each policy that has enough.

        Args:
            n_step: rewards to sum, discounted by `gamma`, before the value of what follows; fewer where an
                episode or a fragment ends.
        """
        return [
            ReplaySample(
                {
                    name: ring.sample(self._rng, num_items, n_step, self._gammas.get(name, gamma))
                    for name, ring in self._rings.items()
                    if ring.size >= self._least
                }
            )
        ]

    def get_metrics(self) -> dict[str, Any]:
        """Nothing; RLlib asks."""
        return {}

    @property
    def nbytes(self) -> int:
        """Bytes of the steps that are held."""
        return sum(
            array[: ring.size].nbytes for ring in self._rings.values() for array in tree.flatten(ring.columns)
        )

    def get_state(self) -> dict[str, Any]:
        """Everything: by policy `next` and `columns` (arrays of the steps held), and the state of the sampling."""
        return {
            "rings": {
                name: {
                    "next": ring.next,
                    "columns": tree.map_structure(lambda rows, size=ring.size: rows[:size], ring.columns),
                }
                for name, ring in self._rings.items()
            },
            "rng": self._rng.bit_generator.state,
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Goes on with what `get_state` returned. Into a smaller buffer go the last steps only."""
        self._rings = {name: self._restored(ring) for name, ring in state["rings"].items()}
        self._rng.bit_generator.state = state["rng"]

    def _restored(self, state: Mapping[str, Any]) -> _Ring:
        columns, ring = state["columns"], _Ring(self._capacity)
        held = len(columns[Columns.REWARDS])
        order = (int(state["next"]) + np.arange(held)) % held
        kept = order[-self._capacity :]
        ring.size = len(kept)
        ring.next = ring.size % self._capacity
        ring.columns = tree.map_structure(lambda rows: self._filled(rows[kept]), columns)
        ring.columns[_ENDS][ring.size - 1] = True
        return ring

    def _filled(self, rows: NDArray[Any]) -> NDArray[Any]:
        array = np.empty((self._capacity, *rows.shape[1:]), rows.dtype)
        array[: len(rows)] = rows
        return array


REPLAY_TYPE = f"{__name__}.{ArrayEpisodeReplayBuffer.__name__}"
"""What `replay_buffer_config` calls the buffer."""


class ReplaySACConfig(SACConfig):  # type: ignore[misc]
    """SAC with our buffer, which RLlib's own check would refuse by its name."""

    replay_buffer_config: dict[str, Any]

    def validate(self) -> None:
        ours = self.replay_buffer_config
        self.replay_buffer_config = {**ours, "type": "EpisodeReplayBuffer"}
        try:
            super().validate()
        finally:
            self.replay_buffer_config = ours


def _take(values: Any, index: NDArray[np.int64]) -> Any:
    return tree.map_structure(lambda rows: rows[index], values)
