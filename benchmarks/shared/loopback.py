"""Bare messages over the loopback interface: what an exchange with a game costs before anybody does anything."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

REQUEST_BYTES = 20
"""A binary action frame of one agent with two actions, with its length."""
ANSWER_BYTES = 68
"""A binary step frame of one agent with eight floats, with its length."""
_BLOCK = 200

_ECHO = f"""
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as game:
    game.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    game.setblocking(sys.argv[2] == "sleeping")
    while True:
        try:
            if not game.recv({REQUEST_BYTES}):
                break
        except BlockingIOError:
            continue
        game.sendall(bytes({ANSWER_BYTES}))
"""


def round_trips_per_second(seconds: float, *, sleeping: bool) -> float:
    """Question and answer between two processes that do nothing else.

    Args:
        sleeping: whether both wait in the kernel, or look again and again, which takes a core each.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        way = "sleeping" if sleeping else "looking"
        with subprocess.Popen([sys.executable, "-c", _ECHO, port, way]) as echo:
            try:
                game, _ = server.accept()
                with game:
                    game.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    game.setblocking(sleeping)
                    _exchange(game, seconds / 4)
                    return _exchange(game, seconds)
            finally:
                echo.kill()


def _exchange(game: socket.socket, seconds: float) -> float:
    request = bytes(REQUEST_BYTES)
    count = 0
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        for _ in range(_BLOCK):
            game.sendall(request)
            _wait_for_answer(game)
        count += _BLOCK
    return count / passed


def _wait_for_answer(game: socket.socket) -> None:
    while True:
        try:
            game.recv(ANSWER_BYTES)
        except BlockingIOError:
            continue
        return
