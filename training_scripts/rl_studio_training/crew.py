"""The game processes of a run: started together, waited for together, and started again when they die."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from rl_studio.godot import ErrorCounts
from rl_studio_training import failures
from rl_studio_training.batch import Batch
from rl_studio_training.common_spaces import check_unchanged
from rl_studio_training.connection import WAIT_SLICE_S
from rl_studio_training.cores import SPIN_S, has_spare_core, set_apart
from rl_studio_training.errors import GameError, SpacesError
from rl_studio_training.game_process import wait_for_exit
from rl_studio_training.game_record import GameRecord
from rl_studio_training.godot_env import CLOSE_GRACE_S, StudioGodotEnv
from rl_studio_training.launch import GameSettings
from rl_studio_training.restarter import Restarter
from rl_studio_training.restarts import RestartPolicy
from rl_studio_training.timing import Timing

Launch = Callable[[int, int], StudioGodotEnv]
"""(instance, seed) → an environment whose game was launched but not yet connected to."""

_HAS_FINE_CPU_CLOCK = time.get_clock_info("thread_time").resolution < 1e-6

_NEW_SEED = 1000
"""How far the seed of a restarted game is from its former one; with the same it might die the same death."""


def launcher(
    settings: GameSettings,
    log_folder: Path,
    *,
    on_wait: Callable[[], None] | None = None,
    on_warning: Callable[[str], None] | None = None,
) -> Launch:
    """What starts the games of a run.

    Args:
        settings: the same for all of them.
        log_folder: game i prints to game-<i>.log there.
        on_wait, on_warning: as `StudioGodotEnv` has them.
    """

    def launch(instance: int, seed: int) -> StudioGodotEnv:
        return StudioGodotEnv(
            settings,
            seed=seed,
            instance=instance,
            log_path=log_folder / f"game-{instance}.log",
            connect=False,
            on_wait=on_wait,
            on_warning=on_warning,
        )

    return launch


class GameCrew:
    """Games by number. One that fails is out, without a word, until `revive` is called for it.

    Games that cannot show their agents pictures as they were started are started once more, so that they draw.

    Args:
        launch: starts game number `instance` with a seed.
        restarts: how often and how soon.
        timing: gets the time spent waiting and reading.
        on_status: called with a sentence when a game does not answer, or has to be started again.
        on_warning: called with a sentence about something odd in a game, once for each topic.
        on_event: called with "game_restarted" and its fields when one was.
        on_wait: called about ten times a second while waiting; whatever it raises ends the wait.
        keeps_core: keep the games off one core while there are cores to spare.
        wait: sleeps for some seconds.
    """

    def __init__(
        self,
        launch: Launch,
        restarts: RestartPolicy,
        timing: Timing,
        *,
        on_status: Callable[[str], object],
        on_event: Callable[..., object],
        on_wait: Callable[[], object],
        keeps_core: bool,
        wait: Callable[[float], object],
        on_warning: Callable[[str], object] = lambda _message: None,
    ) -> None:
        self.games: list[StudioGodotEnv] = []
        self._launch = launch
        self._restarts = Restarter(restarts, on_status, on_wait, wait)
        self._timing = timing
        self._on_status = on_status
        self._on_event = on_event
        self._on_wait = on_wait
        self._on_warning = on_warning
        self._topics: set[str] = set()
        self._records: dict[int, GameRecord] = {}
        self._failed: dict[int, GameError] = {}
        self._old_errors: list[tuple[int, str]] = []
        self._script_errors = ErrorCounts()
        self._waited_sending_s = 0.0
        self._keeps_core = keeps_core
        self._has_own_core = False

    def launch(self, count: int, seed: int) -> None:
        """Starts all games at once; `connect` must follow. The caller closes, also when it fails.

        Raises:
            GameError: one does not start.
        """
        for number in range(count):
            self.games.append(self._start(number, seed + number))

    def connect(self) -> None:
        """Waits until all games answer.

        Raises:
            GameError: one does not.
            SpacesError: the agents of one cannot be trained together.
        """
        number = 0
        while number < len(self.games):
            try:
                self._connect(number)
                number += 1
            except GameError as error:
                if not self._turn_drawing_on(number, error):
                    raise
                self.close()
                self.games = [self._start(each, self._records[each].seed) for each in range(len(self.games))]
                number = 0
        self._set_apart(self.games)

    def _start(self, number: int, seed: int) -> StudioGodotEnv:
        game = self._launch(number, seed)
        self._records[number] = GameRecord(game, seed, self._on_status, self._warn_once)
        return game

    def _connect(self, number: int) -> None:
        """A game with a core to itself may look for our messages without sleeping, as we look for its own."""
        record = self._records[number]
        try:
            record.game.connect(
                spin_s=SPIN_S if self._keeps_core and has_spare_core(len(self.games)) else 0.0
            )
        except (GameError, SpacesError) as error:
            raise record.in_full(error) from None
        record.note_connected()

    def _warn_once(self, topic: str, message: str) -> None:
        if topic not in self._topics:
            self._topics.add(topic)
            self._on_warning(message)

    def _set_apart(self, games: Iterable[StudioGodotEnv]) -> None:
        pids = [game.game.pid for game in games if game.game is not None]
        self._has_own_core = self._keeps_core and bool(pids) and set_apart(pids, len(self.games))

    # --- questions and answers

    def ask(self, number: int, send: Callable[[StudioGodotEnv], object]) -> None:
        """Sends something to a game with `send`.

        Without a core of our own the system may run the game on ours the moment it has the message, before sending
        returns. Such time is a wait for the game, and not the cost of sending.
        """
        measures = _HAS_FINE_CPU_CLOCK and not self._has_own_core
        began, cpu_began = time.perf_counter(), time.thread_time() if measures else 0.0
        try:
            send(self.games[number])
        except GameError as error:
            self._failed[number] = error
        passed_s = time.perf_counter() - began
        sending_s = min(passed_s, time.thread_time() - cpu_began) if measures else passed_s
        self._timing.codec_s += sending_s
        self._waited_sending_s += passed_s - sending_s

    def collect(self, numbers: Iterable[int]) -> dict[int, Batch]:
        """The answers of games that were asked, as they come in; of failed ones there is none."""
        waiting = [number for number in numbers if number not in self._failed]
        began = since = time.perf_counter()
        answers: dict[int, Batch] = {}
        while waiting:
            ready = self._wait_for_any(waiting, began)
            waited_s = time.perf_counter() - since + self._waited_sending_s
            self._waited_sending_s = 0.0
            for number in ready:
                self._read(number, answers, waited_s)
                waited_s = 0.0
            waiting = [number for number in waiting if number not in ready]
            since = time.perf_counter()
        return answers

    def _wait_for_any(self, waiting: list[int], began: float) -> list[int]:
        """Those of `waiting` that have answered or failed: at least one."""
        ready = [number for number in waiting if self.games[number].has_buffered_answer()]
        if ready:
            return ready
        sockets = [self.games[number].socket for number in waiting]
        spin_until = time.perf_counter() + SPIN_S if self._has_own_core else 0.0
        while True:
            spins = time.perf_counter() < spin_until
            readable, _, _ = select.select(sockets, (), (), 0.0 if spins else WAIT_SLICE_S)
            if spins and not readable:
                continue
            if readable:
                return [number for number, one in zip(waiting, sockets, strict=True) if one in readable]
            self._on_wait()
            for number in waiting:
                self._records[number].watch.look()
            hung = [number for number in waiting if self._is_overdue(number, time.perf_counter() - began)]
            if hung:
                return hung

    def _is_overdue(self, number: int, waited_s: float) -> bool:
        game = self.games[number]
        limit_s = game.settings.step_timeout_s
        if waited_s <= limit_s:
            return False
        self._failed[number] = failures.hung(game.name, game.game, limit_s)
        return True

    def _read(self, number: int, answers: dict[int, Batch], waited_s: float) -> None:
        game_s: float | None = None
        began = time.perf_counter()
        if number not in self._failed:
            try:
                answers[number] = self.games[number].receive_batch()
                game_s = answers[number].game_s
                self._records[number].note_answer()
            except GameError as error:
                self._failed[number] = error
        self._timing.codec_s += time.perf_counter() - began
        self._timing.add_wait(waited_s, game_s)

    # --- death and restart

    def revive(self, number: int, seed: int) -> Batch:
        """Ends a failed game and starts it anew, again and again as long as that is allowed.

        Args:
            seed: the one it had; it gets another.

        Returns:
            The first observations of its agents.

        Raises:
            GameError: why it died last, when it may not be started again.
            SpacesError: it has come back with other agents.
        """
        error = self._records[number].in_full(self._failed.pop(number))
        former = self.games[number]
        while True:
            redraws = self._turn_drawing_on(number, error)
            self._bury(self.games[number])
            attempt = 0 if redraws else self._restarts.begin_after(error, is_ours=former.game is not None)
            try:
                batch = self._restart(number, seed + _NEW_SEED * attempt, former)
            except GameError as failure:
                error = failure
                continue
            if not redraws:
                self._timing.restarts += 1
                self._on_event(
                    "game_restarted",
                    instance=number,
                    reason=error.code,
                    attempt=attempt,
                    limit=self._restarts.policy.limit,
                    message=error.message,
                    place=error.place,
                )
            return batch

    def _turn_drawing_on(self, number: int, error: GameError) -> bool:
        """Whether the game failed only because nothing is drawn; those that are started from here on draw then.

        Raises:
            GameFault: on this machine nothing can be drawn.
        """
        record = self._records[number]
        if not record.wants_to_draw(error):
            return False
        self._on_status(record.game.settings.drawing.turn_on(error))
        return True

    def _bury(self, game: StudioGodotEnv) -> None:
        if game.game is not None:
            game.game.kill()
            self._old_errors += [(game.instance, line) for line in game.game.log.new_errors()]
            self._note_script_errors(game)
        game.close()

    def _restart(self, number: int, seed: int, former: StudioGodotEnv) -> Batch:
        began = time.perf_counter()
        game = self.games[number] = self._start(number, seed)
        record = self._records[number]
        self._connect(number)
        self._set_apart([game])
        check_unchanged(former, game)
        game.set_rows({group.policy: group.count for group in former.groups}, [former])
        try:
            game.send_reset_batch()
            batch = game.receive_batch()
        except GameError as error:
            raise record.in_full(error) from None
        record.note_answer()
        self._timing.add_wait(time.perf_counter() - began, None)
        return batch

    # --- the end

    def new_errors(self) -> Iterator[tuple[int, str]]:
        """(instance, line) of each error that the games printed since the last call."""
        old, self._old_errors = self._old_errors, []
        yield from old
        for game in self.games:
            if game.game is not None:
                for line in game.game.log.new_errors():
                    yield game.instance, line
                self._note_script_errors(game)

    def script_errors(self) -> ErrorCounts:
        """Errors of the games' own scripts among what `new_errors` has read since the last call."""
        return self._script_errors.take()

    def _note_script_errors(self, game: StudioGodotEnv) -> None:
        assert game.game is not None
        found = game.game.log.script_errors()
        for error, count in found:
            self._script_errors.add(error, count)

    def close(self) -> None:
        """Ends all games; they quit side by side. Never raises; may be called again."""
        for game in self.games:
            game.request_close()
        wait_for_exit([game.game for game in self.games if game.game is not None], CLOSE_GRACE_S)
        for game in self.games:
            game.close()

    @property
    def failed(self) -> list[int]:
        """The games that wait for `revive`, ascending."""
        return sorted(self._failed)
