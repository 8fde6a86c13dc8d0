"""Plays whole episodes with policies that learn nothing from it, whatever library they are from."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rl_studio.words import counted
from rl_studio_training.episodes import Episode
from rl_studio_training.fleet_batch import FleetBatch, join_sections
from rl_studio_training.policy_fleet import PolicyFleet
from rl_studio_training.spaces import Observations

LONGEST_EPISODE = 10_000
"""Decisions after which an episode is cut, unless told otherwise; after as many a policy without agents is given up."""

PROGRESS_S = 2.0
"""How often it is told how far the play is."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When play ends that would go on.

    Args:
        decisions: of an episode, which is cut then; None for `LONGEST_EPISODE`.
        seconds: of it all. What has been played until then counts, and of agents that have not ended an episode the one
            that is going on.
    """

    decisions: int | None = None
    seconds: float = math.inf


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
    limits: Limits = Limits(),
    on_progress: Callable[[dict[str, int], float], object] = lambda _played, _seconds: None,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, list[Episode]]:
    """Lets all agents of a fleet play until each policy has played at least `count` episodes.

    Every row of a policy that has an agent plays equally many, and later ones do not count: else agents whose episodes
    are short would count more often than others. If that was not enough, since agents came later or left, each
    plays one more, and so on. An episode that goes on for longer than `limits` allow is cut and counts as truncated;
    its agent plays no further one until it comes to an end after all, and a warning tells of it.

    Args:
        players: by policy of the fleet.
        seed: of the games; None goes on as they are.
        explore: draw actions at random as in training.
        on_step: called before each step; whatever it raises ends the play.
        limits: when play ends that would go on.
        on_progress: called now and then with the episodes played, by policy, and the seconds since the beginning.
        clock: seconds on a clock that never goes back.

    Returns:
        By policy, its episodes, those of the first row first.

    Raises:
        GameError: a game died that may not be started again.
    """
    fleet.grow()
    batches = fleet.reset(seed)
    seats = [
        _Seats(fleet, number, players[group.policy], batch, count, explore=explore, longest=limits.decisions)
        for number, (group, batch) in enumerate(zip(fleet.groups, batches, strict=True))
    ]
    sections = range(len(fleet.sections))
    began, told = clock(), 0.0
    while not all(each.is_done for each in seats):
        on_step()
        seconds = clock() - began
        if seconds >= limits.seconds:
            for each in seats:
                each.break_off(limits.seconds)
            break
        if seconds >= told:
            told = seconds + PROGRESS_S
            on_progress(
                {g.policy: len(e.episodes) for g, e in zip(fleet.groups, seats, strict=True)}, seconds
            )
        actions = [each.act() for each in seats]
        for section in sections:
            rows = [slices[section] for slices in fleet.section_rows]
            fleet.send(section, [part[of] for part, of in zip(actions, rows, strict=True)])
        answers = [fleet.receive(section) for section in sections]
        for number, each in enumerate(seats):
            each.take(join_sections([answer[number] for answer in answers]))
    return {group.policy: each.episodes for group, each in zip(fleet.groups, seats, strict=True)}


class _Seats:
    """The rows of one policy.

    Args:
        number: of the policy in the fleet.
        count: episodes to play, at least.
    """

    def __init__(
        self,
        fleet: PolicyFleet,
        number: int,
        player: Player,
        batch: FleetBatch,
        count: int,
        *,
        explore: bool,
        longest: int | None,
    ) -> None:
        self._longest = longest or LONGEST_EPISODE
        self._fleet = fleet
        self._number = number
        self._player = player
        self._explore = explore
        self._count = count
        self._state: Any = None
        self._watch(batch)
        rows = len(batch.rewards)
        self._left = np.full(rows, math.ceil(count / max(1, int(np.count_nonzero(self._present)))))
        """Episodes that each row has still to play."""
        self._lengths = np.zeros(rows, np.int64)
        """Decisions so far of the episodes that are going on."""
        self._rewards = np.zeros(rows)
        self._skips = np.zeros(rows, np.bool_)
        """Where the episode that is going on does not count, as it had begun before one was wanted."""
        self._given_up = np.zeros(rows, np.bool_)
        self._played: list[list[Episode]] = [[] for _ in range(rows)]
        self._idle = 0
        self.is_done = False

    @property
    def episodes(self) -> list[Episode]:
        return [episode for own in self._played for episode in own]

    def act(self) -> NDArray[Any]:
        actions, self._state = self._player.act(
            self._observations, self._state, explore=self._explore, masks=self._masks
        )
        return actions

    def take(self, batch: FleetBatch) -> None:
        """Takes in what all rows were answered."""
        self._watch(batch)
        self._lengths += 1 if batch.acted is None else batch.acted
        self._rewards += batch.rewards
        for row in np.flatnonzero(batch.ended).tolist():
            if "episode" in batch.infos.get(row, {}):
                told = batch.infos[row]["episode"]
                self._end(row, Episode(told["r"], told["l"], batch.infos[row].get("is_success")))
        begins = batch.begins
        fresh = batch.ended | begins
        if fresh.any():
            for values in (self._lengths, self._rewards, self._skips, self._given_up):
                values[fresh] = 0
        if begins.any():
            self._state = self._player.forget(self._state, begins)
        for row in np.flatnonzero(self._is_open & (self._lengths >= self._longest)).tolist():
            self._cut(row)
        self.is_done = self.is_done or self._has_enough()

    def _watch(self, batch: FleetBatch) -> None:
        self._observations = batch.observations
        self._masks = batch.masks
        self._present = np.ones(len(batch.rewards), np.bool_) if batch.present is None else batch.present

    @property
    def _is_open(self) -> NDArray[np.bool_]:
        """Rows of which an episode is waited for."""
        return self._present & (self._left > 0) & ~self._given_up

    def _end(self, row: int, episode: Episode) -> None:
        if self._left[row] and not self._skips[row] and not self._given_up[row]:
            self._left[row] -= 1
            self._played[row].append(episode)

    def _cut(self, row: int) -> None:
        """Gives a row up whose episode does not end."""
        self._end(row, Episode(float(self._rewards[row]), int(self._lengths[row])))
        self._given_up[row] = True
        policy = self._fleet.groups[self._number].policy
        self._fleet.warn_once(
            f"endless {policy}",
            f"An episode of agent {self._fleet.name_of(self._number, row)} was cut after {self._longest} decisions. "
            "Set max_episode_steps of the agents, so that each of their episodes has an end.",
        )

    def break_off(self, seconds: float) -> None:
        """Ends the play in the middle: agents that have not ended an episode count with the one that is going on."""
        if self.is_done:
            return
        played = len(self.episodes)
        for row in np.flatnonzero(self._is_open & ~self._skips & (self._lengths > 0)).tolist():
            if not self._played[row]:
                self._end(row, Episode(float(self._rewards[row]), int(self._lengths[row])))
        policy = self._fleet.groups[self._number].policy
        cut = len(self.episodes) - played
        others = f", and {counted(cut, 'episode')} that went on" if cut else ""
        self._fleet.warn_once(
            f"time {policy}",
            f"An evaluation was ended after {seconds:g} s. What counts of {policy}: {played} of "
            f"{counted(self._count, 'episode')}"
            f"{others}. See that episodes end (max_episode_steps of the agents), or set eval_episodes or "
            "eval_max_decisions lower, or eval_time_limit_s higher.",
        )

    def _has_enough(self) -> bool:
        """Whether all is played; if it is not and nobody plays, everybody has one more to play."""
        if self._is_open.any():
            self._idle = 0
            return False
        played = sum(map(len, self._played))
        if played >= self._count or (self._present.any() and self._given_up[self._present].all()):
            return True
        if self._present.any():
            self._skips |= self._present & (self._lengths > 0)
            self._left += 1
            return False
        self._idle += 1
        if self._idle < LONGEST_EPISODE:
            return False
        policy = self._fleet.groups[self._number].policy
        self._fleet.warn_once(
            f"nobody {policy}",
            f"There was no agent of the policy {policy} for {LONGEST_EPISODE} decisions: only {played} of "
            f"{counted(self._count, 'episode')} were played.",
        )
        return True
