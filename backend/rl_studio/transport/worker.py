"""Blocking work beside the event loop, one piece at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

_T = TypeVar("_T")


class Worker:
    """Runs blocking calls in a thread. One at a time, because a RunService is for one thread at a time."""

    def __init__(self) -> None:
        self._limiter = anyio.CapacityLimiter(1)

    async def call(self, work: Callable[[], _T]) -> _T:
        """Returns what `work` returns. Others wait meanwhile, so it should take milliseconds."""
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)
