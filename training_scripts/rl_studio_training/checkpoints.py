"""Checkpoints: folders that are complete or absent, pruned to the newest few."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from rl_studio.files import read_json, write_json_atomic
from rl_studio_training.errors import CheckpointError
from rl_studio_training.reporter import clean, timestamp

Reason = Literal["periodic", "final", "interrupted", "error"]

MODEL_FILE = "model.zip"
DESCRIPTION_FILE = "checkpoint.json"
_PREFIX = "step_"


class CheckpointFolder:
    """The `checkpoints/` folder of a run. Only one process writes to it.

    Args:
        path: the folder; made when the first checkpoint is saved.
        keep: periodic checkpoints to keep; the last one of a run is never pruned.
    """

    def __init__(self, path: Path, keep: int) -> None:
        self.path = path
        self._keep = keep

    def save(
        self, timesteps: int, reason: Reason, write_model: Callable[[Path], None], facts: dict[str, Any]
    ) -> Path:
        """Saves one checkpoint and prunes older periodic ones.

        A checkpoint of the same timestep holds the same weights: only its description is renewed.

        Args:
            timesteps: agent steps so far; names the folder.
            write_model: writes the model to the path it is given.
            facts: the other fields of checkpoint.json.

        Raises:
            OSError: it cannot be written; nothing is left behind.
        """
        description = {
            "schema": 1,
            "timesteps": timesteps,
            "created": timestamp(),
            "reason": reason,
            **clean(facts),
        }
        target = self.path / f"{_PREFIX}{timesteps:012d}"
        if target.exists():
            write_json_atomic(target / DESCRIPTION_FILE, description)
            return target
        temporary = self.path / f".{target.name}.{os.getpid()}.tmp"
        temporary.mkdir(parents=True)
        try:
            write_model(temporary / MODEL_FILE)
            write_json_atomic(temporary / DESCRIPTION_FILE, description)
            temporary.rename(target)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        self._prune(target)
        return target

    def _prune(self, newest: Path) -> None:
        others = [path for path in self.list() if path != newest and self._is_periodic(path)]
        for path in others[: max(0, len(others) - (self._keep - 1))]:
            doomed = path.with_name(f".{path.name}.deleted")
            with contextlib.suppress(OSError):
                path.rename(doomed)
                shutil.rmtree(doomed, ignore_errors=True)

    @staticmethod
    def _is_periodic(path: Path) -> bool:
        try:
            return bool(read_json(path / DESCRIPTION_FILE).get("reason") == "periodic")
        except (OSError, ValueError, AttributeError):
            return False

    def list(self) -> list[Path]:
        """All complete checkpoints, oldest first."""
        if not self.path.is_dir():
            return []
        return sorted(path for path in self.path.glob(f"{_PREFIX}*") if path.is_dir())


def read_description(checkpoint: Path) -> dict[str, Any]:
    """checkpoint.json of a checkpoint folder.

    Raises:
        CheckpointError: the folder is no checkpoint.
    """
    try:
        description = read_json(checkpoint / DESCRIPTION_FILE)
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{checkpoint} is not a checkpoint: {DESCRIPTION_FILE} cannot be read ({error}).",
            hint="Give a folder such as .rl_studio/runs/RUN/checkpoints/step_000000200000.",
        ) from error
    if not isinstance(description, dict) or not (checkpoint / MODEL_FILE).is_file():
        raise CheckpointError(f"{checkpoint} is not a complete checkpoint: it has no {MODEL_FILE}.")
    return description
