"""The conversation with one game: what goes wrong on the wire, told in words a user understands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rl_studio_training import failures
from rl_studio_training.connection import (
    BadFrameError,
    ConnectionClosedError,
    GameConnection,
    NoReplyError,
)
from rl_studio_training.errors import GameFault, GameProtocolError
from rl_studio_training.game_notes import Note, read_error, read_note
from rl_studio_training.game_process import GameProcess

OUTDATED = "Is the RL Studio addon of the game up to date?"


class GameLink:
    """Questions and answers over a connection.

    Args:
        connection: to the game; the link owns it.
        name: what messages call the game.
        process: the game's process, to tell how it ended; None if somebody else started it.
        on_note: called with what the game says before it answers. It may raise `BadFrameError`.
    """

    def __init__(
        self,
        connection: GameConnection,
        name: str,
        process: GameProcess | None,
        on_note: Callable[[Note], object] = lambda _note: None,
    ) -> None:
        self.connection = connection
        self._name = name
        self._process = process
        self._on_note = on_note

    def send(self, message: dict[str, Any] | bytes, timeout_s: float) -> None:
        """Sends one message.

        Raises:
            GameCrashedError, GameTimeoutError: the game is gone, or does not read.
        """
        try:
            self.connection.send(message, timeout_s)
        except ConnectionClosedError:
            raise failures.crashed(self._name, self._process) from None
        except NoReplyError:
            raise failures.hung(self._name, self._process, timeout_s) from None

    def receive(self, kind: str, timeout_s: float, *, binary: bool = False) -> Any:
        """Waits for an answer. Whatever the game says meanwhile, it has `timeout_s` more seconds from then on.

        Args:
            kind: the type of the message that is due.
            binary: whether it is due as a binary frame.

        Returns:
            A dictionary; a bytearray, the frame without its length, if it is binary.

        Raises:
            GameCrashedError, GameTimeoutError, GameProtocolError: there is none.
            GameError: the game reports an error; a `GameFault` if it would come again.
        """
        message = self._receive_answer(timeout_s)
        if isinstance(message, bytearray):
            if not binary:
                raise GameProtocolError(f"{self._name} sent a binary frame where {kind!r} was due in JSON.")
            return message
        found = message.get("type", None if binary else kind)
        if found == "error":
            raise read_error(self._name, message)
        if binary or found != kind:
            form = "as a binary frame" if binary else "in JSON"
            raise GameProtocolError(f"{self._name} answered {found!r} in JSON where {kind!r} was due {form}.")
        return message

    def _receive_answer(self, timeout_s: float) -> dict[str, Any] | bytearray:
        """The next message that is no note."""
        while True:
            message = self._receive_any(timeout_s)
            if isinstance(message, bytearray):
                return message
            try:
                note = read_note(message)
                if note is None:
                    return message
                self._on_note(note)
            except BadFrameError as error:
                raise self.nonsense(error) from None

    def _receive_any(self, timeout_s: float) -> dict[str, Any] | bytearray:
        try:
            return self.connection.receive(timeout_s)
        except ConnectionClosedError:
            raise failures.crashed(self._name, self._process) from None
        except NoReplyError:
            raise failures.hung(self._name, self._process, timeout_s) from None
        except BadFrameError as error:
            raise self.nonsense(error) from None

    def nonsense(self, error: BadFrameError) -> GameProtocolError:
        """What to raise for something that is no message of a game."""
        return GameProtocolError(f"{self._name} sent {error}.", hint=OUTDATED)

    def misfit(self, error: BadFrameError, when: str) -> GameFault:
        """What to raise for a binary frame that is not what was due. It would come again.

        Args:
            when: the place in the conversation.
        """
        return GameFault(f"{self._name} sent {error} ({when}).", code="data", hint=OUTDATED)
