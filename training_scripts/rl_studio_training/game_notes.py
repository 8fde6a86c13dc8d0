"""What a game says between its answers: what it waits for, what is odd, who came; and why it gives up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rl_studio_training.connection import BadFrameError
from rl_studio_training.errors import GameError, GameFault

FAULTS = frozenset({"data", "spaces", "policy", "paused", "quit", "no_agents", "needs_drawing"})
"""Codes of errors that would come again if the game were started again."""


@dataclass(frozen=True, slots=True)
class StatusNote:
    """The game waits for something that `message` tells; "" = no longer."""

    message: str


@dataclass(frozen=True, slots=True)
class WarningNote:
    """Something odd, to be told once for each `topic`."""

    topic: str
    message: str


@dataclass(frozen=True, slots=True)
class CrewNote:
    """Who will be new in the next answer, and who waits.

    Args:
        born: policy, row in its group and path in the scene of each newcomer.
        waiting: by policy, agents without a row; those that are not named have none.
    """

    born: tuple[tuple[str, int, str], ...] = ()
    waiting: dict[str, int] = field(default_factory=dict)


Note = StatusNote | WarningNote | CrewNote


def read_note(message: dict[str, Any]) -> Note | None:
    """The note that a message is; None if it is none.

    Raises:
        BadFrameError: it is one that makes no sense.
    """
    match message.get("type"):
        case "status":
            return StatusNote(_text(message, "message"))
        case "warning":
            return WarningNote(_text(message, "topic"), _text(message, "message"))
        case "crew":
            return _read_crew(message)
    return None


def read_error(name: str, message: dict[str, Any]) -> GameError:
    """What to raise for a game that gives up.

    Args:
        name: what messages call the game.
        message: of the type "error".
    """
    text = f"{name}: {message.get('message') or 'an error without a message'}"
    hint = message.get("hint")
    hint = str(hint) if hint else None
    code = message.get("code")
    if isinstance(code, str) and code in FAULTS:
        return GameFault(text, code=code, hint=hint)
    return GameError(text, hint=hint)


def _text(message: dict[str, Any], key: str) -> str:
    value = message.get(key)
    if not isinstance(value, str):
        raise BadFrameError(f"a {message['type']} note whose {key!r} is {value!r}; text was due")
    return value


def _read_crew(message: dict[str, Any]) -> CrewNote:
    born, waiting = message.get("born") or [], message.get("waiting") or {}
    if not isinstance(born, list) or not isinstance(waiting, dict):
        raise BadFrameError(f"a crew note that says {str(message)[:200]}")
    return CrewNote(
        tuple(_read_newcomer(entry) for entry in born),
        {str(policy): _whole(count) for policy, count in waiting.items()},
    )


def _read_newcomer(entry: Any) -> tuple[str, int, str]:
    if not isinstance(entry, list) or len(entry) != 3:
        raise BadFrameError(f"a crew note with the newcomer {str(entry)[:200]}; [policy, row, path] was due")
    policy, row, path = entry
    return str(policy), _whole(row), str(path)


def _whole(value: Any) -> int:
    # Godot 4.6 writes 2 or 2.0, depending on where the number came from.
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0 or value < 0:
        raise BadFrameError(f"a crew note with the number {str(value)[:200]}; a whole number from 0 was due")
    return int(value)
