"""What training scripts share: getting ready to start games, and the end after an error."""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from pathlib import Path

from rl_studio import storage, streams
from rl_studio.errors import StudioError
from rl_studio.experiments.training_config import TrainingConfig
from rl_studio.godot import GodotBinary, ensure_imported, find_godot
from rl_studio.project import Project
from rl_studio_training.arguments import Args
from rl_studio_training.launch import GameSettings, find_scene
from rl_studio_training.reporter import Reporter


def begin(arguments: Sequence[str] | None) -> None:
    """Gets a training script ready to tell what it does, whoever reads that and however. Call it first.

    Args:
        arguments: None for those of the process.
    """
    if arguments is None:
        streams.use_utf8_names()
    streams.prepare(outlives_reader=True)


def game_settings(args: Args, project: Project, config: TrainingConfig, reporter: Reporter) -> GameSettings:
    """Decides what to start, and gets it ready: finds Godot, checks the scene, imports the project.

    Raises:
        GodotNotFoundError: there is no Godot to run the project with.
        SceneError: there is no such scene.
    """
    godot: GodotBinary | None = None
    scene = ""
    if args.game == "project":
        scene = find_scene(project, config.scene)
        godot = find_godot(args.godot)
        reporter.status("Importing the project")
        ensure_imported(godot, project)
    return GameSettings(
        project=project,
        godot=godot,
        build=None if args.game in ("project", "editor") else Path(args.game).resolve(),
        scene=scene,
        action_repeat=config.action_repeat,
        speedup=config.speedup,
        show_window=config.show_window,
        extra=config.game_args,
        startup_timeout_s=config.startup_timeout_s,
        step_timeout_s=config.step_timeout_s,
    )


def load_torch(threads: int) -> None:
    """Imports PyTorch with a fixed number of threads: more of them would fight the games for the cores."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    import torch

    torch.set_num_threads(threads)


def report_error(reporter: Reporter, error: Exception, place: Path) -> None:
    """Says why a script ends: in the error's own words, or for a bug with its traceback.

    Args:
        place: where it writes, for errors of the disk.
    """
    known = error if isinstance(error, StudioError) else storage.explain(error, place)
    if known is not None:
        reporter.error(known.code, known.message, known.hint)
        return
    name = type(error).__name__
    reporter.error(
        "internal",
        f"Training failed with an unexpected {name}: {error}",
        "The log has the details; please report it.",
    )
    reporter.say("".join(traceback.format_exception(error)))
