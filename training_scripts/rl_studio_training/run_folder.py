"""The folder of a run that was started by hand; the backend makes its own in the same form."""

from __future__ import annotations

import os
import platform
import re
import secrets
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from rl_studio.files import read_json, write_bytes_atomic, write_json_atomic
from rl_studio.project import Project
from rl_studio_training.reporter import timestamp

RUN_FILE = "run.json"
CONFIG_FILE = "config.json"
_PACKAGES = (
    "godot-rl-studio",
    "stable-baselines3",
    "torch",
    "godot-rl",
    "gymnasium",
    "numpy",
    "onnx",
    "onnxruntime",
)


class RunFolder:
    """A run's folder. Leaves run.json and config.json alone if a backend has written them.

    Args:
        path: the folder; made if missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.is_ours = not (path / RUN_FILE).exists()

    @classmethod
    def fresh(cls, project: Project, experiment: str = "by hand") -> RunFolder:
        """A new folder in the project's runs, named after the time and the experiment."""
        project.prepare_state_dir()
        now = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        slug = re.sub(r"[^a-z0-9]+", "-", experiment.lower()).strip("-") or "run"
        return cls(project.runs_dir / f"{now}-{slug}-{secrets.token_hex(2)}")

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def tensorboard(self) -> Path:
        return self.path / "tensorboard"

    def describe(self, project: Project, scene: str, config: dict[str, Any], godot: Path | None) -> None:
        """Writes run.json, config.json and command.txt, so that the folder explains itself from the start."""
        if not self.is_ours:
            return
        write_json_atomic(self.path / CONFIG_FILE, config)
        write_bytes_atomic(self.path / "command.txt", (" ".join(sys.orig_argv) + "\n").encode())
        self._write(
            {
                "schema": 1,
                "id": self.path.name,
                "experiment": "by hand",
                "trainer": "sb3",
                "scene": scene,
                "project": str(project.root),
                "created": timestamp(),
                "seed": config["seed"],
                "argv": sys.orig_argv,
                "python": sys.executable,
                "versions": versions(),
                "git_revision": git_revision(project.root),
                "godot": str(godot) if godot else None,
                "timesteps_target": config["total_timesteps"],
                "pid": os.getpid(),
                "process_created": psutil.Process().create_time(),
                "state": "running",
                "reason": None,
                "exit_code": None,
                "ended": None,
            }
        )

    def finish(self, state: str, reason: str, exit_code: int) -> None:
        """Notes how the run ended: state "finished", "stopped" or "failed"."""
        if self.is_ours and (self.path / RUN_FILE).exists():
            run = read_json(self.path / RUN_FILE)
            run.update(state=state, reason=reason, exit_code=exit_code, ended=timestamp())
            self._write(run)

    def _write(self, run: dict[str, Any]) -> None:
        write_json_atomic(self.path / RUN_FILE, run)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide what a run computes."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def git_revision(folder: Path) -> str | None:
    """The commit the project is at, with "+changes" if files differ; None outside of git."""
    head = _git(folder, "rev-parse", "HEAD")
    if head is None:
        return None
    return head + ("+changes" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        result = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()
