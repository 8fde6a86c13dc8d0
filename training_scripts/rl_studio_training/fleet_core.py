"""What fleets of one policy and of several share: games in sections, episodes by policy, games that die."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.batch import Batch, KeyedArrays
from rl_studio_training.common_spaces import check_same_spaces
from rl_studio_training.cores import available_cores
from rl_studio_training.crew import GameCrew, Launch
from rl_studio_training.episodes import Episode, EpisodeWindow, RunningEpisodes, read_metrics, read_success
from rl_studio_training.fleet_batch import FleetBatch, cut_off, join, without_outcome
from rl_studio_training.fleet_layout import FleetLayout
from rl_studio_training.godot_env import StudioGodotEnv
from rl_studio_training.kept_observations import Kept
from rl_studio_training.layout import GroupActions
from rl_studio_training.observation_watch import RowWatch, SequenceWatch
from rl_studio_training.restarts import MAX_RESTARTS, RestartPolicy
from rl_studio_training.timing import Timing


class FleetCore(ABC):
    """The games of a run. Rows of a policy are its agents: first those of game 0, then those of game 1, ….

    Sections are games that are stepped together. Send to all sections, then receive from one, compute its next
    actions while the others simulate, send, receive from the next, …. What comes out depends on the order of
    these calls only, not on which game answers first.

    A game that crashes, hangs, reports an error or talks nonsense is ended and started again, while the others
    keep their answers; its rows are truncated. `RestartPolicy` says how often. Episodes restart by themselves in
    the game. Owns the games; call `close`.

    Args:
        launch: starts game number `instance` with a seed.
        count: number of games.
        seed: game i gets seed + i.
        on_status: called with a sentence about what is going on.
        on_warning: called with a sentence about something odd.
        on_event: called with "game_restarted" and its fields (docs/line-protocol.md).
        on_episode: called with a policy and each of its episodes that ended.
        on_wait: called about ten times a second while waiting; whatever it raises ends the wait.
        meanwhile: called once when all games are on their way and none has been waited for yet. A game takes more than
            a second to start, in which something else can be got ready.
        max_restarts: of all games together; after that the next death is raised.
        keeps_core: keep the games off one core while there are cores to spare. Not for several trainers on one
            machine: they would all keep the same one.
        clock: seconds on a clock that never goes back, for the time between restarts.
        wait: sleeps for some seconds.

    Raises:
        GameError: a game did not start. All others are ended then.
        SpacesError: games or agents of one policy differ in observations or actions.
    """

    def __init__(
        self,
        launch: Launch,
        count: int,
        *,
        seed: int,
        on_status: Callable[[str], object] = lambda _message: None,
        on_warning: Callable[[str], object] = lambda _message: None,
        on_event: Callable[..., object] = lambda _kind, **_fields: None,
        on_episode: Callable[[str, Episode], object] = lambda _policy, _episode: None,
        on_wait: Callable[[], object] = lambda: None,
        meanwhile: Callable[[], object] = lambda: None,
        max_restarts: int = MAX_RESTARTS,
        keeps_core: bool = True,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self.timing = Timing()
        self._seed = seed
        self._on_episode = on_episode
        self._watches: list[RowWatch | SequenceWatch] = []
        self._crew = GameCrew(
            launch,
            RestartPolicy(max_restarts, clock),
            self.timing,
            on_status=on_status,
            on_event=on_event,
            on_wait=on_wait,
            keeps_core=keeps_core,
            wait=wait,
        )
        if count > (cores := available_cores()):
            on_warning(f"{count} games share {cores} cores; fewer of them may be as fast.")
        try:
            self._crew.launch(count, seed)
            meanwhile()
            self._crew.connect()
            self._lay_out()
        except BaseException:
            self.close()
            raise

    @abstractmethod
    def _policies(self) -> Mapping[str, str]:
        """policy_name → policy, for the names of all agents.

        Raises:
            SpacesError: the games cannot be trained together.
        """

    def _lay_out(self) -> None:
        policies = self._policies()
        check_same_spaces(self.games, policies)
        numbers = list(range(len(self.games)))
        half = (len(numbers) + 1) // 2
        self.sections = [section for section in (numbers[:half], numbers[half:]) if section]
        self.layout = FleetLayout(self.games, policies, self.sections)
        self.groups = self.layout.groups
        self.episodes_by_policy = {policy: EpisodeWindow() for policy in self.layout.policies}
        self._running = [RunningEpisodes(len(group.rows)) for group in self.groups]
        self._last_seen: dict[int, list[KeyedArrays]] = {}
        self._just_reset: set[int] = set()
        self._pending: set[int] = set()
        self._began = time.monotonic()

    @property
    def games(self) -> list[StudioGodotEnv]:
        """The games by number; a restarted one is another object."""
        return self._crew.games

    def watch_observations(
        self, take: Callable[[str, Kept], object], with_memory: Container[str] = ()
    ) -> None:
        """Hands out some of the observations from here on, as the games send them, at next to no cost.

        Args:
            take: called with a policy and what its agents saw.
            with_memory: policies of which whole beginnings of episodes are wanted.
        """
        kinds = [SequenceWatch if group.policy in with_memory else RowWatch for group in self.groups]
        self._watches = [
            kind(group.observations, partial(take, group.policy), seed)
            for seed, (kind, group) in enumerate(zip(kinds, self.groups, strict=True))
        ]

    # --- stepping

    def _reset(self, seed: int | None) -> list[FleetBatch]:
        for section in sorted(self._pending):
            self._receive(section)
        if seed is not None:
            self._seed = seed
        numbers = range(len(self.games))
        for number in numbers:
            self._crew.ask(
                number,
                lambda game: game.send_reset_batch(None if seed is None else seed + game.instance),
            )
        answers = self._crew.collect(numbers)
        for number in self._crew.failed:
            answers[number] = self._revive(number)
        for running in self._running:
            running.restart(slice(None))
        self._last_seen.clear()
        self._just_reset.update(numbers)
        parts = {number: self.layout.split(number, answers[number]) for number in numbers}
        batches = self._join(numbers, parts)
        for policy, watch in enumerate(self._watches):
            watch.begin(batches[policy], self.layout.section_rows[policy][0])
        return batches

    def _send(self, section: int, actions: Sequence[NDArray[Any]]) -> None:
        began = time.perf_counter()
        split = [group.actions.split(part) for group, part in zip(self.groups, actions, strict=True)]
        messages = {number: self._message(section, number, split) for number in self.sections[section]}
        self.timing.codec_s += time.perf_counter() - began
        for number, message in messages.items():
            self._crew.ask(number, lambda game, message=message: game.send_actions_batch(message))  # type: ignore[misc]
        self._pending.add(section)

    def _message(self, section: int, number: int, split: Sequence[GroupActions]) -> list[GroupActions]:
        """What one game of a section is sent: an item for each of its own groups."""
        found: dict[int, GroupActions] = {}
        for policy, share in enumerate(self.layout.shares[number]):
            start = self.layout.rows[policy][number].start - self.layout.section_rows[policy][section].start
            for group, count in zip(share.groups, share.counts, strict=True):
                rows = slice(start, start + count)
                found[group] = GroupActions(split[policy].continuous[rows], split[policy].discrete[rows])
                start += count
        return [found[group] for group in range(len(found))]

    def _receive(self, section: int) -> list[FleetBatch]:
        numbers = self.sections[section]
        answers = self._crew.collect(numbers)
        self._pending.discard(section)
        began = time.perf_counter()
        for number in self._just_reset.intersection(answers):
            if not self.games[number].is_ours:
                answers[number] = without_outcome(answers[number])
        self._just_reset.difference_update(numbers)
        parts = {number: self.layout.split(number, answer) for number, answer in answers.items()}
        self.timing.codec_s += time.perf_counter() - began
        lost = [number for number in numbers if number not in answers]
        for number in lost:
            first = self.layout.split(number, self._revive(number))
            seen: Sequence[KeyedArrays | None] = self._last_seen.get(number) or [None] * len(first)
            parts[number] = [cut_off(part, last) for part, last in zip(first, seen, strict=True)]
        began = time.perf_counter()
        batches = self._join(numbers, parts)
        for policy, batch in enumerate(batches):
            self._count(section, policy, batch, parts, lost)
            if self._watches:
                self._watches[policy].see(section, batch)
        self.timing.codec_s += time.perf_counter() - began
        return batches

    def _join(self, numbers: Sequence[int], parts: Mapping[int, Sequence[Batch]]) -> list[FleetBatch]:
        seen = [self._last_seen.get(number) for number in numbers]
        batches = [
            join(
                [parts[number][policy] for number in numbers],
                [None if last is None else last[policy] for last in seen],
                group.observations,
            )
            for policy, group in enumerate(self.groups)
        ]
        for number in numbers:
            self._last_seen[number] = [part.groups[0].observations for part in parts[number]]
        return batches

    def _revive(self, number: int) -> Batch:
        batch = self._crew.revive(number, self._seed + number)
        self._just_reset.add(number)
        return batch

    # --- episodes

    def _count(
        self,
        section: int,
        policy: int,
        batch: FleetBatch,
        parts: Mapping[int, Sequence[Batch]],
        lost: Sequence[int],
    ) -> None:
        """Adds a step to the running episodes of a policy, and closes those that ended."""
        rows = self.layout.section_rows[policy][section]
        self.timing.steps += rows.stop - rows.start
        self._running[policy].add(rows, batch.rewards)
        for number in lost:
            self._running[policy].restart(self.layout.rows[policy][number])
        if batch.terminal_observations is None:
            return
        for number in self.sections[section]:
            if number in lost:
                continue
            start = self.layout.rows[policy][number].start
            part = parts[number][policy]
            for agent in np.flatnonzero(part.ended).tolist():
                info = self._finish(policy, start + agent, part.infos.get(agent, {}))
                batch.infos[start + agent - rows.start] = info

    def _finish(self, policy: int, row: int, wire_info: dict[str, Any]) -> dict[str, Any]:
        reward, length = self._running[policy].finish(row)
        success = read_success(wire_info)
        episode = Episode(reward, length, success, read_metrics(wire_info))
        name = self.layout.policies[policy]
        self.episodes_by_policy[name].add(episode)
        self._on_episode(name, episode)
        info: dict[str, Any] = {"episode": {"r": reward, "l": length, "t": time.monotonic() - self._began}}
        if success is not None:
            info["is_success"] = success
        return info

    # --- the end

    def new_errors(self) -> Iterator[tuple[int, str]]:
        """(instance, line) of each error that the games printed since the last call."""
        return self._crew.new_errors()

    def close(self) -> None:
        """Ends all games; they quit side by side. Never raises; may be called again."""
        self._crew.close()
