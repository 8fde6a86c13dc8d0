"""Standard output that outlives a full disk: what cannot be written waits, and goes out when there is room again."""

from __future__ import annotations

import errno
import io
import select
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

MOST_KEPT = 8 * 1024 * 1024
"""Bytes that wait at most; of more the oldest lines are lost."""

RESERVE_FILE = ".reserve"
RESERVE_BYTES = 256 * 1024
_LAST_WORDS = RESERVE_BYTES // 2


class LastingOutput(io.RawIOBase):
    """The bottom of an output stream, whose writes are complete and do not fail but for a reader that is gone.

    Args:
        file: where everything goes.
        outlives_reader: go on, silently, when nobody reads any more.
    """

    def __init__(self, file: io.FileIO, *, outlives_reader: bool) -> None:
        super().__init__()
        self._file = file
        self._outlives_reader = outlives_reader
        self._kept = bytearray()
        self._lost = False
        self._reserve: Path | None = None
        self._lock = threading.RLock()
        self.problem: OSError | None = None
        """Why the last write failed; None if it did not."""

    def write(self, data: Any) -> int:
        """Writes all of `data`, or keeps what cannot be written.

        Raises:
            BrokenPipeError: the reader is gone, and nothing makes sense without one.
        """
        view = memoryview(data).cast("B")
        with self._lock:
            done = 0 if self._kept else self._put(view)
            if done < len(view):
                self._kept += view[done:]
                self._push()
                self._limit()
        return len(view)

    def keep_reserve(self, folder: Path) -> None:
        """Takes some room in `folder` for the last words, for the case that none is left at the end."""
        path = folder / RESERVE_FILE
        with suppress(OSError):
            self._reserve = path
            path.write_bytes(b"\0" * RESERVE_BYTES)

    def give_up_reserve(self) -> None:
        """Frees what `keep_reserve` took."""
        if self._reserve is not None:
            with suppress(OSError):
                self._reserve.unlink(missing_ok=True)
            self._reserve = None

    def end(self) -> OSError | None:
        """Tries once more to write what waits, or at least its end.

        Returns:
            Why something is lost; None if nothing is.
        """
        with self._lock:
            self._push()
            problem = self.problem
            self.give_up_reserve()
            if len(self._kept) > _LAST_WORDS:
                self._drop_all_but(_LAST_WORDS)
            self._push()
            self._lost |= bool(self._kept)
            self._kept.clear()
            return problem if self._lost else None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()

    @property
    def name(self) -> Any:
        return self._file.name

    def _push(self) -> None:
        done = self._put(memoryview(bytes(self._kept)))
        del self._kept[:done]

    def _put(self, data: memoryview) -> int:
        """Writes what can be written; returns how many bytes that were."""
        done = 0
        while done < len(data):
            try:
                count = self._file.write(data[done:])
            except BrokenPipeError:
                if not self._outlives_reader:
                    raise
                return len(data)
            except OSError as error:
                if error.errno == errno.EBADF:
                    raise
                self.problem = error
                return done
            if count is None:  # a pipe that does not block and is full
                select.select([], [self._file], [], 1.0)
            done += count or 0
        self.problem = None
        return done

    def _limit(self) -> None:
        if len(self._kept) > MOST_KEPT:
            self._drop_all_but(MOST_KEPT // 2)

    def _drop_all_but(self, size: int) -> None:
        self._lost = True
        cut = self._kept.find(b"\n", len(self._kept) - size)
        self._kept[: cut + 1] = b"\n(Here lines are missing: they could not be written.)\n"
