"""Which answers are taken, and what is said about the others."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator

import pytest

from rl_studio_training.connection import GameConnection, accept, listen
from rl_studio_training.errors import GameCrashedError, GameError, GameProtocolError, GameTimeoutError
from rl_studio_training.game_link import GameLink


@pytest.fixture
def pair() -> Iterator[tuple[GameLink, socket.socket]]:
    with listen() as server:
        game = socket.create_connection(server.getsockname())
        connection = GameConnection(accept(server, 5.0, lambda: None), lambda: None)
    yield GameLink(connection, "Game 4", None), game
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


def test_a_game_that_is_gone_or_silent_is_told_as_such(pair: Pair) -> None:
    link, game = pair
    with pytest.raises(GameTimeoutError, match="Game 4 has not answered"):
        link.receive("step", 0.15)
    game.close()
    with pytest.raises(GameCrashedError):
        link.receive("step", 5.0)
