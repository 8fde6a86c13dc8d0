"""One TCP connection to a game: frames of a 4-byte little-endian length and that many bytes of UTF-8 JSON."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

MAX_FRAME = 256 * 1024 * 1024
"""Longest frame accepted, in bytes; anything longer is not a godot-rl game talking."""

WAIT_SLICE_S = 0.1
"""How often a waiting call looks at the world: whether the game lives, whether the user wants to stop."""

_LENGTH = struct.Struct("<I")


class ConnectionClosedError(Exception):
    """The game closed the connection."""


class NoReplyError(Exception):
    """The game did not answer within its time."""


class BadFrameError(Exception):
    """What came in is not a frame of JSON; the text says what it is."""


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


def accept(server: socket.socket, timeout_s: float, on_wait: Callable[[], None]) -> socket.socket:
    """Waits for the game to connect.

    Args:
        server: a listening socket; stays open.
        timeout_s: how long to wait, in seconds.
        on_wait: called about ten times a second meanwhile; whatever it raises ends the wait.

    Raises:
        NoReplyError: nobody connected in time.
    """
    deadline = time.monotonic() + timeout_s
    server.settimeout(WAIT_SLICE_S)
    while True:
        try:
            connection, _address = server.accept()
            return connection
        except TimeoutError:
            on_wait()
            if time.monotonic() > deadline:
                raise NoReplyError from None


class GameConnection:
    """Sends and receives whole messages. Owns the socket.

    Args:
        sock: connected to the game.
        on_wait: called about ten times a second while `receive` waits; whatever it raises ends the wait.
    """

    def __init__(self, sock: socket.socket, on_wait: Callable[[], None]) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(WAIT_SLICE_S)
        self._socket = sock
        self._on_wait = on_wait
        self._buffer = bytearray()

    def send(self, message: dict[str, Any], timeout_s: float) -> None:
        """Sends one message.

        Raises:
            ConnectionClosedError: the game is gone.
            NoReplyError: it has not read what it was sent for `timeout_s` seconds.
        """
        payload = json.dumps(message, ensure_ascii=False, allow_nan=False).encode()
        view = memoryview(_LENGTH.pack(len(payload)) + payload)
        deadline = time.monotonic() + timeout_s
        while view:
            try:
                view = view[self._socket.send(view) :]
            except TimeoutError:
                self._waited(deadline)
            except OSError as error:
                raise ConnectionClosedError from error

    def receive(self, timeout_s: float) -> dict[str, Any]:
        """Waits for one message, at most `timeout_s` seconds.

        Raises:
            ConnectionClosedError, NoReplyError, BadFrameError: there is none.
        """
        deadline = time.monotonic() + timeout_s
        payload = self._read(self._read_length(deadline), deadline)
        try:
            message = json.loads(payload)
        except ValueError as error:
            raise BadFrameError(f"not JSON: {payload[:80]!r}") from error
        if not isinstance(message, dict):
            raise BadFrameError(f"not a JSON object: {payload[:80]!r}")
        return message

    def close(self) -> None:
        """Closes the socket; a game of ours quits when it notices."""
        self._socket.close()

    def _read_length(self, deadline: float) -> int:
        header = self._read(_LENGTH.size, deadline)
        length: int = _LENGTH.unpack(header)[0]
        if length > MAX_FRAME:
            raise BadFrameError(f"a frame of {length} bytes; it begins with {header!r}")
        return length

    def _read(self, size: int, deadline: float) -> bytes:
        while len(self._buffer) < size:
            try:
                data = self._socket.recv(1 << 16)
            except TimeoutError:
                self._waited(deadline)
                continue
            except OSError as error:
                raise ConnectionClosedError from error
            if not data:
                raise ConnectionClosedError
            self._buffer += data
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _waited(self, deadline: float) -> None:
        self._on_wait()
        if time.monotonic() > deadline:
            raise NoReplyError
