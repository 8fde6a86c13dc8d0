"""Which answers are taken, and what is said about the others."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from rl_studio_training.connection import GameConnection, accept, listen
from rl_studio_training.errors import (
    GameCrashedError,
    GameError,
    GameFault,
    GameProtocolError,
    GameTimeoutError,
)
from rl_studio_training.game_link import GameLink
from rl_studio_training.game_notes import CrewNote, Note, StatusNote, WarningNote


@pytest.fixture
def notes() -> list[Note]:
    """What the game said between its answers."""
    return []


@pytest.fixture
def pair(notes: list[Note]) -> Iterator[tuple[GameLink, socket.socket]]:
    with listen() as server:
        game = socket.create_connection(server.getsockname())
        connection = GameConnection(accept(server, 5.0, lambda: None), lambda: None)
    yield GameLink(connection, "Game 4", None, notes.append), game
    connection.close()
    game.close()


Pair = tuple[GameLink, socket.socket]


def say(game: socket.socket, message: dict[str, object] | bytes) -> None:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    game.sendall(struct.pack("<I", len(payload)) + payload)


def test_what_is_due_is_handed_out(pair: Pair) -> None:
    link, game = pair
    say(game, {"type": "call", "returns": [1]})
    assert link.receive("call", 5.0) == {"type": "call", "returns": [1]}
    say(game, b"RL\x01\x04")
    assert link.receive("step", 5.0, binary=True) == b"RL\x01\x04"


def test_an_answer_of_another_type_is_refused(pair: Pair) -> None:
    link, game = pair
    say(game, {"type": "step"})
    with pytest.raises(
        GameProtocolError, match="Game 4 answered 'step' in JSON where 'call' was due in JSON"
    ):
        link.receive("call", 5.0)


def test_json_is_no_answer_where_a_binary_frame_is_due(pair: Pair) -> None:
    link, game = pair
    say(game, {"type": "step"})
    with pytest.raises(GameProtocolError, match="'step' in JSON where 'step' was due as a binary frame"):
        link.receive("step", 5.0, binary=True)


def test_a_binary_frame_is_no_answer_where_json_is_due(pair: Pair) -> None:
    link, game = pair
    say(game, b"RL\x01\x04")
    with pytest.raises(GameProtocolError, match="Game 4 sent a binary frame where 'call' was due in JSON"):
        link.receive("call", 5.0)


@pytest.mark.parametrize("binary", [False, True])
def test_an_error_of_the_game_may_come_instead_of_any_answer(pair: Pair, binary: bool) -> None:
    link, game = pair
    say(game, {"type": "error", "message": "out of cheese"})
    with pytest.raises(GameError, match="Game 4: out of cheese"):
        link.receive("step", 5.0, binary=binary)


@pytest.mark.parametrize("code", ["data", "spaces", "policy", "paused", "quit", "no_agents", "needs_drawing"])
def test_an_error_that_would_come_again_is_a_fault(pair: Pair, code: str) -> None:
    link, game = pair
    say(game, {"type": "error", "code": code, "message": "out of cheese", "hint": "Buy some."})
    with pytest.raises(GameFault, match="Game 4: out of cheese") as caught:
        link.receive("step", 5.0, binary=True)
    assert (caught.value.code, caught.value.hint) == (code, "Buy some.")


@pytest.mark.parametrize("code", ["", "moon", 7, None])
def test_an_error_with_another_code_may_be_over_after_a_restart(pair: Pair, code: object) -> None:
    link, game = pair
    say(game, {"type": "error", "code": code, "message": "out of cheese"})
    with pytest.raises(GameError) as caught:
        link.receive("step", 5.0)
    assert type(caught.value) is GameError


def test_notes_are_heard_before_the_answer(pair: Pair, notes: list[Note]) -> None:
    link, game = pair
    say(game, {"type": "status", "message": "no agent for 3 seconds"})
    say(game, {"type": "warning", "topic": "lag", "message": "late"})
    say(game, {"type": "crew", "born": [["walker", 1.0, "/root/W"]], "waiting": {"guard": 2}})
    say(game, {"type": "crew"})
    say(game, b"RL\x02\x04")
    assert link.receive("step", 5.0, binary=True) == b"RL\x02\x04"
    assert notes == [
        StatusNote("no agent for 3 seconds"),
        WarningNote("lag", "late"),
        CrewNote((("walker", 1, "/root/W"),), {"guard": 2}),
        CrewNote(),
    ]


def test_a_game_that_says_what_it_waits_for_is_waited_for(pair: Pair, notes: list[Note]) -> None:
    link, game = pair

    def talk() -> None:
        for _ in range(4):
            time.sleep(0.15)
            say(game, {"type": "status", "message": "no agent"})
        say(game, {"type": "call"})

    speaker = threading.Thread(target=talk)
    speaker.start()
    assert link.receive("call", 0.4) == {"type": "call"}  # less than all of it took
    speaker.join()
    assert len(notes) == 4


@pytest.mark.parametrize(
    "note",
    [
        {"type": "status"},
        {"type": "status", "message": 3},
        {"type": "warning", "message": "late"},
        {"type": "crew", "born": "all"},
        {"type": "crew", "born": [["walker", 1]]},
        {"type": "crew", "born": [["walker", -1, "/root/W"]]},
        {"type": "crew", "born": [["walker", "1", "/root/W"]]},
        {"type": "crew", "waiting": {"walker": 0.5}},
        {"type": "crew", "waiting": {"walker": True}},
        {"type": "crew", "waiting": ["walker"]},
    ],
)
def test_a_note_that_makes_no_sense_is_refused(pair: Pair, note: dict[str, object]) -> None:
    link, game = pair
    say(game, note)
    with pytest.raises(GameProtocolError, match=f"Game 4 sent a {note['type']} note"):
        link.receive("step", 5.0)


def test_a_game_that_is_gone_or_silent_is_told_as_such(pair: Pair) -> None:
    link, game = pair
    with pytest.raises(GameTimeoutError, match="Game 4 has not answered"):
        link.receive("step", 0.15)
    game.close()
    with pytest.raises(GameCrashedError):
        link.receive("step", 5.0)
