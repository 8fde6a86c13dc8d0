"""Checkpoints: folders that are complete or absent, of which the newest few and the best are kept."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rl_studio.files import read_json, write_json_atomic
from rl_studio.runs import checkpoints as found_checkpoints
from rl_studio.runs.checkpoints import BEST_FILE, DESCRIPTION_FILE, Best, Bests, Which
from rl_studio.runs.state import RunError
from rl_studio_training.beginnings import FROM_POLICY
from rl_studio_training.errors import CheckpointError
from rl_studio_training.judging import Judge
from rl_studio_training.reporter import clean, timestamp

Reason = Literal["periodic", "best", "final", "interrupted", "error"]
BestMetric = Literal["evaluation_reward", "episode_reward_mean"]

LASTING: tuple[Reason, ...] = ("final", "interrupted")
"""A checkpoint that cannot be saved ends training only if it would have been the last one."""

MODEL_FILE = "model.zip"
"""What SB3 saves of a model."""


@dataclass(frozen=True, slots=True)
class Counters:
    """How far a run is; a resumed one counts on.

    Args:
        timesteps: agent steps.
        env_steps: decisions of whole games: one per game and step.
        iterations: metric lines.
        episodes: that ended.
        time_total_s: seconds of training.
    """

    timesteps: int = 0
    env_steps: int = 0
    iterations: int = 0
    episodes: int = 0
    time_total_s: float = 0.0

    @classmethod
    def read(cls, description: dict[str, Any]) -> Counters:
        """Those of a checkpoint.json.

        Raises:
            CheckpointError: it has none, because it was made by an older version.
        """
        try:
            told = description["counters"]
            numbers = {name: told[name] for name in ("timesteps", "env_steps", "iterations", "episodes")}
            return cls(
                **{name: int(value) for name, value in numbers.items()}, time_total_s=told["time_total_s"]
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                "The checkpoint does not say how far its run was.",
                hint=FROM_POLICY,
            ) from error


class CheckpointFolder:
    """The `checkpoints/` folder of a run. Only one process writes to it.

    Args:
        path: the folder; made when the first checkpoint is saved.
        keep: periodic checkpoints to keep; the best ones and the last one of a run are never pruned.
        only_latest: names of (large) files that only the latest checkpoint keeps.
    """

    def __init__(self, path: Path, keep: int, only_latest: tuple[str, ...] = ()) -> None:
        self.path = path
        self._keep = keep
        self._only_latest = only_latest

    def save(
        self, timesteps: int, reason: Reason, write: Callable[[Path], object], facts: dict[str, Any]
    ) -> Path:
        """Saves one checkpoint and prunes older periodic ones.

        A checkpoint of the same timestep holds the same weights: only its description is renewed.

        Args:
            timesteps: agent steps so far; names the folder.
            write: writes any files into the folder it is given, which exists and is empty.
            facts: the other fields of checkpoint.json.

        Returns:
            The checkpoint's folder.

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
        target = self.path / found_checkpoints.folder_name(timesteps)
        if target.exists():
            write_json_atomic(target / DESCRIPTION_FILE, description)
            return target
        temporary = self.path / f".{target.name}.{os.getpid()}.tmp"
        temporary.mkdir(parents=True)
        try:
            write(temporary)
            write_json_atomic(temporary / DESCRIPTION_FILE, description)
            temporary.rename(target)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        self._lighten(target)
        self._prune(target)
        return target

    def set_best(self, path: Path, values: Mapping[str, float], metric: BestMetric, judge: Judge) -> None:
        """Notes that a checkpoint is the best one so far; those that were until now may be pruned.

        Args:
            path: its folder, as `save` returned it.
            values: by policy for which it is the best, what makes it so; finite.
            judge: whose policies they are.

        Raises:
            OSError: it cannot be written.
        """
        new = {name: Best(path.name, value, metric) for name, value in values.items()}
        before = found_checkpoints.read_bests(self.path)
        policies = judge.among({**before.policies, **new})
        overall = None if judge.sole is None else policies.get(judge.sole)
        write_json_atomic(self.path / BEST_FILE, Bests(overall, policies, judge.policies).to_json())
        self._prune(path)

    def find(self, which: Which, policy: str | None = None) -> Path:
        """One of the checkpoints: the latest, the best (for a policy), or that of a timestep.

        Raises:
            CheckpointError: there is no such checkpoint.
        """
        return find_checkpoint(self.path, which, policy)

    def list(self) -> list[Path]:
        """All complete checkpoints, oldest first."""
        return found_checkpoints.list_folders(self.path)

    def _lighten(self, newest: Path) -> None:
        for path in self.list():
            for name in self._only_latest if path != newest else ():
                with contextlib.suppress(OSError):
                    (path / name).unlink(missing_ok=True)

    def _prune(self, newest: Path) -> None:
        spared = {newest.name, *found_checkpoints.read_bests(self.path).checkpoints}
        reasons = {path: _reason(path) for path in self.list() if path.name not in spared}
        periodic = [path for path, reason in reasons.items() if reason == "periodic"]
        doomed = periodic[: max(0, len(periodic) - (self._keep - 1))]
        doomed += [path for path, reason in reasons.items() if reason == "best"]
        for path in doomed:
            hidden = path.with_name(f".{path.name}.deleted")
            with contextlib.suppress(OSError):
                path.rename(hidden)
                shutil.rmtree(hidden, ignore_errors=True)


def find_checkpoint(checkpoints: Path, which: Which, policy: str | None = None) -> Path:
    """One checkpoint of a `checkpoints/` folder: the latest, the best (for a policy), or that of a timestep.

    Raises:
        CheckpointError: there is no such checkpoint.
    """
    try:
        return found_checkpoints.find(checkpoints, which, policy)
    except RunError as error:
        raise CheckpointError(error.message, hint=error.hint) from error


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
    if not isinstance(description, dict):
        raise CheckpointError(f"{checkpoint} is not a checkpoint: its {DESCRIPTION_FILE} is no object.")
    if description.get("trainer", "sb3") == "sb3" and not (checkpoint / MODEL_FILE).is_file():
        raise CheckpointError(f"{checkpoint} is not a complete checkpoint: it has no {MODEL_FILE}.")
    return description


def _reason(checkpoint: Path) -> str:
    try:
        return str(read_json(checkpoint / DESCRIPTION_FILE).get("reason"))
    except (OSError, ValueError, AttributeError):
        return ""
