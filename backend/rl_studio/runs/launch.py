"""Starts a run: what can be wrong is found, and what to know later is written, before the process."""

from __future__ import annotations

import dataclasses
import logging
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from rl_studio import storage
from rl_studio.experiments import ExperimentStore, complete, layers
from rl_studio.experiments import overlay as overlay_file
from rl_studio.experiments.resume import resumed
from rl_studio.files import read_json, write_bytes_atomic, write_json_atomic
from rl_studio.project import Project
from rl_studio.runs import checkpoints, processes, provenance
from rl_studio.runs.checkpoints import RunCheckpoint
from rl_studio.runs.folder import RunFolder, RunMeta, create_folder, format_time, is_run_id, origin_of
from rl_studio.runs.state import RunError
from rl_studio.trainers import Trainer, TrainerError, TrainerRegistry

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checked:
    """What an experiment amounts to.

    Attributes:
        config: complete, with the scene filled in.
        overlay: the hand-written file that is part of it, if there is one.
        resume: the checkpoint to go on from.
        init_from: the checkpoint whose policies the run begins with.
    """

    trainer: Trainer
    config: BaseModel
    scene: str
    overlay: Path | None = None
    resume: Path | None = None
    init_from: Path | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked run that is not started yet.

    Attributes:
        godot: the executable.
        godot_version: what it says of itself.
    """

    experiment: str
    checked: Checked
    godot: Path
    godot_version: str


def check(
    project: Project,
    trainers: TrainerRegistry,
    experiment: str,
    trainer: str | None,
    overrides: Mapping[str, Any],
    init_from: RunCheckpoint | None = None,
) -> Checked:
    """Checks an experiment with its overlay and the overrides on top.

    Args:
        init_from: the checkpoint whose policies the run is to begin with.

    Raises:
        ConfigError: bad values, in the experiment, its overlay or the overrides.
        TrainerError: there is no such trainer, or something that it needs is missing.
        RunError: no scene to train in, or no such checkpoint.
        ProjectError: the scene is not in the project.
    """
    store = ExperimentStore(project)
    saved = store.get(experiment)
    chosen = trainers.get(trainer or saved.trainer)
    model = chosen.config_model()
    base = layers.saved_for(saved, chosen.name, model)
    overlay = store.overlay_file(experiment) if layers.has_overlay(model) else None
    config = layers.configure(model, base, overlay, overrides)
    checkpoint = None
    if init_from is not None:
        checkpoint, _ = _find_checkpoint(project, chosen, init_from)
    return _checked(project, Checked(chosen, config, "", overlay, init_from=checkpoint))


def check_resume(
    project: Project, trainers: TrainerRegistry, resume: RunCheckpoint, overrides: Mapping[str, Any]
) -> tuple[str, Checked]:
    """Checks whether a run can go on from a checkpoint, with the overrides on top of the configuration it had.

    Returns:
        The experiment of the run that made the checkpoint, and what to start.

    Raises:
        ConfigError: the overrides are bad, or change what may not change.
        TrainerError, RunError, ProjectError: as `check`.
    """
    folder = RunFolder(project.runs_dir / resume.run_id)
    meta = folder.read_meta()
    if meta is None:
        raise RunError(f"There is no run {resume.run_id!r}.", hint="rl-studio runs lists them.")
    if meta.problem is not None:
        raise RunError(f"The run {resume.run_id} cannot go on. {meta.problem}", hint="Choose another run.")
    trainer = trainers.get(meta.trainer)
    checkpoint, description = _find_checkpoint(project, trainer, resume)
    config = resumed(trainer.config_model(), description, overrides)
    overlay = folder.path / overlay_file.FILE
    kept = overlay if overlay.is_file() else None
    return meta.experiment, _checked(project, Checked(trainer, config, "", kept, resume=checkpoint))


def _find_checkpoint(
    project: Project, trainer: Trainer, wanted: RunCheckpoint
) -> tuple[Path, Mapping[str, Any]]:
    """The folder of a checkpoint that `trainer` can read, and its checkpoint.json."""
    if not trainer.can_resume:
        raise TrainerError(
            f"{trainer.title} cannot begin with a checkpoint.", hint="Start a run from nothing."
        )
    if not is_run_id(wanted.run_id):
        raise RunError(f"There is no run {wanted.run_id!r}.", hint="rl-studio runs lists them.")
    path = checkpoints.find(RunFolder(project.runs_dir / wanted.run_id).checkpoints_dir, wanted.which)
    try:
        description = dict(read_json(path / checkpoints.DESCRIPTION_FILE))
    except (OSError, ValueError, TypeError) as error:
        raise RunError(
            f"The checkpoint {path} cannot be read: {error}", hint="Choose another one."
        ) from error
    made_by = description.get("trainer", trainer.name)
    if made_by != trainer.name:
        raise TrainerError(
            f"The checkpoint {path.name} of {wanted.run_id} is one of {made_by}, not of {trainer.name}.",
            hint=f"Choose the trainer {made_by}, or a checkpoint of {trainer.name}.",
        )
    return path, description


def _checked(project: Project, found: Checked) -> Checked:
    """The same with its scene, if the trainer can be used and there is such a scene."""
    problem = found.trainer.problem()
    if problem is not None:
        raise TrainerError(f"{found.trainer.title} cannot be used: {problem.message}", hint=problem.hint)
    config = found.config
    scene = str(getattr(config, "scene", "") or project.training_scene)
    _check_scene(project, scene)
    if "scene" in type(config).model_fields:
        config = config.model_copy(update={"scene": scene})
    return dataclasses.replace(found, config=config, scene=scene)


def require_place(project: Project) -> None:
    """Makes sure that a run can be written.

    Raises:
        ReadOnlyError, DiskFullError: it cannot.
    """
    storage.require_writable(project.runs_dir, "The project")
    storage.require_room(project.runs_dir)


def launch(project: Project, plan: Plan) -> tuple[RunFolder, processes.DetachedProcess]:
    """Makes the run's folder and starts its process, which the caller has to note in run.json.

    Raises:
        RunError: the process could not be started; the folder stays and says so.
        ReadOnlyError, DiskFullError: the project cannot be written to.
        OSError: the folder cannot be written.
    """
    require_place(project)
    project.prepare_state_dir()
    now = datetime.now(UTC)
    folder = create_folder(project.runs_dir, plan.experiment, now)
    try:
        meta = _write_description(project, plan, folder, now)
    except OSError:
        shutil.rmtree(folder.path, ignore_errors=True)  # of a run that never was
        raise
    try:
        process = processes.spawn(meta.argv, cwd=project.root, run_dir=folder.path, log_file=folder.log_file)
    except OSError as error:
        ended = format_time(datetime.now(UTC))
        with suppress(OSError):
            folder.write_meta(dataclasses.replace(meta, state="failed", reason="not_started", ended=ended))
        raise RunError(
            f"The trainer could not be started: {error}.", hint=f"The command was: {meta.argv[0]}"
        ) from error
    logger.info("started run %s, pid %d", folder.id, process.pid)
    return folder, process


def _write_description(project: Project, plan: Plan, folder: RunFolder, now: datetime) -> RunMeta:
    """Writes what is to be known of a run before it starts; returns what run.json says."""
    checked = plan.checked
    argv = checked.trainer.command(
        python=sys.executable,
        project=project.root,
        run_dir=folder.path,
        godot=plan.godot,
        **_beginning(checked),
    )
    meta = RunMeta(
        id=folder.id,
        experiment=plan.experiment,
        trainer=checked.trainer.name,
        scene=checked.scene,
        project=str(project.root),
        created=format_time(now),
        seed=getattr(checked.config, "seed", None),
        argv=argv,
        python=sys.executable,
        versions=provenance.versions(checked.trainer.packages, plan.godot_version),
        git_revision=provenance.git_revision(project.root),
        godot=str(plan.godot),
        timesteps_target=int(getattr(checked.config, "total_timesteps", 0)),
        resumed_from=origin_of(checked.resume),
        initialised_from=origin_of(checked.init_from),
    )
    write_json_atomic(folder.config_file, complete(checked.config))
    if checked.overlay is not None:
        write_bytes_atomic(folder.path / checked.overlay.name, checked.overlay.read_bytes())
    write_bytes_atomic(folder.command_file, (provenance.command_text(argv) + "\n").encode())
    folder.write_meta(meta)
    return meta


def _beginning(checked: Checked) -> dict[str, Path]:
    """The arguments of `Trainer.command` that only a trainer that `can_resume` has to know."""
    found = {"resume": checked.resume, "init_from": checked.init_from}
    return {name: path for name, path in found.items() if path is not None}


def _check_scene(project: Project, scene: str) -> None:
    if not scene:
        raise RunError(
            "There is no scene to train in: the project has no main scene.",
            hint="Set the experiment's scene, or the project's main scene.",
        )
    if scene.startswith("uid://"):
        return  # only Godot knows where that is
    if not project.to_disk(scene).is_file():
        near = project.nearest(scene)
        raise RunError(
            f"The scene {scene} does not exist.",
            hint=f"Did you mean {near}?" if near else "Choose another one in the experiment.",
        )
