"""Whether the disk of a project lets its runs be saved, and what to say if it does not."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from rl_studio import storage
from rl_studio.runs.store import Store
from rl_studio.runs.watch import Watcher
from rl_studio.storage import ReadOnlyError, StorageError

_LASTS_S = 10.0
"""A trainer that tries to save leaves some room for moments: until nothing was wrong for so long, something is."""


class ProjectDisk:
    """Looks at the disk of a project.

    Args:
        folder: of the project.
    """

    def __init__(self, folder: Path, store: Store, watcher: Watcher) -> None:
        self._folder = folder
        self._store = store
        self._watcher = watcher
        self._problem: StorageError | None = None
        self._seen_at = 0.0

    @property
    def problem(self) -> StorageError | None:
        """Why runs, or what they tell, are not saved now; None as far as nothing is lost."""
        found = self._look()
        if found is not None:
            self._seen_at = time.monotonic()
            if type(found) is not type(self._problem):
                self._problem = found
        elif time.monotonic() - self._seen_at > _LASTS_S:
            self._problem = None
        return self._problem

    def _look(self) -> StorageError | None:
        if self._watcher.problem is not None:
            return self._watcher.problem
        if self._store.problem is not None and not isinstance(self._store.problem, ReadOnlyError):
            return self._store.problem
        with suppress(OSError):
            return storage.lack_of_room(self._folder)
        return None
