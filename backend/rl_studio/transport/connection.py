"""One client's connection: frames between its WebSocket and its session."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import anyio
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from rl_studio import storage
from rl_studio.errors import StudioError
from rl_studio.protocol.envelopes import Message
from rl_studio.protocol.session import Call, Session
from rl_studio.runs import RunError, RunService
from rl_studio.transport.follow import Follow

logger = logging.getLogger(__name__)

MAX_PENDING_ANSWERS = 16
"""A client that asks more without reading the answers is not listened to until it reads."""

FLUSH_TIMEOUT_S = 2.0

Handler = Callable[["Connection", Call], Awaitable[Any]]
Blocking = Callable[[Callable[[], bytes | None]], Awaitable[bytes | None]]


class InternalError(StudioError):
    """A fault of ours; what it is stands in the backend's log."""

    code = "internal"


class Connection:
    """Reads requests one after another, and writes answers, events and what the client follows.

    Args:
        websocket: the accepted connection.
        service: where followed runs are read.
        handle: carries out a call and returns its result.
        blocking: runs something that reads from disk without stopping the event loop.
    """

    def __init__(
        self, websocket: ServerConnection, service: RunService, handle: Handler, blocking: Blocking
    ) -> None:
        self._websocket = websocket
        self._service = service
        self._handle = handle
        self._blocking = blocking
        self._session = Session()
        self._follows: dict[str, Follow] = {}
        self._news = anyio.Event()
        self._idle = anyio.Event()
        self._over = False

    async def run(self) -> None:
        """Serves the client until it or we close the connection. Never raises but for cancellation."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._write)
                await self._read()
                tasks.cancel_scope.cancel()
        except* ConnectionClosed:
            pass
        except* Exception:
            logger.exception("a connection failed")
        finally:
            self._over = True
            self._idle.set()  # nobody waits for what will not be sent

    def emit(self, event: str, data: Message) -> None:
        """See `Client`."""
        self._session.emit(event, data)
        self._wake()

    def touch(self, run_id: str) -> None:
        """See `Client`."""
        follow = self._follows.get(run_id)
        if follow is not None:
            follow.behind = True
            self._wake()

    def follow(self, follow: Follow) -> None:
        """Begins to send a run's samples and log; takes the place of an earlier follow of the same run."""
        self._follows[follow.run_id] = follow
        self._wake()

    def unfollow(self, run_id: str) -> None:
        """Ends what `follow` began."""
        self._follows.pop(run_id, None)

    async def flush(self) -> None:
        """Waits until all that was emitted is sent, but not long."""
        self._wake()
        with anyio.move_on_after(FLUSH_TIMEOUT_S):
            await self._idle.wait()

    async def close(self, code: CloseCode, reason: str) -> None:
        """Closes the connection, which may be gone already."""
        with suppress(ConnectionClosed, OSError):
            await self._websocket.close(code, reason[:100])

    async def _read(self) -> None:
        async for frame in self._websocket:
            call = self._session.receive(frame)
            if call is not None:
                await self._answer(call)
            self._wake()
            if self._session.violation is not None:
                logger.warning("a client broke the protocol: %s", self._session.violation)
                await self.flush()
                await self.close(CloseCode.PROTOCOL_ERROR, self._session.violation)
                return
            while self._session.pending_answers > MAX_PENDING_ANSWERS:
                await self._idle.wait()

    async def _answer(self, call: Call) -> None:
        logger.debug("< %d %s", call.id, call.method)
        try:
            result = await self._handle(self, call)
        except StudioError as error:
            logger.debug("> %d error %s: %s", call.id, error.code, error.message)
            self._session.fail(call, error)
        except Exception as error:
            logger.exception("%s failed", call.method)
            known = storage.explain(error, self._service.project.state_dir)
            hint = "The file .rl_studio/backend.log says more."
            self._session.fail(call, known or InternalError("The backend failed to do this.", hint=hint))
        else:
            self._session.respond(call, result)

    async def _write(self) -> None:
        while True:
            frame = await self._next_frame()
            if frame is not None:
                await self._websocket.send(frame)
                continue
            self._idle.set()
            await self._news.wait()
            self._news = anyio.Event()

    async def _next_frame(self) -> bytes | None:
        ended = self._session.next_ends_run()
        if ended is not None and ended in self._follows:
            # The last samples come before the news that the run is over.
            frame = await self._next_of(self._follows[ended])
            if frame is not None:
                return frame
        frame = self._session.next_frame()
        if frame is not None:
            return frame
        for follow in list(self._follows.values()):
            if follow.behind:
                frame = await self._next_of(follow)
                if frame is not None:
                    return frame
        return None

    async def _next_of(self, follow: Follow) -> bytes | None:
        follow.behind = False
        try:
            frame = await self._blocking(lambda: follow.next_frame(self._service))
        except RunError:
            self._follows.pop(follow.run_id, None)  # somebody deleted the run
            return None
        except (OSError, sqlite3.Error):
            logger.debug("run %s cannot be read now", follow.run_id, exc_info=True)
            return None
        except Exception:
            logger.exception("run %s cannot be followed", follow.run_id)
            self._follows.pop(follow.run_id, None)
            return None
        if frame is None or self._follows.get(follow.run_id) is not follow:
            return None
        follow.behind = True
        return frame

    def _wake(self) -> None:
        if self._idle.is_set() and not self._over:
            self._idle = anyio.Event()
        self._news.set()
