"""What tests of runs and of the backend share: a fake trainer, a fake Godot, and waiting with a deadline."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import psutil
from pydantic import BaseModel

from rl_studio.experiments.fields import option
from rl_studio.godot import GodotBinary, parse_version
from rl_studio.project import Project
from rl_studio.runs import RunInfo, RunService, StopPatience
from rl_studio.trainers import ScriptTrainer, TrainerRegistry

SCRIPT = Path(__file__).resolve().parent / "backend" / "fake_trainer.py"
SECONDS = float(os.environ.get("TEST_TIME_SCALE", "1"))
"""One second of patience; a slow machine may make it longer."""

_T = TypeVar("_T")


class FakeConfig(BaseModel, extra="forbid", frozen=True):
    """Configuration of the fake trainer."""

    scene: str = option("", title="Scene", help="Where.", group="Fake", kind="scene")
    total_timesteps: int = option(100, title="Timesteps", help="How long.", group="Fake", ge=1)
    seed: int = option(0, title="Seed", help="Chance.", group="Fake", ge=0)
    steps: str = option("", title="Steps", help="What to do, see fake_trainer.py.", group="Fake")


def fake_trainer(**changes: Any) -> ScriptTrainer:
    """The fake trainer, with other attributes if asked for."""
    given: dict[str, Any] = {
        "name": "fake",
        "title": "Fake",
        "load_config_model": lambda: FakeConfig,
        "script": lambda: SCRIPT,
        "packages": ("pytest",),
        "can_resume": True,
    }
    return ScriptTrainer(**(given | changes))


def fake_godot(explicit: Path | str | None = None) -> GodotBinary:
    """A Godot that nobody will start."""
    version = parse_version("4.6.3.stable.official.abc")
    assert version is not None
    return GodotBinary(Path(explicit or "/nowhere/godot"), version, "option")


def make_service(project: Project, **options: Any) -> RunService:
    """A service that knows the fake trainer only, and a project with a scene."""
    (project.root / "main.tscn").touch()
    given: dict[str, Any] = {
        "trainers": TrainerRegistry([fake_trainer()]),
        "find_godot": fake_godot,
        "patience": StopPatience(interrupt=0.3, terminate=0.3),
    }
    return RunService(project, **(given | options))


def eventually(check: Callable[[], _T], *, seconds: float = 20.0) -> _T:
    """Calls `check` again and again until it gives something true, and returns that.

    Raises:
        AssertionError: it did not within `seconds`.
    """
    deadline = time.monotonic() + seconds * SECONDS
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < deadline, f"not in {seconds} s: {check}"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    """Whether no living process has this pid."""
    with suppress(psutil.Error):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


FINISHED = 'event {"kind": "finished", "reason": "timesteps", "timesteps_total": 100, "message": "Done"}'
"""A step of the fake trainer."""

Start = Callable[..., RunInfo]
"""Starts a run with these steps, and these values of the configuration."""


def read_meta(service: RunService, run_id: str) -> dict[str, Any]:
    """The run's run.json."""
    data: dict[str, Any] = json.loads((service.folder(run_id) / "run.json").read_text(encoding="utf-8"))
    return data


def release(service: RunService, run_id: str, name: str = "go") -> None:
    """Lets a trainer go on that waits for the file `name`."""
    (service.folder(run_id) / name).touch()
