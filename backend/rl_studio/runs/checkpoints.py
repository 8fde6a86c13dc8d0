"""The `checkpoints/` folder of a run as a reader sees it: which are there, and which one is the best.

A checkpoint is made under another name and then renamed, so one that is called step_* is complete.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rl_studio.files import read_json
from rl_studio.runs.state import RunError

logger = logging.getLogger(__name__)

DESCRIPTION_FILE = "checkpoint.json"
BEST_FILE = "best.json"
_PREFIX = "step_"

Which = Literal["latest", "best"] | int
"""A checkpoint of a run: the latest, the best, or that of a timestep."""


@dataclass(frozen=True, slots=True)
class RunCheckpoint:
    """A checkpoint of a run of this project."""

    run_id: str
    which: Which = "latest"


@dataclass(frozen=True, slots=True)
class Best:
    """The content of best.json.

    Attributes:
        checkpoint: name of its folder.
        value: what makes it the best.
        metric: what that is: evaluation_reward or episode_reward_mean.
    """

    checkpoint: str
    value: float
    metric: str


def folder_name(timesteps: int) -> str:
    """The name of the folder of the checkpoint at `timesteps`."""
    return f"{_PREFIX}{timesteps:012d}"


def list_folders(checkpoints: Path) -> list[Path]:
    """All complete checkpoints in the folder `checkpoints`, oldest first; none if there is no such folder."""
    try:
        found = [path for path in checkpoints.iterdir() if path.name.startswith(_PREFIX) and path.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(found)


def read_best(checkpoints: Path) -> Best | None:
    """What is noted of the best checkpoint; None without a note, or if its checkpoint is gone."""
    try:
        data = read_json(checkpoints / BEST_FILE)
        best = Best(str(data["checkpoint"]), float(data["value"]), str(data["metric"]))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("%s cannot be read: %s", checkpoints / BEST_FILE, error)
        return None
    if not math.isfinite(best.value) or best.checkpoint not in (
        path.name for path in list_folders(checkpoints)
    ):
        return None
    return best


def find(checkpoints: Path, which: Which) -> Path:
    """One checkpoint of a `checkpoints/` folder.

    Raises:
        RunError: there is no such checkpoint.
    """
    found = list_folders(checkpoints)
    run = checkpoints.parent.name
    if not found:
        raise RunError(f"The run {run} has no checkpoint.", hint="Choose another run.")
    if which == "latest":
        return found[-1]
    if which == "best":
        best = read_best(checkpoints)
        if best is None:
            raise RunError(
                f"The run {run} has no best checkpoint: no episode had ended when one was made.",
                hint="Choose the latest one.",
            )
        return checkpoints / best.checkpoint
    name = folder_name(which)
    if name not in (path.name for path in found):
        steps = ", ".join(str(int(path.name.removeprefix(_PREFIX))) for path in found)
        raise RunError(f"The run {run} has no checkpoint at {which} steps.", hint=f"It has them at {steps}.")
    return checkpoints / name
