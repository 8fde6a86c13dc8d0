"""Plays whole episodes with policies that learn nothing from it, whatever library they are from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.episodes import Episode
from rl_studio_training.fleet_batch import FleetBatch
from rl_studio_training.policy_fleet import PolicyFleet
from rl_studio_training.spaces import Observations

MAX_STEPS = 100_000
"""Steps of the games after which agents whose episodes do not end are given up."""


class Player(Protocol):
    """What decides for the agents of one policy. The state is its own business, one row for each agent."""

    def act(
        self,
        observations: Observations,
        state: Any | None = None,
        *,
        explore: bool = False,
        masks: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[Any], Any]:
        """Actions of n agents, and the new state; None is the state of agents whose episodes begin.

        Args:
            masks: which discrete choices each agent has, for policies that have learned with masks.
        """

    def forget(self, state: Any, rows: NDArray[np.bool_]) -> Any:
        """The state with that of these rows as at the beginning of an episode."""


def play_episodes(
    fleet: PolicyFleet,
    players: Mapping[str, Player],
    count: int,
    *,
    seed: int | None = None,
    explore: bool = False,
    on_step: Callable[[], object] = lambda: None,
) -> dict[str, list[Episode]]:
    """Lets all agents of a fleet play until each policy has played at least `count` episodes.

    Every agent of a policy plays equally many, and later ones do not count: else agents whose episodes are short
    would count more often than others.

    Args:
        players: by policy of the fleet.
        seed: of the games; None goes on as they are.
        explore: draw actions at random as in training.
        on_step: called before each step; whatever it raises ends the play.

    Returns:
        By policy, its episodes, those of the first agent first.

    Raises:
        GameError: a game died that may not be started again.
    """
    batches = fleet.reset(seed)
    seats = [
        _Seats(players[group.policy], batch, math.ceil(count / len(group.rows)), explore=explore)
        for group, batch in zip(fleet.groups, batches, strict=True)
    ]
    sections = range(len(fleet.sections))
    for _ in range(MAX_STEPS):
        on_step()
        actions = [each.act() for each in seats]
        for section in sections:
            rows = [slices[section] for slices in fleet.section_rows]
            fleet.send(section, [part[of] for part, of in zip(actions, rows, strict=True)])
        answers = [fleet.receive(section) for section in sections]
        for number, each in enumerate(seats):
            each.take([answer[number] for answer in answers])
        if all(each.is_done for each in seats):
            break
    return {group.policy: each.episodes for group, each in zip(fleet.groups, seats, strict=True)}


class _Seats:
    """The agents of one policy.

    Args:
        each: episodes that every agent plays.
    """

    def __init__(self, player: Player, batch: FleetBatch, each: int, *, explore: bool) -> None:
        self._player = player
        self._explore = explore
        self._observations = batch.observations
        self._masks = batch.masks
        self._state: Any = None
        self._left = np.full(len(batch.rewards), each)
        self._played: list[list[Episode]] = [[] for _ in batch.rewards]

    @property
    def episodes(self) -> list[Episode]:
        return [episode for own in self._played for episode in own]

    @property
    def is_done(self) -> bool:
        return not self._left.any()

    def act(self) -> NDArray[Any]:
        actions, self._state = self._player.act(
            self._observations, self._state, explore=self._explore, masks=self._masks
        )
        return actions

    def take(self, parts: list[FleetBatch]) -> None:
        """Takes in the answers of all sections."""
        self._observations = _join([part.observations for part in parts])
        masks = [part.masks for part in parts if part.masks is not None]
        self._masks = np.concatenate(masks) if masks else None
        ended = np.concatenate([part.ended for part in parts])
        first = 0
        for part in parts:
            for row, info in part.infos.items():
                if "episode" in info:
                    self._count(first + row, info)
            first += len(part.rewards)
        if ended.any():
            self._state = self._player.forget(self._state, ended)

    def _count(self, row: int, info: dict[str, Any]) -> None:
        if self._left[row]:
            self._left[row] -= 1
            told = info["episode"]
            self._played[row].append(Episode(told["r"], told["l"], info.get("is_success")))


def _join(parts: list[Observations]) -> Observations:
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    if isinstance(first, dict):
        return {name: np.concatenate([part[name] for part in parts]) for name in first}
    return np.concatenate(parts)  # type: ignore[arg-type]
