"""Starts a run: what can be wrong is found, and what to know later is written, before the process."""

from __future__ import annotations

import dataclasses
import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from rl_studio.experiments import ExperimentStore, resolve
from rl_studio.files import write_bytes_atomic, write_json_atomic
from rl_studio.project import Project
from rl_studio.runs import processes, provenance
from rl_studio.runs.folder import RunFolder, RunMeta, create_folder, format_time
from rl_studio.runs.state import RunError
from rl_studio.trainers import Trainer, TrainerError, TrainerRegistry

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked run that is not started yet.

    Attributes:
        config: complete, with the scene filled in.
        godot: the executable.
        godot_version: what it says of itself.
    """

    experiment: str
    trainer: Trainer
    config: BaseModel
    scene: str
    godot: Path
    godot_version: str


def check(
    project: Project,
    trainers: TrainerRegistry,
    experiment: str,
    trainer: str | None,
    overrides: Mapping[str, Any],
) -> tuple[Trainer, BaseModel, str]:
    """Checks an experiment with overrides on top.

    Returns:
        The trainer, the complete configuration, and the scene.

    Raises:
        ConfigError: bad values.
        TrainerError: there is no such trainer, or something that it needs is missing.
        RunError: no scene to train in.
        ProjectError: the scene is not in the project.
    """
    saved = ExperimentStore(project).get(experiment)
    chosen = trainers.get(trainer or saved.trainer)
    # The values of one trainer mean nothing to another.
    base = saved.overrides if chosen.name == saved.trainer else {}
    config = resolve(chosen.config_model(), {**base, **overrides})
    problem = chosen.problem()
    if problem is not None:
        raise TrainerError(f"{chosen.title} cannot be used: {problem.message}", hint=problem.hint)
    scene = str(getattr(config, "scene", "") or project.training_scene)
    _check_scene(project, scene)
    if "scene" in type(config).model_fields:
        config = config.model_copy(update={"scene": scene})
    return chosen, config, scene


def launch(project: Project, plan: Plan) -> tuple[RunFolder, processes.DetachedProcess]:
    """Makes the run's folder and starts its process, which the caller has to note in run.json.

    Raises:
        RunError: the process could not be started; the folder stays and says so.
        OSError: the folder cannot be written.
    """
    project.prepare_state_dir()
    now = datetime.now(UTC)
    folder = create_folder(project.runs_dir, plan.experiment, now)
    argv = plan.trainer.command(
        python=sys.executable, project=project.root, run_dir=folder.path, godot=plan.godot
    )
    meta = RunMeta(
        id=folder.id,
        experiment=plan.experiment,
        trainer=plan.trainer.name,
        scene=plan.scene,
        project=str(project.root),
        created=format_time(now),
        seed=getattr(plan.config, "seed", None),
        argv=argv,
        python=sys.executable,
        versions=provenance.versions(plan.trainer.packages, plan.godot_version),
        git_revision=provenance.git_revision(project.root),
        godot=str(plan.godot),
        timesteps_target=int(getattr(plan.config, "total_timesteps", 0)),
    )
    write_json_atomic(folder.config_file, plan.config.model_dump(mode="json"))
    write_bytes_atomic(folder.command_file, (provenance.command_text(argv) + "\n").encode())
    folder.write_meta(meta)
    try:
        process = processes.spawn(argv, cwd=project.root, run_dir=folder.path, log_file=folder.log_file)
    except OSError as error:
        ended = format_time(datetime.now(UTC))
        folder.write_meta(dataclasses.replace(meta, state="failed", reason="not_started", ended=ended))
        raise RunError(
            f"The trainer could not be started: {error}.", hint=f"The command was: {argv[0]}"
        ) from error
    logger.info("started run %s, pid %d", folder.id, process.pid)
    return folder, process


def _check_scene(project: Project, scene: str) -> None:
    if not scene:
        raise RunError(
            "There is no scene to train in: the project has no main scene.",
            hint="Set the experiment's scene, or the project's main scene.",
        )
    if scene.startswith("uid://"):
        return  # only Godot knows where that is
    if not project.to_disk(scene).is_file():
        raise RunError(f"The scene {scene} does not exist.", hint="Choose another one in the experiment.")
