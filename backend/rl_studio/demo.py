"""The whole main path on the sample game: train, export, play. `make demo` is this."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rl_studio.addon import install_addon
from rl_studio.errors import StudioError
from rl_studio.evaluate import RANDOM, Evaluation, evaluate
from rl_studio.export import ExportOptions, export_policies
from rl_studio.godot import GodotBinary, ensure_imported
from rl_studio.project import Project
from rl_studio.resources import sample_project_dir
from rl_studio.runs import RunInfo, RunService
from rl_studio.words import counted

TARGET = "res://policies/chase.onnx"
EXPERIMENT = "demo"
BUDGET = {"total_timesteps": 100_000, "time_limit_s": 55.0}
"""What the sample game may take to be learned; on two cores it needs about a third of that."""
GOAL = 0.9
"""Success rate below which the demo counts as failed."""


class DemoError(StudioError):
    """A step of the demo failed."""

    code = "demo"


class Follower(Protocol):
    """Waits for a run and shows it meanwhile."""

    def __call__(self, service: RunService, run_id: str) -> RunInfo: ...


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demo measured."""

    random: Evaluation
    trained: Evaluation
    run: RunInfo
    training_s: float
    export: dict[str, Any]

    @property
    def reached(self) -> bool:
        return (self.trained.success_rate or 0.0) >= GOAL

    def line(self) -> str:
        """The last line of the demo."""
        trained, random = self.trained.success_rate or 0.0, self.random.success_rate or 0.0
        return (
            f"demo: success {trained:.0%} (random {random:.0%}) over "
            f"{counted(self.trained.episodes, 'episode')} in Godot, onnx {self.export['path']}, "
            f"max difference {self.export['max_difference']:.0e}, trained {self.training_s:.0f} s"
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "success_rate": self.trained.success_rate,
            "random_success_rate": self.random.success_rate,
            "episodes": self.trained.episodes,
            "reward_mean": self.trained.reward_mean,
            "onnx": self.export["path"],
            "max_difference": self.export["max_difference"],
            "training_s": self.training_s,
            "run": self.run.id,
            "reached": self.reached,
        }


def prepare_project(folder: Path | None) -> Project:
    """The sample project with the addon in it.

    Args:
        folder: where to copy the sample to if it is not there yet; None for the one that comes with us.

    Raises:
        ProjectError: `folder` is something else.
        AddonError: the folder cannot be written.
    """
    source = sample_project_dir()
    if folder is not None and not folder.exists():
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns(".godot", ".rl_studio", "addons"))
    project = Project.open(folder or source)
    install_addon(project)
    return project


def run_demo(
    project: Project,
    godot: GodotBinary,
    *,
    follower: Follower,
    say: Callable[[str], None],
    episodes: int = 200,
    seed: int = 0,
    overrides: dict[str, Any] | None = None,
) -> DemoResult:
    """Trains the sample game, exports the policy and plays it, against random actions.

    Args:
        project: the sample project, from `prepare_project`.
        godot: the engine for all of it.
        follower: shows the training while it goes on.
        say: told what comes next.
        episodes: episodes to play with random actions, and with the policy.
        seed: seed of the training.
        overrides: configuration values that differ from the defaults.

    Raises:
        StudioError: a step failed; nothing after it was tried.
    """
    say("Importing the sample project…")
    ensure_imported(godot, project)
    say(f"Playing {counted(episodes, 'episode')} with random actions…")
    baseline = evaluate(project, godot, policy=RANDOM, episodes=episodes, seed=seed)
    say(f"  success {baseline.success_rate or 0:.0%}")
    with RunService(project) as service:
        started = service.start(
            EXPERIMENT, overrides={**BUDGET, "seed": seed, **(overrides or {})}, godot=godot.path
        )
        say(f"Training (run {started.id})…")
        info = follower(service, started.id)
        if info.state != "finished":
            raise DemoError(
                f"The training ended as {info.state}: {info.error.message if info.error else info.reason}.",
                hint=f"The log is {service.folder(info.id) / 'output.log'}",
            )
        training_s = _training_seconds(service, info)
    say("Exporting…")
    options = ExportOptions(to=TARGET, godot=godot.path)
    exported = export_policies(project, info.id, options, progress=lambda text: say(f"  {text}"))
    say(f"Playing {counted(episodes, 'episode')} with {TARGET}…")
    trained = evaluate(project, godot, policy=TARGET, episodes=episodes, seed=seed + 1)
    return DemoResult(baseline, trained, info, training_s, exported["files"][0])


def _training_seconds(service: RunService, info: RunInfo) -> float:
    """Training time as the trainer counts it: from the first step to the last update."""
    page = service.samples(info.id, after_seq=info.last_seq - 1, limit=1)
    return float(page.samples[-1]["time_total_s"]) if page.samples else info.duration_s
