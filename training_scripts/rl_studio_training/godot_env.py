"""The environment of one game process: godot-rl's `GodotEnv` that launches, times out and cleans up."""

from __future__ import annotations

import contextlib
import socket as sockets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rl_studio_training import connection as wire
from rl_studio_training import failures
from rl_studio_training.batch import Batch
from rl_studio_training.conversation import Conversation, WarnOnce
from rl_studio_training.errors import GameError
from rl_studio_training.game_process import GameProcess, who_listens_on
from rl_studio_training.launch import EDITOR_PORT, GameSettings, game_argv, game_environment
from rl_studio_training.layout import GroupActions
from rl_studio_training.negotiation import make_handshake
from rl_studio_training.seats import Seats
from rl_studio_training.stock_env import StockEnv

CLOSE_GRACE_S = 2.0
"""How long a game may take to quit by itself after `close`."""


class StudioGodotEnv(StockEnv):
    """A game and the connection to it. Works wherever godot-rl's `GodotEnv` does.

    It listens before it launches, so that the game never finds a closed door; every wait has an end; what it
    started it also ends.

    Args:
        settings: what to launch. The default waits for a game played in the editor.
        seed: the game's `--env_seed`.
        instance: number of this game in a run, for messages and the log's name.
        log_path: file for what the game prints.
        port: port to listen on; None takes a free one (for the editor: 11008).
        convert_action_space: as in `GodotEnv`.
        offer_binary: False makes the game speak JSON, whatever it knows.
        connect: False returns right after the launch; call `connect` then. So several games start together.
        on_wait: called about ten times a second while waiting for the game; whatever it raises ends the wait.
        on_warning: called with a sentence about something odd that was put right.

    Raises:
        GameError: the game does not start, does not connect, or reports an error.
    """

    render_mode = None

    def __init__(
        self,
        settings: GameSettings | None = None,
        *,
        seed: int = 0,
        instance: int = 0,
        log_path: Path | None = None,
        port: int | None = None,
        convert_action_space: bool = False,
        offer_binary: bool = True,
        connect: bool = True,
        on_wait: Callable[[], None] | None = None,
        on_warning: Callable[[str], None] | None = None,
    ) -> None:
        self.settings = settings or GameSettings()
        self.instance = instance
        self.game: GameProcess | None = None
        self.convert_action_space = convert_action_space
        self._on_wait = on_wait or (lambda: None)
        self._on_warning = on_warning or (lambda _message: None)
        self._offer_binary = offer_binary
        self._listeners: tuple[Callable[[str], object], WarnOnce] | None = None
        self._conversation: Conversation | None = None
        self._was_connected = False
        self._warned: set[str] = set()
        wanted = EDITOR_PORT if port is None and self.settings.is_played_in_editor else port or 0
        self._server = _listen(wanted)
        self.port: int = self._server.getsockname()[1]
        try:
            if not self.settings.is_played_in_editor:
                self._launch(seed, log_path or Path.cwd() / f"game-{instance}.log")
            if connect:
                self.connect()
        except BaseException:
            self.close()
            raise

    # --- starting

    def _launch(self, seed: int, log_path: Path) -> None:
        settings = self.settings
        folder = (
            settings.build.parent if settings.build else settings.project.root if settings.project else None
        )
        argv = game_argv(settings, self.port, seed)
        self.game = GameProcess(argv, folder or Path.cwd(), log_path, game_environment(settings))

    def connect(self, *, spin_s: float = 0.0) -> None:
        """Waits for the game to connect, then learns its agents and spaces.

        Args:
            spin_s: how long the game may look for messages without sleeping, in seconds.

        Raises:
            GameError: it does not, or what it says makes no sense.
        """
        timeout = self.settings.startup_timeout_s
        try:
            left = timeout - (self.game.age_s if self.game is not None else 0.0)
            sock = wire.accept(self._server, left, self._while_starting, self._is_from_game)
        except wire.NoReplyError:
            raise failures.never_connected(self.name, self.game, self.port, timeout) from None
        finally:
            self._server.close()
        self._was_connected = True
        self._conversation = Conversation(
            wire.GameConnection(sock, self._on_wait),
            name=self.name,
            process=self.game,
            timeout_s=self.settings.step_timeout_s,
            warn_once=self.warn_once,
            listeners=self._listeners,
        )
        handshake = make_handshake(
            self.MAJOR_VERSION, self.MINOR_VERSION, offer_binary=self._offer_binary, spin_s=spin_s
        )
        self._conversation.begin(handshake, timeout)
        self.seats: Seats = self._conversation.seats
        self._take_over(self._conversation.agreement)

    def hand_on(self, on_status: Callable[[str], object], warn_once: WarnOnce) -> None:
        """Has what the game says between its answers told to others; call it before `connect`.

        Args:
            on_status: called with a sentence about what the game waits for.
            warn_once: called with a topic and a sentence about something odd in the game.
        """
        self._listeners = (on_status, warn_once)

    def call_while_waiting(self, look: Callable[[], object]) -> None:
        """Has `look` called as often as `on_wait`; call it before `connect`."""
        on_wait = self._on_wait

        def both() -> None:
            on_wait()
            look()

        self._on_wait = both

    # --- agents that come and go

    @property
    def agent_paths(self) -> list[str]:
        """Where each agent is in the scene; its number if the game does not say, "" for a row without one."""
        return self.seats.paths

    @property
    def takes_rows(self) -> bool:
        """Whether agents of the game may come and go."""
        return self.agreement.takes_rows

    @property
    def fixed_rows(self) -> frozenset[str]:
        """The policies of which the game has so many rows and never more."""
        studio = self.env_info.studio
        return studio.fixed_rows if studio is not None else frozenset()

    def set_rows(self, rows: Mapping[str, int], like: Sequence[StudioGodotEnv] = ()) -> None:
        """Gives policies more rows; does nothing if they have as many. Not while an answer is due.

        Args:
            rows: by policy_name; fewer than there are change nothing.
            like: games that know what agents of a policy see and do which this one does not have yet.

        Raises:
            GameError: the game is gone. What is known of its rows is changed all the same.
        """
        talk = self._talk()
        if talk.set_rows(rows, [game.agreement for game in like]):
            self._take_over(talk.agreement)
            talk.send_rows()

    # --- stepping all agents at once

    def send_reset_batch(self, seed: int | None = None) -> None:
        """Asks for a reset; `receive_batch` must follow.

        Args:
            seed: for the game's random numbers, within 64 bits; only games with our addon obey.
        """
        self._talk().ask_reset(seed)

    def send_actions_batch(self, actions: Sequence[GroupActions]) -> None:
        """Sends what all agents do, one item per group with all its rows; `receive_batch` must follow."""
        self._talk().ask_step(actions)

    def receive_batch(self) -> Batch:
        """Waits for the answer to a reset or to actions.

        Raises:
            GameCrashedError, GameTimeoutError: there is none.
            GameProtocolError: it makes no sense.
            GameFault: numbers in it are NaN, or it has another size than was due.
            GameError: the game reports an error.
        """
        return self._talk().receive()[0]

    def has_buffered_answer(self) -> bool:
        """Whether `receive_batch` need not read from the socket, so that waiting for the socket would be wrong."""
        return self._talk().link.connection.has_whole_frame()

    @property
    def socket(self) -> sockets.socket:
        """The open connection, for `select`."""
        return self._talk().link.connection.socket

    def _talk(self) -> Conversation:
        if self._conversation is None:
            raise GameError(f"{self.name} is closed.")
        return self._conversation

    def _while_starting(self) -> None:
        self._on_wait()
        if self.game is not None and not self.game.is_running():
            raise failures.died_early(self.name, self.game)

    def _is_from_game(self, connection: sockets.socket) -> bool:
        return self.game is None or self.game.made_connection(connection)

    # --- what went wrong

    @property
    def name(self) -> str:
        """What messages call this game."""
        return f"Game {self.instance}" if self.game is not None else "The game"

    def warn_once(self, topic: str, message: str) -> None:
        """Passes `message` to `on_warning`, the first time only for each `topic`."""
        if topic not in self._warned:
            self._warned.add(topic)
            self._on_warning(f"{self.name}: {message}")

    # --- the end

    def request_close(self) -> None:
        """Asks the game to quit, without waiting. Never raises."""
        if self._conversation is not None:
            with contextlib.suppress(wire.ConnectionClosedError, wire.NoReplyError):
                self._conversation.link.connection.send({"type": "close"}, 1.0)
            self._conversation.link.connection.close()
            self._conversation = None

    def close(self) -> None:
        """Ends the connection and the game process. Never raises; may be called again."""
        self.request_close()
        self._server.close()
        if self.game is not None:
            self.game.stop(CLOSE_GRACE_S if self._was_connected else 0.0)


def _listen(port: int) -> sockets.socket:
    try:
        return wire.listen(port)
    except OSError as error:
        raise failures.port_taken(port, who_listens_on(port) or error.strerror) from error
