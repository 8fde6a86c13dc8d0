"""Frames on a real loopback socket."""

from __future__ import annotations

import socket
import struct
import threading
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rl_studio_training.connection import (
    MAX_FRAME,
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


def test_a_binary_frame_is_handed_out_as_it_came(pair: Pair) -> None:
    connection, game = pair
    game.sendall(frame(b"RL\x01\x04abc") + frame(b'{"a": 1}'))
    first = connection.receive(5.0)
    assert isinstance(first, bytearray)
    assert connection.receive(5.0) == {"a": 1}
    assert first == b"RL\x01\x04abc"  # not overwritten by what came later


def test_bytes_are_sent_as_they_are(pair: Pair) -> None:
    connection, game = pair
    connection.send(b"RL\x01\x02", 1.0)
    assert game.recv(100) == frame(b"RL\x01\x02")


def test_a_frame_larger_than_any_buffer_arrives_whole(pair: Pair) -> None:
    connection, game = pair
    payload = b"RL" + bytes(range(256)) * 20_000
    sender = threading.Thread(target=game.sendall, args=(frame(payload) + frame(b"{}"),))
    sender.start()
    assert connection.receive(20.0) == payload
    assert connection.receive(5.0) == {}
    sender.join()


def test_a_message_larger_than_any_buffer_is_sent_whole(pair: Pair) -> None:
    connection, game = pair
    payload = bytes(range(256)) * 80_000
    sender = threading.Thread(target=connection.send, args=(payload, 20.0))
    sender.start()
    with game.makefile("rb") as file:
        assert file.read(4 + len(payload)) == frame(payload)
    sender.join()


def test_a_peer_that_does_not_read_is_given_up(pair: Pair) -> None:
    connection, _game = pair
    with pytest.raises(NoReplyError):
        connection.send(bytes(64 * 1024 * 1024), 0.15)


def test_a_forged_length_costs_no_more_than_what_came(pair: Pair) -> None:
    connection, game = pair
    game.sendall(struct.pack("<I", MAX_FRAME) + b"RL")
    game.close()
    tracemalloc.start()
    with pytest.raises(ConnectionClosedError):
        connection.receive(5.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 1024 * 1024


def test_a_length_beyond_the_limit_is_no_game(pair: Pair) -> None:
    connection, game = pair
    game.sendall(struct.pack("<I", MAX_FRAME + 1))
    with pytest.raises(BadFrameError, match=f"a frame of {MAX_FRAME + 1} bytes"):
        connection.receive(5.0)


def test_deeply_nested_json_is_named(pair: Pair) -> None:
    connection, game = pair
    game.sendall(frame(b"[" * 50_000))
    with pytest.raises(BadFrameError, match="not JSON"):
        connection.receive(5.0)


def test_whether_a_frame_waits_in_the_buffer_is_known(pair: Pair) -> None:
    connection, game = pair
    assert not connection.has_whole_frame()
    game.sendall(frame(b"{}") + frame(b'{"a": 1}') + frame(b'{"b": 2}')[:6])
    connection.receive(5.0)
    assert connection.has_whole_frame()
    connection.receive(5.0)
    assert not connection.has_whole_frame()


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=200)
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    ours, theirs = _tcp_pair()
    connection = GameConnection(ours, nothing)
    theirs.sendall(data)
    theirs.close()
    try:
        while True:
            assert isinstance(connection.receive(5.0), dict | bytearray)
    except (BadFrameError, ConnectionClosedError):
        connection.close()


def test_a_wait_for_an_answer_can_be_ended_from_outside() -> None:
    class WakeUpError(Exception):
        pass

    def wake() -> None:
        raise WakeUpError

    ours, theirs = _tcp_pair()
    connection = GameConnection(ours, wake)
    with theirs, pytest.raises(WakeUpError):
        connection.receive(60.0)
    connection.close()
