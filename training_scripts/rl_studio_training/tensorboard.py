"""SB3's logger, writing TensorBoard events and nothing else."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from stable_baselines3.common.logger import KVWriter, Logger, make_output_format

from rl_studio import storage
from rl_studio.storage import StorageError
from rl_studio_training.reporter import Reporter

_RETRY_S = 10.0


class TensorBoardEvents(KVWriter):
    """Writes events; goes without while the disk takes none, which a warning says, and then on in another file.

    Args:
        folder: where the files are made.

    Raises:
        ImportError, AssertionError: TensorBoard is not installed.
    """

    def __init__(self, folder: Path, reporter: Reporter) -> None:
        self._folder = folder
        self._reporter = reporter
        self._writer: KVWriter | None = None
        self._next_try_at = 0.0
        self._has_warned = False
        try:
            self._open()
        except OSError as error:
            self._give_up(error)

    def write(
        self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0
    ) -> None:
        """See `KVWriter`."""
        if time.monotonic() < self._next_try_at:
            return
        try:
            # Without room it is a thread of TensorBoard's that fails, with a traceback.
            storage.require_room(self._folder)
            if self._writer is None:
                self._open()
            assert self._writer is not None
            self._writer.write(key_values, key_excluded, step)
        except OSError as error:
            self._give_up(error)
        except StorageError as problem:
            self._wait(problem)

    def close(self) -> None:
        """See `KVWriter`."""
        if self._writer is not None:
            with suppress(OSError):
                self._writer.close()

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._writer = make_output_format("tensorboard", str(self._folder))

    def _give_up(self, error: OSError) -> None:
        """Leaves the file as it is: whatever was written of the last event cannot be taken back."""
        self.close()
        self._writer = None
        self._wait(storage.describe(error, self._folder))

    def _wait(self, problem: StorageError) -> None:
        self._next_try_at = time.monotonic() + _RETRY_S
        if not self._has_warned:
            self._has_warned = True
            self._reporter.warning(f"TensorBoard events are not written for now. {problem.message}")


def make_logger(folder: Path, reporter: Reporter) -> Logger:
    """A logger into `folder`; without TensorBoard installed one that only remembers the last values."""
    writers: list[KVWriter] = []
    try:
        writers.append(TensorBoardEvents(folder, reporter))
    except (ImportError, AssertionError):
        reporter.warning("There will be no TensorBoard events: the package tensorboard is not installed.")
    return Logger(folder=str(folder), output_formats=writers)
