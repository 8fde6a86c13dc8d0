"""The connected clients, and what all of them are told."""

from __future__ import annotations

from typing import Protocol

from rl_studio.protocol.envelopes import Message


class Client(Protocol):
    """A connection, as the rest of the backend sees it. Neither method blocks."""

    def emit(self, event: str, data: Message) -> None:
        """Sends an event as soon as the client takes it."""

    def touch(self, run_id: str) -> None:
        """Says that a run has new samples or new log; matters if the client follows it."""


class Clients:
    """All connected clients."""

    def __init__(self) -> None:
        self._clients: set[Client] = set()

    def __len__(self) -> int:
        return len(self._clients)

    def add(self, client: Client) -> None:
        self._clients.add(client)

    def remove(self, client: Client) -> None:
        self._clients.discard(client)

    def emit(self, event: str, data: Message) -> None:
        """Sends an event to every client."""
        for client in self._clients:
            client.emit(event, data)

    def touch(self, run_id: str) -> None:
        """Tells every client that a run has new samples or new log."""
        for client in self._clients:
            client.touch(run_id)
