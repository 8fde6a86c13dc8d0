"""What is said between trainer and one game from the handshake on: questions, answers, and notes in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from rl_studio_training import connection as wire
from rl_studio_training.batch import Batch
from rl_studio_training.batch_checks import BatchChecks
from rl_studio_training.game_link import GameLink
from rl_studio_training.game_notes import CrewNote, Note, StatusNote
from rl_studio_training.game_process import GameProcess
from rl_studio_training.layout import GroupActions
from rl_studio_training.negotiation import Agreement, agree, resize
from rl_studio_training.seats import Seats

WarnOnce = Callable[[str, str], object]
"""Called with a topic and a sentence, which is to be told once for each topic."""


class Conversation:
    """Asks for resets and steps. Begins with `begin`; what agents there are is in `agreement` and `seats` then.

    Args:
        connection: to the game; owned from here on.
        name: what messages call the game.
        process: the game's process; None if somebody else started it.
        timeout_s: how long the game may take to answer.
        warn_once: gets what is odd and was put right, without the name of the game.
        listeners: who is told, with the name of the game, what it waits for, and what is odd in it. None: nobody,
            and `warn_once`.
    """

    agreement: Agreement

    def __init__(
        self,
        connection: wire.GameConnection,
        *,
        name: str,
        process: GameProcess | None,
        timeout_s: float,
        warn_once: WarnOnce,
        listeners: tuple[Callable[[str], object], WarnOnce] | None = None,
    ) -> None:
        self.link = GameLink(connection, name, process, self._hear)
        self._name = name
        self._timeout_s = timeout_s
        self._warn_once = warn_once
        self._listeners = listeners
        self._due: Literal["reset", "step"] = "reset"
        self._decisions = 0
        self.seats = Seats((), ())

    def begin(self, handshake: dict[str, Any], timeout_s: float) -> None:
        """Shakes hands, and learns what agents there are.

        Args:
            timeout_s: how long the game may take to tell.

        Raises:
            GameError: the game does not answer, or what it says makes no sense.
            SpacesError: agents of one policy have different spaces.
        """
        self.send(handshake)
        self.send({"type": "env_info"})
        self.agreement = agree(self.link.receive("env_info", timeout_s))
        self.seats = Seats(self.agreement.groups, self.agreement.agent_paths)
        self._checks = BatchChecks(self.agreement.groups, self.seats, self._name)

    def send(self, message: dict[str, Any] | bytes) -> None:
        """Sends one message.

        Raises:
            GameError: the game is gone, or does not read.
        """
        self.link.send(message, self._timeout_s)

    # --- steps

    def ask_reset(self, seed: int | None) -> None:
        """Asks for a reset; `receive` must follow."""
        self.send(self.agreement.translator.encode_reset(seed))
        self._due = "reset"

    def ask_step(self, actions: Sequence[GroupActions]) -> None:
        """Sends what all agents do, one item per group; `receive` must follow."""
        self.send(self.agreement.translator.encode_actions(actions))
        self._due = "step"
        self._decisions += 1

    def receive(self) -> tuple[Batch, Any]:
        """Waits for the answer to a reset or to actions.

        Returns:
            The answer, and the message that it was read from.

        Raises:
            GameError: there is none that makes sense; a `GameFault` if numbers in it are wrong.
        """
        message = self.link.receive(self._due, self._timeout_s, binary=self.agreement.is_binary)
        translator = self.agreement.translator
        decode = translator.decode_observation if self._due == "reset" else translator.decode_step
        try:
            batch = decode(message)
        except wire.BadFrameError as error:
            raise self.link.misfit(error, self._when()) from None
        self._checks.check(batch, self._when)
        self.seats.settle(batch.present)
        return batch, message

    def call(self, method: str) -> list[Any]:
        """Calls a method without arguments on every agent of the game and returns what each answered."""
        self.send({"type": "call", "method": method})
        return list(self.link.receive("call", self._timeout_s).get("returns") or [])

    def _when(self) -> str:
        return f"decision {self._decisions} of the game" if self._due == "step" else "a reset"

    # --- agents that come and go

    def set_rows(self, rows: Mapping[str, int], like: Sequence[Agreement]) -> bool:
        """Gives policies more rows; does nothing if they have as many. Not while an answer is due.

        Args:
            rows: by policy_name; fewer than there are change nothing.
            like: what games said which know what agents of a policy see and do which this one does not have yet.

        Returns:
            Whether anything changes. The game is told by `send_rows`.
        """
        counts = {group.policy: group.count for group in self.agreement.groups}
        wanted = {policy: max(count, counts.get(policy, 0)) for policy, count in {**counts, **rows}.items()}
        if not self.agreement.takes_rows or wanted == counts:
            return False
        self.agreement = resize(self.agreement, wanted, like)
        self.seats.resize(self.agreement.groups)
        self._checks = BatchChecks(self.agreement.groups, self.seats, self._name)
        return True

    def send_rows(self) -> None:
        """Tells the game how many rows each policy has."""
        groups = [[group.policy, group.count] for group in self.agreement.groups]
        self.send({"type": "rows", "groups": groups})

    # --- what the game says between its answers

    def _hear(self, note: Note) -> None:
        if isinstance(note, CrewNote):
            self.seats.hear(note)
        elif isinstance(note, StatusNote):
            if self._listeners is not None:
                text = f"{self._name}: {note.message}" if note.message else f"{self._name} goes on"
                self._listeners[0](text)
        elif self._listeners is not None:
            self._listeners[1](note.topic, f"{self._name}: {note.message}")
        else:
            self._warn_once(note.topic, note.message)
