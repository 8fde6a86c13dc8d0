"""One TCP connection to a game: frames of a 4-byte little-endian length and that many bytes, JSON or binary."""

from __future__ import annotations

import json
import select
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

MAX_FRAME = 256 * 1024 * 1024
"""Longest frame accepted, in bytes; anything longer is not a godot-rl game talking."""

WAIT_SLICE_S = 0.1
"""How often a waiting call looks at the world: whether the game lives, whether the user wants to stop."""

BINARY_MARK = b"RL"
"""What a binary frame begins with; JSON begins with a brace."""

_LENGTH = struct.Struct("<I")
_BUFFER = 64 * 1024
_CHUNK = 1024 * 1024


class ConnectionClosedError(Exception):
    """The game closed the connection."""


class NoReplyError(Exception):
    """The game did not answer within its time."""


class BadFrameError(Exception):
    """What came in is no frame that was due; the text says what it is."""


def listen(port: int = 0) -> socket.socket:
    """Binds 127.0.0.1 and listens; port 0 takes a free one. The caller closes the socket.

    Raises:
        OSError: the port is taken.
    """
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if port:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen(1)
    except OSError:
        server.close()
        raise
    return server


def accept(
    server: socket.socket,
    timeout_s: float,
    on_wait: Callable[[], None],
    is_welcome: Callable[[socket.socket], bool] = lambda _connection: True,
) -> socket.socket:
    """Waits for the game to connect.

    Args:
        server: a listening socket; stays open.
        timeout_s: how long to wait, in seconds.
        on_wait: called about ten times a second meanwhile; whatever it raises ends the wait.
        is_welcome: whether a connection is the game's; others are closed and waited on.

    Raises:
        NoReplyError: nobody connected in time.
    """
    deadline = time.monotonic() + timeout_s
    server.settimeout(WAIT_SLICE_S)
    while True:
        try:
            connection, _address = server.accept()
            if is_welcome(connection):
                return connection
            connection.close()
        except TimeoutError:
            on_wait()
        if time.monotonic() > deadline:
            raise NoReplyError


class GameConnection:
    """Sends and receives whole messages. Owns the socket, and asks it first: who waits before costs a system call.

    Args:
        sock: connected to the game.
        on_wait: called about ten times a second while a call waits; whatever it raises ends the wait.
    """

    def __init__(self, sock: socket.socket, on_wait: Callable[[], None]) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        self.socket = sock
        """For `select`; reading from it is up to `receive`."""
        self._on_wait = on_wait
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        self._start = 0
        self._end = 0

    def send(self, message: dict[str, Any] | bytes, timeout_s: float) -> None:
        """Sends one message: a dictionary as JSON, bytes as they are.

        Raises:
            ConnectionClosedError: the game is gone.
            NoReplyError: it has not read what it was sent for `timeout_s` seconds.
        """
        if isinstance(message, dict):
            message = json.dumps(message, ensure_ascii=False, allow_nan=False).encode()
        view = memoryview(_LENGTH.pack(len(message)) + message)
        deadline = time.monotonic() + timeout_s
        while view:
            try:
                view = view[self.socket.send(view) :]
            except BlockingIOError:
                self._wait([], [self.socket], deadline)
            except OSError as error:
                raise ConnectionClosedError from error

    def receive(self, timeout_s: float) -> dict[str, Any] | bytearray:
        """Waits for one message, at most `timeout_s` seconds: a dictionary, or a binary frame without its length.

        A binary frame is the caller's to keep.

        Raises:
            ConnectionClosedError, NoReplyError, BadFrameError: there is none.
        """
        payload = self._receive_payload(time.monotonic() + timeout_s)
        return payload if payload.startswith(BINARY_MARK) else _parse(payload)

    def has_whole_frame(self) -> bool:
        """Whether `receive` would return, or fail, without reading from the socket."""
        count = self._end - self._start - _LENGTH.size
        return count >= 0 and (count >= self._next_length() or self._next_length() > MAX_FRAME)

    def close(self) -> None:
        """Closes the socket; a game of ours quits when it notices."""
        self.socket.close()

    def _receive_payload(self, deadline: float) -> bytearray:
        while self._end - self._start < _LENGTH.size:
            self._fill_buffer(deadline)
        length = self._next_length()
        if length > MAX_FRAME:
            begin = bytes(self._view[self._start : self._start + _LENGTH.size])
            raise BadFrameError(f"a frame of {length} bytes; it begins with {begin!r}")
        begin_at = self._start + _LENGTH.size
        self._start = min(begin_at + length, self._end)
        payload = bytearray(self._view[begin_at : self._start])
        while len(payload) < length:
            self._extend(payload, min(length, len(payload) + _CHUNK), deadline)
        return payload

    def _next_length(self) -> int:
        length: int = _LENGTH.unpack_from(self._buffer, self._start)[0]
        return length

    def _fill_buffer(self, deadline: float) -> None:
        """Reads what there is; what was left moves to the front."""
        left = self._end - self._start
        self._buffer[:left] = self._buffer[self._start : self._end]
        self._start, self._end = 0, left
        self._end += self._read_into(self._view[left:], deadline)

    def _extend(self, payload: bytearray, size: int, deadline: float) -> None:
        """Reads on until `payload` has `size` bytes. A length that was a lie has cost one chunk of memory."""
        filled = len(payload)
        payload.extend(bytes(size - filled))
        with memoryview(payload) as view:
            while filled < size:
                filled += self._read_into(view[filled:], deadline)

    def _read_into(self, view: memoryview, deadline: float) -> int:
        while True:
            try:
                count = self.socket.recv_into(view)
            except BlockingIOError:
                self._wait([self.socket], [], deadline)
                continue
            except OSError as error:
                raise ConnectionClosedError from error
            if not count:
                raise ConnectionClosedError
            return count

    def _wait(self, readers: list[socket.socket], writers: list[socket.socket], deadline: float) -> None:
        if not any(select.select(readers, writers, [], WAIT_SLICE_S)):
            self._on_wait()
            if time.monotonic() > deadline:
                raise NoReplyError


def _parse(payload: bytearray) -> dict[str, Any]:
    try:
        message = json.loads(payload.decode())
    except (ValueError, RecursionError) as error:
        raise BadFrameError(f"not JSON: {bytes(payload[:80])!r}") from error
    if not isinstance(message, dict):
        raise BadFrameError(f"not a JSON object: {bytes(payload[:80])!r}")
    return message
