"""Frames on a real loopback socket."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest

from rl_studio_training.connection import (
    BadFrameError,
    ConnectionClosedError,
    GameConnection,
    NoReplyError,
    accept,
    listen,
)


def nothing() -> None:
    """Waits without a reason to stop."""


def frame(payload: bytes) -> bytes:
    return struct.pack("<I", len(payload)) + payload


@pytest.fixture
def pair() -> Iterator[tuple[GameConnection, socket.socket]]:
    ours, theirs = _tcp_pair()
    connection = GameConnection(ours, nothing)
    yield connection, theirs
    connection.close()
    theirs.close()


def _tcp_pair() -> tuple[socket.socket, socket.socket]:
    server = listen()
    theirs = socket.create_connection(server.getsockname())
    ours = accept(server, 5.0, nothing)
    server.close()
    return ours, theirs


Pair = tuple[GameConnection, socket.socket]


def test_a_message_is_a_length_and_utf8_json(pair: Pair) -> None:
    connection, game = pair
    connection.send({"type": "grüß"}, 1.0)
    data = game.recv(100)
    assert data == frame('{"type": "grüß"}'.encode())


def test_frames_that_arrive_together_or_in_pieces_are_told_apart(pair: Pair) -> None:
    connection, game = pair
    data = frame(b'{"a": 1}') + frame('{"b": "ö"}'.encode())
    game.sendall(data[:14])
    assert connection.receive(5.0) == {"a": 1}
    game.sendall(data[14:])
    assert connection.receive(5.0) == {"b": "ö"}


def test_a_closed_connection_is_noticed(pair: Pair) -> None:
    connection, game = pair
    game.sendall(b"\x05\x00")
    game.close()
    with pytest.raises(ConnectionClosedError):
        connection.receive(5.0)


def test_silence_ends_after_the_timeout(pair: Pair) -> None:
    connection, _game = pair
    with pytest.raises(NoReplyError):
        connection.receive(0.15)


@pytest.mark.parametrize("data", [b"HTTP/1.1 400", frame(b"no json"), frame(b"[1]"), frame(b"\xff\xfe")])
def test_garbage_is_named(pair: Pair, data: bytes) -> None:
    connection, game = pair
    game.sendall(data)
    with pytest.raises(BadFrameError):
        connection.receive(5.0)


def test_nan_is_never_sent(pair: Pair) -> None:
    connection, _game = pair
    with pytest.raises(ValueError, match="Out of range"):
        connection.send({"x": float("nan")}, 1.0)


def test_a_wait_can_be_ended_from_outside() -> None:
    class WakeUpError(Exception):
        pass

    def wake() -> None:
        raise WakeUpError

    server = listen()
    with server, pytest.raises(WakeUpError):
        accept(server, 60.0, wake)


def test_nobody_connects_in_time() -> None:
    with listen() as server, pytest.raises(NoReplyError):
        accept(server, 0.15, nothing)
