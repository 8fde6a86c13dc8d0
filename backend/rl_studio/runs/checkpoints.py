"""The `checkpoints/` folder of a run as a reader sees it: which are there, and which one is the best.

A checkpoint is made under another name and then renamed, so one that is called step_* is complete.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from rl_studio.files import read_json
from rl_studio.runs.state import RunError

logger = logging.getLogger(__name__)

DESCRIPTION_FILE = "checkpoint.json"
BEST_FILE = "best.json"
_PREFIX = "step_"
_NAME = re.compile(_PREFIX + r"[0-9]{1,16}")

Which = Literal["latest", "best"] | int
"""A checkpoint of a run: the latest, the best, or that of a timestep."""


@dataclass(frozen=True, slots=True)
class RunCheckpoint:
    """A checkpoint of a run of this project."""

    run_id: str
    which: Which = "latest"


@dataclass(frozen=True, slots=True)
class Best:
    """A checkpoint that is the best so far.

    Attributes:
        checkpoint: name of its folder.
        value: what makes it the best.
        metric: what that is: evaluation_reward or episode_reward_mean.
    """

    checkpoint: str
    value: float
    metric: str


@dataclass(frozen=True, slots=True)
class Bests:
    """The content of best.json.

    Attributes:
        overall: the best one of the run; None if several policies are judged, each for itself.
        policies: by policy, the best one for it.
        judged: the policies that have or will have one, none in a note of an older version. What another policy has
            learned, if anything, is not judged.
    """

    overall: Best | None = None
    policies: dict[str, Best] = field(default_factory=dict)
    judged: tuple[str, ...] = ()

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Bests:
        """Those of best.json.

        Raises:
            KeyError, TypeError, ValueError: it makes no sense.
        """
        return cls(
            _read_best(data) if "checkpoint" in data else None,
            {str(name): _read_best(told) for name, told in data.get("policies", {}).items()},
            tuple(str(name) for name in data.get("judged", ())),
        )

    def to_json(self) -> dict[str, Any]:
        """As best.json has it."""
        return {
            **(asdict(self.overall) if self.overall else {}),
            "policies": {name: asdict(best) for name, best in self.policies.items()},
            "judged": list(self.judged),
        }

    @property
    def checkpoints(self) -> set[str]:
        """The names of all of them."""
        return {best.checkpoint for best in (self.overall, *self.policies.values()) if best is not None}

    def among(self, checkpoints: Mapping[str, Any] | set[str]) -> Bests:
        """Those whose checkpoint is among these."""

        def is_there(best: Best | None) -> bool:
            return best is not None and best.checkpoint in checkpoints

        return Bests(
            self.overall if is_there(self.overall) else None,
            {name: best for name, best in self.policies.items() if is_there(best)},
            self.judged,
        )

    def of(self, policy: str) -> str | None:
        """The name of the checkpoint to take this policy from; None if it has no best one yet.

        Of a policy that is not judged, such as one that does not learn, the newest of them.
        """
        if self.overall is not None:
            return self.overall.checkpoint
        if policy in self.policies:
            return self.policies[policy].checkpoint
        return None if policy in self.judged else max(self.checkpoints, default=None)


def _read_best(data: Mapping[str, Any]) -> Best:
    best = Best(str(data["checkpoint"]), float(data["value"]), str(data["metric"]))
    if not math.isfinite(best.value):
        raise ValueError(f"{best.value} is no reward")
    return best


def folder_name(timesteps: int) -> str:
    """The name of the folder of the checkpoint at `timesteps`."""
    return f"{_PREFIX}{timesteps:012d}"


def list_folders(checkpoints: Path) -> list[Path]:
    """All complete checkpoints in the folder `checkpoints`, oldest first; none if there is no such folder."""
    try:
        found = [path for path in checkpoints.iterdir() if _NAME.fullmatch(path.name) and path.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(found)


def read_bests(checkpoints: Path) -> Bests:
    """What is noted of the best checkpoints, as far as these are there."""
    try:
        data = read_json(checkpoints / BEST_FILE)
        bests = Bests.read(data)
    except (FileNotFoundError, NotADirectoryError):
        return Bests()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        logger.warning("%s cannot be read: %s", checkpoints / BEST_FILE, error)
        return Bests()
    return bests.among({path.name for path in list_folders(checkpoints)})


def find(checkpoints: Path, which: Which, policy: str | None = None) -> Path:
    """One checkpoint of a `checkpoints/` folder.

    Args:
        policy: the best one for this policy; None if it is to be the best for all.

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
        return checkpoints / _find_best(run, read_bests(checkpoints), policy)
    name = folder_name(which)
    if name not in (path.name for path in found):
        steps = ", ".join(str(_steps(path.name)) for path in found)
        raise RunError(f"The run {run} has no checkpoint at {which} steps.", hint=f"It has them at {steps}.")
    return checkpoints / name


def _find_best(run: str, bests: Bests, policy: str | None) -> str:
    if policy is None and bests.overall is None and len(bests.checkpoints) > 1:
        told = ", ".join(f"{name} at {_steps(best.checkpoint)}" for name, best in bests.policies.items())
        raise RunError(
            f"The run {run} has a best checkpoint for each policy: {told} steps.",
            hint="Choose one by its steps.",
        )
    name = max(bests.checkpoints, default=None) if policy is None else bests.of(policy)
    if name is None:
        of = f" of the policy {policy}" if policy is not None and bests.checkpoints else ""
        raise RunError(
            f"The run {run} has no best checkpoint{of}: no episode had ended when one was made.",
            hint="Choose the latest one.",
        )
    return name


def _steps(name: str) -> int:
    return int(name.removeprefix(_PREFIX))
