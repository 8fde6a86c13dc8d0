"""A client of the backend for tests: blocking, with deadlines, and suspicious."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import msgpack
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from backend_support import SECONDS
from rl_studio.protocol import SUBPROTOCOL
from rl_studio.transport.discovery import Discovery


class RequestFailedError(AssertionError):
    """The backend answered with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.error = error


def open_socket(discovery: Discovery, **options: Any) -> ClientConnection:
    """Connects as the protocol wants it, or as `options` say instead."""
    given: dict[str, Any] = {
        "subprotocols": [Subprotocol(SUBPROTOCOL)],
        "additional_headers": {"Authorization": f"Bearer {discovery.token}"},
        "compression": None,
        "max_size": None,
        "open_timeout": 10 * SECONDS,
        "close_timeout": 2 * SECONDS,
        "ping_interval": None,
    }
    connection: ClientConnection = connect(f"ws://127.0.0.1:{discovery.port}", **(given | options))
    return connection


class Client:
    """One connection. Events that come while an answer is awaited are kept in `events`."""

    def __init__(self, discovery: Discovery, **options: Any) -> None:
        # Newer versions of the library insist on a context manager.
        self.socket = open_socket(discovery, **options).__enter__()
        self.events: list[dict[str, Any]] = []
        self._ids = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def send(self, method: str, **params: Any) -> int:
        """Sends a request and returns its id."""
        number = next(self._ids)
        self.socket.send(msgpack.packb({"type": "request", "id": number, "method": method, "params": params}))
        return number

    def receive(self, *, seconds: float = 20.0) -> dict[str, Any]:
        """The next message, whatever it is."""
        frame = self.socket.recv(timeout=seconds * SECONDS)
        assert isinstance(frame, bytes)
        message: dict[str, Any] = msgpack.unpackb(frame)
        return message

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a method.

        Raises:
            RequestFailedError: the answer is an error.
        """
        number = self.send(method, **params)
        while True:
            message = self.receive()
            if message["type"] == "event":
                self.events.append(message)
                continue
            assert message["id"] == number
            if message["type"] == "error":
                raise RequestFailedError(message["error"])
            result: dict[str, Any] = message["result"]
            return result

    def fails(self, method: str, **params: Any) -> dict[str, Any]:
        """The error that a method answers with."""
        try:
            result = self.call(method, **params)
        except RequestFailedError as failure:
            return failure.error
        raise AssertionError(f"{method} did not fail but gave {result}")

    def until(self, wanted: Callable[[str, dict[str, Any]], bool]) -> dict[str, Any]:
        """Takes events, those kept first, until one for which `wanted(event, data)`; returns its data.

        What was taken before it is dropped.
        """
        while True:
            message = self.events.pop(0) if self.events else self.receive()
            assert message["type"] == "event", message
            if wanted(message["event"], message["data"]):
                data: dict[str, Any] = message["data"]
                return data

    def until_state(self, run_id: str, *states: str) -> dict[str, Any]:
        """Takes events until the run is in one of these states; returns the run."""
        data = self.until(
            lambda event, data: (
                event == "run.changed" and data["run"]["id"] == run_id and data["run"]["state"] in states
            )
        )
        run: dict[str, Any] = data["run"]
        return run

    def start_run(self, *steps: str, **overrides: Any) -> str:
        """Starts a run of the fake trainer with these steps; returns its id."""
        self.call("experiment.save", name="fake", trainer="fake", overrides={})
        given = {"steps": "\n".join(steps), **overrides}
        return str(self.call("run.start", experiment="fake", overrides=given)["run"]["id"])
