"""What fleets of one policy and of several share: games in sections, episodes by policy, games that die."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_studio.godot import ErrorCounts
from rl_studio.words import counted
from rl_studio_training.batch import Batch
from rl_studio_training.common_spaces import check_same_spaces
from rl_studio_training.cores import available_cores
from rl_studio_training.crew import GameCrew, Launch
from rl_studio_training.episodes import Episode
from rl_studio_training.fleet_answers import FleetAnswers
from rl_studio_training.fleet_batch import FleetBatch, without_outcome
from rl_studio_training.fleet_growth import agents_at_start, agents_of, level_rows, wanted_rows
from rl_studio_training.fleet_layout import FleetLayout
from rl_studio_training.godot_env import StudioGodotEnv
from rl_studio_training.kept_observations import Kept
from rl_studio_training.observation_watch import RowWatch, SequenceWatch
from rl_studio_training.restarts import MAX_RESTARTS, RestartPolicy
from rl_studio_training.timing import Timing


class FleetCore(ABC):
    """The games of a run. Rows of a policy are first those of game 0, then those of game 1, ….

    Sections are games that are stepped together. Send to all sections, then receive from one, compute its next
    actions while the others simulate, send, receive from the next, …. What comes out depends on the order of
    these calls only, not on which game answers first.

    A row is a place for an agent. Where agents come and go, every game has as many rows as the one that needs most;
    some are empty, and `grow` makes more of them.

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
        self._watches: list[RowWatch | SequenceWatch] = []
        self._on_warning = on_warning
        self._warned: set[str] = set()
        self._crew = GameCrew(
            launch,
            RestartPolicy(max_restarts, clock),
            self.timing,
            on_status=on_status,
            on_warning=on_warning,
            on_event=on_event,
            on_wait=on_wait,
            keeps_core=keeps_core,
            wait=wait,
        )
        if count > (cores := available_cores()):
            on_warning(
                f"{counted(count, 'game')} share {counted(cores, 'core')}; fewer of them may be as fast."
            )
        try:
            self._crew.launch(count, seed)
            meanwhile()
            self._crew.connect()
            self._lay_out(on_episode)
        except BaseException:
            self.close()
            raise

    @abstractmethod
    def _policies(self) -> Mapping[str, str]:
        """policy_name → policy, for the names of all agents.

        Raises:
            SpacesError: the games cannot be trained together.
        """

    def _lay_out(self, on_episode: Callable[[str, Episode], object]) -> None:
        self._policy_of = self._policies()
        check_same_spaces(self.games, self._policy_of)
        level_rows(self.games)
        numbers = list(range(len(self.games)))
        half = (len(numbers) + 1) // 2
        self.sections = [section for section in (numbers[:half], numbers[half:]) if section]
        self._take_layout(FleetLayout(self.games, self._policy_of, self.sections))
        self._answers = FleetAnswers(self.layout, agents_at_start(self.games, self.layout), on_episode)
        self.episodes_by_policy = self._answers.episodes.by_policy
        self._just_reset: set[int] = set()
        self._pending: set[int] = set()

    def _take_layout(self, layout: FleetLayout) -> None:
        """Goes on with these rows."""
        self.layout = layout
        self.groups = layout.groups

    # --- who is there

    @property
    def present(self) -> list[NDArray[np.bool_]]:
        """By policy, bool (rows,): the rows that have an agent, as the last answer of each section told. Copies."""
        return [present.copy() for present in self._answers.present]

    @property
    def agents(self) -> dict[str, int]:
        """By policy, how many agents there are now, of all games."""
        return {
            policy: int(np.count_nonzero(present))
            for policy, present in zip(self.layout.policies, self._answers.present, strict=True)
        }

    @property
    def waiting(self) -> dict[str, int]:
        """By policy, how many agents wait for a row, of all games."""
        found = agents_of(self.games, self._policy_of)
        return {policy: found[policy] - count for policy, count in self.agents.items()}

    @property
    def wants_rows(self) -> bool:
        """Whether agents wait that `grow` would give rows to."""
        return bool(wanted_rows(self.games, self.layout))

    def grow(self) -> list[NDArray[np.int64]] | None:
        """Gives every policy whose agents wait more rows, in each game as many as the game that needs most.

        Call it when no section is pending. `rows`, `section_rows`, `n_rows` and the groups are other ones then; the new
        rows are empty until the next answer.

        Returns:
            By policy int64 (rows,): the former number of each row, -1 for a new one. None if nothing changes.
        """
        if self._pending:
            raise RuntimeError("rows cannot be added while a section is pending")
        wanted = wanted_rows(self.games, self.layout)
        if not wanted:
            return None
        for number in range(len(self.games)):
            self._crew.ask(number, lambda game: game.set_rows(wanted, self.games))
        self._take_layout(FleetLayout(self.games, self._policy_of, self.sections))
        for watch in self._watches:
            watch.drop()
        return self._answers.carry(self.layout)

    def name_of(self, policy: int, row: int) -> str:
        """What messages call the agent in a row.

        Args:
            policy: its number.
        """
        return self.layout.name_of(self.games, policy, row)

    def warn_once(self, topic: str, message: str) -> None:
        """Tells of something odd, the first time for each `topic`."""
        if topic not in self._warned:
            self._warned.add(topic)
            self._on_warning(message)

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
        self._just_reset.update(numbers)
        batches = self._answers.first(answers)
        for policy, watch in enumerate(self._watches):
            watch.begin(batches[policy], self.layout.section_rows[policy][0])
        return batches

    def _send(self, section: int, actions: Sequence[NDArray[Any]]) -> None:
        began = time.perf_counter()
        split = [group.actions.split(part) for group, part in zip(self.groups, actions, strict=True)]
        messages = {number: self.layout.message(section, number, split) for number in self.sections[section]}
        self.timing.codec_s += time.perf_counter() - began
        for number, message in messages.items():
            self._crew.ask(number, lambda game, message=message: game.send_actions_batch(message))  # type: ignore[misc]
        self._pending.add(section)

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
        reborn = {number: self._revive(number) for number in numbers if number not in answers}
        began = time.perf_counter()
        batches = self._answers.step(section, numbers, parts, reborn)
        for policy, batch in enumerate(batches):
            self.timing.steps += batch.n_acted
            if self._watches:
                self._watches[policy].see(section, batch)
        self.timing.codec_s += time.perf_counter() - began
        return batches

    def _revive(self, number: int) -> Batch:
        batch = self._crew.revive(number, self._seed + number)
        self._just_reset.add(number)
        self.layout.replace_game(number, self.games[number])
        return batch

    # --- the end

    def new_errors(self) -> Iterator[tuple[int, str]]:
        """(instance, line) of each error that the games printed since the last call."""
        return self._crew.new_errors()

    def script_errors(self) -> ErrorCounts:
        """Errors of the games' own scripts among what `new_errors` has read since the last call."""
        return self._crew.script_errors()

    def close(self) -> None:
        """Ends all games; they quit side by side. Never raises; may be called again."""
        self._crew.close()
