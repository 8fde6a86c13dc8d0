"""The environment of one game process: godot-rl's `GodotEnv` that launches, times out and cleans up."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from godot_rl.core.godot_env import GodotEnv  # type: ignore[import-untyped]
from godot_rl.core.utils import ActionSpaceProcessor  # type: ignore[import-untyped]
from gymnasium import spaces

from rl_studio_training import connection as wire
from rl_studio_training import failures
from rl_studio_training.errors import GameError, GameProtocolError
from rl_studio_training.game_process import GameProcess, who_listens_on
from rl_studio_training.launch import EDITOR_PORT, GameSettings, game_argv, game_environment
from rl_studio_training.messages import EnvInfo, Step, parse_env_info, parse_observations, parse_step
from rl_studio_training.spaces import ActionCodec, ObservationCodec, parse_actions

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
        self._connection: wire.GameConnection | None = None
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

    def connect(self) -> None:
        """Waits for the game to connect, then learns its agents and spaces.

        Raises:
            GameError: it does not, or what it says makes no sense.
        """
        timeout = self.settings.startup_timeout_s
        try:
            sock = wire.accept(self._server, timeout, self._while_starting)
        except wire.NoReplyError:
            raise failures.never_connected(self.name, self.game, self.port, timeout) from None
        finally:
            self._server.close()
        self._was_connected = True
        self._connection = wire.GameConnection(sock, self._on_wait)
        self._send_as_json(
            {"type": "handshake", "major_version": self.MAJOR_VERSION, "minor_version": self.MINOR_VERSION}
        )
        self._send_as_json({"type": "env_info"})
        self._take_over(parse_env_info(self._receive("env_info", timeout)))

    def _take_over(self, info: EnvInfo) -> None:
        """Sets the attributes that godot-rl's wrappers expect."""
        if info.n_agents == 0:
            raise GameProtocolError(
                "The scene has no agents to train.",
                hint="Add an RLAgent below each body that shall learn, with its mode on INHERIT or TRAINING.",
            )
        self.env_info = info
        self.num_envs = info.n_agents
        self.agent_policy_names = info.policy_names
        observation_codecs = [
            ObservationCodec(wire, self._note_bad_number) for wire in info.observation_spaces
        ]
        self.observation_spaces = [
            codec.space if codec.single_key is None else spaces.Dict({codec.single_key: codec.space})
            for codec in observation_codecs
        ]
        self.observation_space = self.observation_spaces[0]
        self.observation_codec = observation_codecs[0]
        parts = [parse_actions(wire) for wire in info.action_spaces]
        self.action_spaces = [spaces.Dict([(p.name, _stock_space(p)) for p in agent]) for agent in parts]
        self.tuple_action_spaces = [spaces.Tuple([_stock_space(p) for p in agent]) for agent in parts]
        self.action_space_processor = ActionSpaceProcessor(
            self.tuple_action_spaces[0], self.convert_action_space
        )

    def make_action_codec(self) -> ActionCodec:
        """The translation from one algorithm action array to the game's dictionaries.

        Raises:
            SpacesError: the game mixes actions that no single array can hold.
        """
        return ActionCodec(parse_actions(self.env_info.action_spaces[0]))

    # --- stepping

    def send_reset(self) -> None:
        """Asks for a reset; `receive_reset` must follow."""
        self._send_as_json({"type": "reset"})

    def receive_reset(self) -> list[dict[str, Any]]:
        """The first observation of each agent, as on the wire."""
        return parse_observations(self._receive("reset", self.settings.step_timeout_s), self.num_envs)

    def send_actions(self, actions: list[dict[str, Any]]) -> None:
        """Sends one action dictionary per agent; `receive_step` must follow."""
        self._send_as_json({"type": "action", "action": actions})

    def receive_step(self) -> Step:
        """What became of the actions."""
        return parse_step(self._receive("step", self.settings.step_timeout_s), self.num_envs)

    def reset(self, seed: int | None = None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """As `GodotEnv.reset`, with float32 arrays. The seed is fixed when the game starts."""
        self.send_reset()
        rows = [self._as_dict(row) for row in self.receive_reset()]
        return rows, [{} for _ in rows]

    def step_recv(
        self,
    ) -> tuple[list[dict[str, Any]], list[float], list[bool], list[bool], list[dict[str, Any]]]:
        """As `GodotEnv.step_recv`, with float32 arrays, and truncation told apart from termination."""
        step = self.receive_step()
        truncated = [bool(info.get("TimeLimit.truncated", False)) for info in step.infos]
        terminated = [done and not cut for done, cut in zip(step.dones.tolist(), truncated, strict=True)]
        rows = [self._as_dict(row) for row in step.observations]
        return rows, np.nan_to_num(step.rewards).tolist(), terminated, truncated, step.infos

    def call(self, method: str) -> list[Any]:
        """Calls a method without arguments on every agent of the game and returns what each answered."""
        self._send_as_json({"type": "call", "method": method})
        return list(self._receive("call", self.settings.step_timeout_s).get("returns") or [])

    def _as_dict(self, row: dict[str, Any]) -> dict[str, Any]:
        value = self.observation_codec.decode_one(row)
        return value if isinstance(value, dict) else {str(self.observation_codec.single_key): value}

    # --- the wire

    def _send_as_json(self, dictionary: dict[str, Any]) -> None:
        timeout = self.settings.step_timeout_s
        try:
            self._open_connection().send(dictionary, timeout)
        except wire.ConnectionClosedError:
            raise failures.crashed(self.name, self.game) from None
        except wire.NoReplyError:
            raise failures.hung(self.name, self.game, timeout) from None

    def _receive(self, kind: str, timeout_s: float) -> dict[str, Any]:
        try:
            message = self._open_connection().receive(timeout_s)
        except wire.ConnectionClosedError:
            raise failures.crashed(self.name, self.game) from None
        except wire.NoReplyError:
            raise failures.hung(self.name, self.game, timeout_s) from None
        except wire.BadFrameError as error:
            raise GameProtocolError(
                f"{self.name} sent {error}.", hint="Is the RL Studio addon of the game up to date?"
            ) from None
        if message.get("type") == "error":
            raise GameError(f"{self.name}: {message.get('message') or 'an error without a message'}")
        if message.get("type", kind) != kind:
            raise GameProtocolError(f"{self.name} answered {message['type']!r} where {kind!r} was due.")
        return message

    def _get_json_dict(self) -> dict[str, Any]:
        return self._open_connection().receive(self.settings.step_timeout_s)

    def _open_connection(self) -> wire.GameConnection:
        if self._connection is None:
            raise GameError(f"{self.name} is closed.")
        return self._connection

    def _while_starting(self) -> None:
        self._on_wait()
        if self.game is not None and not self.game.is_running():
            raise failures.died_early(self.name, self.game)

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

    def _note_bad_number(self, row: int, key: str) -> None:
        self.warn_once(
            key, f"agent {row} sent NaN or infinity in the observation {key!r}; 0 or ±1 is used instead."
        )

    # --- the end

    def request_close(self) -> None:
        """Asks the game to quit, without waiting. Never raises."""
        if self._connection is not None:
            with contextlib.suppress(wire.ConnectionClosedError, wire.NoReplyError):
                self._connection.send({"type": "close"}, 1.0)
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """Ends the connection and the game process. Never raises; may be called again."""
        self.request_close()
        self._server.close()
        if self.game is not None:
            self.game.stop(CLOSE_GRACE_S if self._was_connected else 0.0)


def _stock_space(part: Any) -> spaces.Space[Any]:
    if part.kind == "discrete":
        return spaces.Discrete(part.size)
    return spaces.Box(-1.0, 1.0, (part.size,), np.float32)


def _listen(port: int) -> socket.socket:
    try:
        return wire.listen(port)
    except OSError as error:
        raise failures.port_taken(port, who_listens_on(port) or error.strerror) from error
