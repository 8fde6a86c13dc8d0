"""The backend of one project: the parts put together, and its life from listening to leaving."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus

import anyio
from anyio.abc import TaskGroup
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from rl_studio import __version__
from rl_studio.protocol import MAX_FRAME, SUBPROTOCOL
from rl_studio.protocol.messages import BackendClosing
from rl_studio.runs import RunService
from rl_studio.runs.folder import format_time
from rl_studio.transport.clients import Clients
from rl_studio.transport.connection import Connection
from rl_studio.transport.discovery import Discovery
from rl_studio.transport.exports import Exporter, Exports
from rl_studio.transport.handlers import Handlers
from rl_studio.transport.monitor import Monitor
from rl_studio.transport.worker import Worker

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"


class Backend:
    """Serves one project. Made by `listen`.

    Attributes:
        leaving: set when the backend is to end; whoever runs it waits for that.
        discovery: where clients find it.
        address: where it listens.
    """

    def __init__(self, service: RunService, tasks: TaskGroup, exporter: Exporter | None = None) -> None:
        self.project = service.project
        self.service = service
        self.clients = Clients()
        self.worker = Worker()
        self.monitor = Monitor(service, self.clients, self.worker)
        self.exports = Exports(
            self.project, self.clients, tasks, find_godot=service.find_godot, export=exporter
        )
        self.leaving = anyio.Event()
        self.discovery: Discovery
        self.address = ""
        self._handlers = Handlers(self)
        self._connections: set[Connection] = set()
        self._token = secrets.token_urlsafe(32)
        self._reason = "shutdown"

    def shut_down(self, reason: str) -> None:
        """Has the backend leave; returns at once."""
        self._reason = reason
        self.leaving.set()

    async def leave(self, server: Server) -> None:
        """Says goodbye to the clients and closes their connections. Runs go on, exports do not."""
        logger.info("leaving: %s", self._reason)
        self.exports.cancel_all()
        self.clients.emit("backend.closing", BackendClosing(reason=self._reason))
        server.close(close_connections=False)
        async with anyio.create_task_group() as tasks:
            for connection in self._connections.copy():
                tasks.start_soon(self._dismiss, connection)

    async def leave_when_idle(self, seconds: float) -> None:
        """Has the backend leave after so long without a client, a run or an export."""
        idle_since = anyio.current_time()
        while True:
            await anyio.sleep(min(1.0, seconds / 4))
            if len(self.clients) or self.monitor.active or self.exports.active:
                idle_since = anyio.current_time()
            elif anyio.current_time() - idle_since >= seconds:
                self.shut_down(f"idle for {seconds:g} s")
                return

    def check(self, _: ServerConnection, request: Request) -> Response | None:
        """Refuses browsers, which always name their origin, and whoever does not know the token."""
        if "Origin" in request.headers:
            return _refuse(HTTPStatus.FORBIDDEN, "Not for browsers.\n")
        given = request.headers.get_all("Authorization")
        expected = f"Bearer {self._token}".encode()
        if len(given) != 1 or not secrets.compare_digest(given[0].encode(errors="replace"), expected):
            return _refuse(HTTPStatus.UNAUTHORIZED, "The token is in .rl_studio/backend.json.\n")
        return None

    async def serve_client(self, websocket: ServerConnection) -> None:
        """Serves one connection until it is closed."""
        connection = Connection(websocket, self.service, self._handlers.handle, self.worker.call)
        self.clients.add(connection)
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)
            self.clients.remove(connection)

    def describe(self, port: int) -> None:
        """Sets what clients have to know."""
        self.discovery = Discovery(
            port=port,
            token=self._token,
            pid=os.getpid(),
            protocol=SUBPROTOCOL,
            version=__version__,
            started=format_time(datetime.now(UTC)),
        )

    async def _dismiss(self, connection: Connection) -> None:
        with anyio.move_on_after(2):
            await connection.flush()
            await connection.close(CloseCode.GOING_AWAY, self._reason)


def _refuse(status: HTTPStatus, text: str) -> Response:
    from websockets.datastructures import Headers

    body = text.encode()
    headers = Headers({"Connection": "close", "Content-Length": str(len(body)), "Content-Type": "text/plain"})
    return Response(status.value, status.phrase, headers, body)


@asynccontextmanager
async def listen(
    service: RunService, *, idle_limit: float | None = None, exporter: Exporter | None = None
) -> AsyncIterator[Backend]:
    """Runs a backend as long as the context is open; leave it when `backend.leaving` is set.

    Args:
        service: the project's runs; stays the caller's.
        idle_limit: seconds without client, run and export after which the backend wants to leave; None for
        never.
        exporter: carries out exports; None for the real one.
    """
    async with anyio.create_task_group() as tasks:
        backend = Backend(service, tasks, exporter)
        async with serve(
            backend.serve_client,
            HOST,
            0,
            process_request=backend.check,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            max_size=MAX_FRAME,
            # An editor that imports assets answers no pings for minutes. Loopback connections do not die
            # silently.
            ping_interval=None,
            close_timeout=2,
        ) as server:
            backend.address, port = next(iter(server.sockets)).getsockname()
            backend.describe(port)
            tasks.start_soon(backend.monitor.run)
            if idle_limit is not None:
                tasks.start_soon(backend.leave_when_idle, idle_limit)
            try:
                yield backend
            finally:
                with anyio.CancelScope(shield=True), anyio.move_on_after(5):
                    await backend.leave(server)
                tasks.cancel_scope.cancel()
