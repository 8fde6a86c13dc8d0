"""The environment of one game process: godot-rl's `GodotEnv` that launches, times out and cleans up."""

from __future__ import annotations

import contextlib
import socket as sockets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from godot_rl.core.godot_env import GodotEnv  # type: ignore[import-untyped]
from godot_rl.core.utils import ActionSpaceProcessor  # type: ignore[import-untyped]
from gymnasium import spaces

from rl_studio_training import connection as wire
from rl_studio_training import failures, stock_rows
from rl_studio_training.batch import Batch
from rl_studio_training.batch_checks import BatchChecks
from rl_studio_training.errors import GameError
from rl_studio_training.game_link import GameLink
from rl_studio_training.game_process import GameProcess, who_listens_on
from rl_studio_training.json_batches import actions_of_rows
from rl_studio_training.launch import EDITOR_PORT, GameSettings, game_argv, game_environment
from rl_studio_training.layout import GroupActions, PolicyGroup
from rl_studio_training.messages import parse_infos
from rl_studio_training.negotiation import Agreement, agree, make_handshake
from rl_studio_training.spaces import ActionCodec

CLOSE_GRACE_S = 2.0
"""How long a game may take to quit by itself after `close`."""


class StudioGodotEnv(GodotEnv):  # type: ignore[misc]
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
        self._link: GameLink | None = None
        self._due: Literal["reset", "step"] = "reset"
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
        self._link = GameLink(wire.GameConnection(sock, self._on_wait), self.name, self.game)
        self._send(
            make_handshake(
                self.MAJOR_VERSION, self.MINOR_VERSION, offer_binary=self._offer_binary, spin_s=spin_s
            )
        )
        self._send({"type": "env_info"})
        self._take_over(agree(self._open_link().receive("env_info", timeout), self.warn_once))

    def _take_over(self, agreed: Agreement) -> None:
        """Sets what is known about the agents, also the attributes that godot-rl's wrappers expect."""
        self.env_info = agreed.info
        self.num_envs = agreed.info.n_agents
        self.agent_policy_names = agreed.info.policy_names
        self.groups: tuple[PolicyGroup, ...] = agreed.groups
        self.group_codecs = [agreed.codecs[group.agents[0]] for group in agreed.groups]
        self.observation_codec = agreed.codecs[0]
        self.is_ours = agreed.is_ours
        self.is_binary = agreed.is_binary
        self.agent_paths = agreed.agent_paths
        self._translator = agreed.translator
        self._checks = BatchChecks(agreed.groups, agreed.agent_paths, self.name)
        self.observation_spaces = [stock_rows.observation_space(codec) for codec in agreed.codecs]
        self.observation_space = self.observation_spaces[0]
        self.action_spaces = [stock_rows.action_space(parts) for parts in agreed.actions]
        self.tuple_action_spaces = [spaces.Tuple(tuple(space.values())) for space in self.action_spaces]
        self.action_space_processor = ActionSpaceProcessor(
            self.tuple_action_spaces[0], self.convert_action_space
        )

    def make_action_codec(self) -> ActionCodec:
        """The translation from one algorithm action array to what the agents of the first group do.

        Raises:
            SpacesError: the game mixes actions that no single array can hold.
        """
        return ActionCodec(self.groups[0].actions)

    # --- stepping all agents at once

    def send_reset_batch(self, seed: int | None = None) -> None:
        """Asks for a reset; `receive_batch` must follow.

        Args:
            seed: for the game's random numbers, within 64 bits; only games with our addon obey.
        """
        self._send(self._translator.encode_reset(seed))
        self._due = "reset"

    def send_actions_batch(self, actions: Sequence[GroupActions]) -> None:
        """Sends what all agents do, one item per group; `receive_batch` must follow."""
        self._send(self._translator.encode_actions(actions))
        self._due = "step"

    def receive_batch(self) -> Batch:
        """Waits for the answer to a reset or to actions.

        Raises:
            GameCrashedError, GameTimeoutError: there is none.
            GameProtocolError: it makes no sense, or has NaN in it.
            GameError: the game reports an error.
        """
        return self._decode(self._receive())

    def has_buffered_answer(self) -> bool:
        """Whether `receive_batch` need not read from the socket, so that waiting for the socket would be wrong."""
        return self._open_link().connection.has_whole_frame()

    @property
    def socket(self) -> sockets.socket:
        """The open connection, for `select`."""
        return self._open_link().connection.socket

    # --- stepping as GodotEnv does

    def reset(self, seed: int | None = None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """As `GodotEnv.reset`, with arrays. Games with our addon obey the seed."""
        self.send_reset_batch(seed)
        message = self._receive()
        batch = self._decode(message)
        return stock_rows.observation_rows(self.groups, batch), self._infos(message, batch)

    def step_send(self, action: Any, order_ij: bool = False) -> None:
        """As `GodotEnv.step_send`."""
        original = self.action_space_processor.to_original_dist(action)
        self.send_actions(self.from_numpy(original, order_ij=order_ij))

    def step_recv(
        self,
    ) -> tuple[list[dict[str, Any]], list[float], list[bool], list[bool], list[dict[str, Any]]]:
        """As `GodotEnv.step_recv`, with arrays, and truncation told apart from termination."""
        message = self._receive()
        batch = self._decode(message)
        return (
            stock_rows.observation_rows(self.groups, batch),
            batch.rewards.tolist(),
            batch.terminated.tolist(),
            batch.truncated.tolist(),
            self._infos(message, batch),
        )

    def send_actions(self, rows: list[dict[str, Any]]) -> None:
        """Sends one action dictionary per agent; `step_recv` or `receive_batch` must follow."""
        self.send_actions_batch(
            [actions_of_rows(group, [rows[agent] for agent in group.agents]) for group in self.groups]
        )

    def call(self, method: str) -> list[Any]:
        """Calls a method without arguments on every agent of the game and returns what each answered."""
        self._send({"type": "call", "method": method})
        return list(self._open_link().receive("call", self.settings.step_timeout_s).get("returns") or [])

    def _infos(self, message: Any, batch: Batch) -> list[dict[str, Any]]:
        if self.is_binary:
            return stock_rows.info_rows(self.groups, batch)
        return parse_infos(message, self.num_envs)

    # --- the wire

    def _send(self, message: dict[str, Any] | bytes) -> None:
        self._open_link().send(message, self.settings.step_timeout_s)

    def _receive(self) -> Any:
        return self._open_link().receive(self._due, self.settings.step_timeout_s, binary=self.is_binary)

    def _decode(self, message: Any) -> Batch:
        try:
            is_reset = self._due == "reset"
            decode = self._translator.decode_observation if is_reset else self._translator.decode_step
            batch = decode(message)
        except wire.BadFrameError as error:
            raise self._open_link().nonsense(error) from None
        self._checks.check(batch)
        return batch

    def _open_link(self) -> GameLink:
        if self._link is None:
            raise GameError(f"{self.name} is closed.")
        return self._link

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
        if self._link is not None:
            with contextlib.suppress(wire.ConnectionClosedError, wire.NoReplyError):
                self._link.connection.send({"type": "close"}, 1.0)
            self._link.connection.close()
            self._link = None

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
