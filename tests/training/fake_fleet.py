"""A fleet without any game, for what trains on fleets."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.fleet_batch import FleetBatch, FleetGroup
from rl_studio_training.spaces import ActionCodec, ObservationCodec, parse_actions
from rl_studio_training.timing import Timing
from rl_studio_training.vec_env import GodotVecEnv

BOX = {"obs": {"space": "box", "size": [3]}}
TWO_KEYS = {"a": {"space": "box", "size": [2]}, "b": {"space": "discrete", "size": 9}}
MOVE = {"move": {"action_type": "continuous", "size": 2}}
TURN = {"turn": {"action_type": "discrete", "size": 4}}
JUMP = {**TURN, "jump": {"action_type": "discrete", "size": 2}}


class FakeFleet:
    """Six agents in three games without any game: what an agent sees tells who it is and how far it got.

    Agent r's episodes last 3 + r % 3 steps; those of odd agents are cut off. Other observations than `BOX` and
    `TWO_KEYS` only have a space. With `masks` the agents are said to have some.
    """

    def __init__(
        self, sections: int, observations: dict[str, Any], actions: dict[str, Any], *, masks: bool = False
    ) -> None:
        codec = ObservationCodec(observations, lambda _row, _key: None)
        self.groups = [
            FleetGroup("walker", codec, ActionCodec(parse_actions(actions)), np.arange(6), 0, masks)
        ]
        self.n_rows = 6
        self.games = [SimpleNamespace(instance=number, render_mode=None) for number in range(3)]
        self.rows = [slice(0, 2), slice(2, 4), slice(4, 6)]
        self.sections = [[0, 1, 2]] if sections == 1 else [[0, 1], [2]]
        self.section_rows = [slice(0, 6)] if sections == 1 else [slice(0, 4), slice(4, 6)]
        self.timing = Timing()
        self.present = [np.ones(6, dtype=bool)]
        self.waiting: dict[str, int] = {}
        self.calls: list[tuple[str, int]] = []
        self._keyed = len(observations) > 1
        self._age = np.zeros(6, dtype=np.int64)
        self._actions: dict[int, NDArray[Any]] = {}

    def reset(self, seed: int | None = None) -> FleetBatch:
        nobody = np.zeros(6, dtype=bool)
        return FleetBatch(
            self._observe(np.arange(6), self._age), np.zeros(6, np.float32), nobody, nobody, nobody
        )

    def send(self, section: int, actions: NDArray[Any]) -> None:
        self.calls.append(("send", section))
        self._actions[section] = actions.copy()

    def receive(self, section: int) -> FleetBatch:
        self.calls.append(("receive", section))
        agents = np.arange(6)[self.section_rows[section]]
        rewards = reward(agents, self._actions.pop(section))
        self._age[agents] += 1
        ended = self._age[agents] == 3 + agents % 3
        truncated = ended & (agents % 2 == 1)
        last = self._observe(agents[ended], self._age[agents[ended]])
        self._age[agents[ended]] = 0
        infos = {int(row): {"episode": {"r": 1.0, "l": 3, "t": 0.0}} for row in np.flatnonzero(ended)}
        seen = self._observe(agents, self._age[agents])
        return FleetBatch(
            seen,
            rewards,
            ended & ~truncated,
            truncated,
            ended,
            last if ended.any() else None,
            None,
            infos,
        )

    def _observe(self, agents: NDArray[Any], age: NDArray[Any]) -> Any:
        numbers = np.stack([agents / 6, age / 5, np.full(len(agents), 0.5)], axis=1).astype(np.float32)
        return {"a": numbers[:, :2], "b": age.copy()} if self._keyed else numbers

    def grow(self) -> None:
        """Its agents are always there, and always the same."""

    def close(self) -> None:
        pass


def reward(agents: NDArray[Any], actions: NDArray[Any]) -> NDArray[np.float32]:
    """What each agent gets for its action; continuous ones count within -1 … 1, as a game takes them."""
    taken = actions.reshape(len(agents), -1)
    taken = np.clip(taken, -1.0, 1.0) if taken.dtype == np.float32 else taken
    return (agents + taken.sum(axis=1)).astype(np.float32)


def make_env(
    observations: dict[str, Any] = BOX,
    actions: dict[str, Any] = MOVE,
    *,
    sections: int = 1,
    masks: bool = False,
) -> GodotVecEnv:
    """An environment over such a fleet."""
    return GodotVecEnv(FakeFleet(sections, observations, actions, masks=masks))  # type: ignore[arg-type]
