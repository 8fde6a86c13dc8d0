"""All games of a run as rows of arrays: stepped in sections, whatever becomes of single games."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.batch import Batch, KeyedArrays
from rl_studio_training.common_spaces import check_same_spaces, common_policy
from rl_studio_training.cores import available_cores
from rl_studio_training.crew import GameCrew, Launch, launcher
from rl_studio_training.episodes import Episode, EpisodeWindow, RunningEpisodes, read_metrics, read_success
from rl_studio_training.fleet_batch import (
    FleetBatch,
    FleetGroup,
    cut_off,
    join,
    without_outcome,
)
from rl_studio_training.godot_env import StudioGodotEnv
from rl_studio_training.layout import GroupActions
from rl_studio_training.restarts import MAX_RESTARTS, RestartPolicy
from rl_studio_training.timing import Timing

__all__ = ["FleetBatch", "FleetGroup", "GameFleet", "launcher"]


class GameFleet:
    """Rows are agents: first all of game 0, then all of game 1, …; every agent follows the same policy.

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
        on_wait: called about ten times a second while waiting; whatever it raises ends the wait.
        max_restarts: of all games together; after that the next death is raised.
        keeps_core: keep the games off one core while there are cores to spare. Not for several trainers on one
            machine: they would all keep the same one.
        clock: seconds on a clock that never goes back, for the time between restarts.
        wait: sleeps for some seconds.

    Raises:
        GameError: a game did not start. All others are ended then.
        SpacesError: the games or agents differ in policy, observations or actions.
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
        on_wait: Callable[[], object] = lambda: None,
        max_restarts: int = MAX_RESTARTS,
        keeps_core: bool = True,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self.timing = Timing()
        self._seed = seed
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
            self._crew.start(count, seed)
            self._lay_out()
        except BaseException:
            self.close()
            raise

    def _lay_out(self) -> None:
        games = self.games
        policy = common_policy(games)
        check_same_spaces(games)
        ends = np.cumsum([game.num_envs for game in games]).tolist()
        self.rows = [slice(end - game.num_envs, end) for game, end in zip(games, ends, strict=True)]
        self.n_rows: int = ends[-1]
        numbers = list(range(len(games)))
        half = (len(games) + 1) // 2
        self.sections = [section for section in (numbers[:half], numbers[half:]) if section]
        self.section_rows = [
            slice(self.rows[section[0]].start, self.rows[section[-1]].stop) for section in self.sections
        ]
        group = games[0].groups[0]
        self.groups = [
            FleetGroup(
                policy,
                games[0].observation_codec,
                games[0].make_action_codec(),
                np.arange(self.n_rows),
                group.mask_width,
                group.has_masks,
            )
        ]
        self.episodes = EpisodeWindow()
        self.episodes_by_policy = {policy: self.episodes}
        self._running = RunningEpisodes(self.n_rows)
        self._last_seen: dict[int, KeyedArrays] = {}
        self._just_reset: set[int] = set()
        self._pending: set[int] = set()
        self._began = time.monotonic()

    @property
    def games(self) -> list[StudioGodotEnv]:
        """The games by number; a restarted one is another object."""
        return self._crew.games

    # --- stepping

    def reset(self, seed: int | None = None) -> FleetBatch:
        """Begins a new episode for every agent.

        Args:
            seed: game i draws its random numbers from seed + i from here on; None goes on as it is. A game with
                the stock plugin only knows the seed it was started with.

        Returns:
            The first observations and masks of all rows.

        Raises:
            GameError, SpacesError: as `receive`.
        """
        for section in sorted(self._pending):
            self.receive(section)
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
        self._running.restart(slice(None))
        self._last_seen.clear()
        self._just_reset.update(numbers)
        return self._join(numbers, answers)

    def send(self, section: int, actions: NDArray[Any]) -> None:
        """Sends the actions of a section's rows, and returns at once; `receive` must follow.

        Args:
            actions: (rows of the section,) or (rows of the section, width), of the space of `groups[0].actions`.

        Raises:
            DivergedError: an action is NaN.
        """
        began = time.perf_counter()
        split = self.groups[0].actions.split(actions)
        self.timing.codec_s += time.perf_counter() - began
        first = self.section_rows[section].start
        for number in self.sections[section]:
            rows = slice(self.rows[number].start - first, self.rows[number].stop - first)
            part = [GroupActions(split.continuous[rows], split.discrete[rows])]
            self._crew.ask(number, lambda game, part=part: game.send_actions_batch(part))  # type: ignore[misc]
        self._pending.add(section)

    def receive(self, section: int) -> FleetBatch:
        """Waits until all games of a section have answered; those that died are back when it returns.

        Raises:
            GameError: one died and may not be started again.
            SpacesError: one came back with other agents.
        """
        numbers = self.sections[section]
        answers = self._crew.collect(numbers)
        self._pending.discard(section)
        began = time.perf_counter()
        for number in self._just_reset.intersection(answers):
            if not self.games[number].is_ours:
                answers[number] = without_outcome(answers[number])
        self._just_reset.difference_update(numbers)
        self.timing.codec_s += time.perf_counter() - began
        lost = [number for number in numbers if number not in answers]
        for number in lost:
            answers[number] = cut_off(self._revive(number), self._last_seen.get(number))
        began = time.perf_counter()
        batch = self._join(numbers, answers)
        self._count(section, batch, answers, lost)
        self.timing.codec_s += time.perf_counter() - began
        return batch

    def _join(self, numbers: Sequence[int], answers: dict[int, Batch]) -> FleetBatch:
        batch = join(
            [answers[number] for number in numbers],
            [self._last_seen.get(number) for number in numbers],
            self.groups[0].observations,
        )
        for number in numbers:
            self._last_seen[number] = answers[number].groups[0].observations
        return batch

    def _revive(self, number: int) -> Batch:
        batch = self._crew.revive(number, self._seed + number)
        self._just_reset.add(number)
        return batch

    # --- episodes

    def _count(self, section: int, batch: FleetBatch, answers: dict[int, Batch], lost: Sequence[int]) -> None:
        """Adds a step to the running episodes, and closes those that ended."""
        rows = self.section_rows[section]
        self.timing.steps += rows.stop - rows.start
        self._running.add(rows, batch.rewards)
        for number in lost:
            self._running.restart(self.rows[number])
        if batch.terminal_observations is None:
            return
        for number in self.sections[section]:
            if number in lost:
                continue
            start = self.rows[number].start
            answer = answers[number]
            for agent in np.flatnonzero(answer.ended).tolist():
                info = self._finish(start + agent, answer.infos.get(agent, {}))
                batch.infos[start + agent - rows.start] = info

    def _finish(self, row: int, wire_info: dict[str, Any]) -> dict[str, Any]:
        reward, length = self._running.finish(row)
        success = read_success(wire_info)
        self.episodes.add(Episode(reward, length, success, read_metrics(wire_info)))
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
