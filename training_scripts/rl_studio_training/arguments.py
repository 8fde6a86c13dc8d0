"""The command line that all training scripts share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from rl_studio.errors import ConfigError
from rl_studio.experiments.layers import merge
from rl_studio.experiments.overrides import parse_assignments, resolve
from rl_studio.experiments.resume import resumed
from rl_studio.files import read_json
from rl_studio_training.checkpoints import read_description

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Args:
    """What the command line says.

    Args:
        project: the folder of the Godot project.
        config: a JSON file with the whole configuration, or part of it.
        overrides: single values, stronger than the file.
        run_dir: the run's folder; None makes a fresh one.
        godot: the Godot binary; None looks for one.
        game: "project" starts the project itself, "editor" waits for a game played in the editor, anything
            else is the path of an exported build.
        resume: a checkpoint's folder to go on from, as if the run that made it had never ended.
        init_from: a checkpoint's folder whose policies the run begins with. Never both.
    """

    project: Path
    config: Path | None = None
    overrides: dict[str, Any] = field(default_factory=dict)
    run_dir: Path | None = None
    godot: Path | None = None
    game: str = "project"
    resume: Path | None = None
    init_from: Path | None = None


def parse_args(description: str, arguments: Sequence[str] | None) -> Args:
    """Reads the command line; argparse exits on `--help` and on mistakes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--project", type=Path, required=True, help="folder of the project (with project.godot)"
    )
    parser.add_argument("--config", type=Path, help="JSON file with the configuration")
    parser.add_argument("--set", dest="assignments", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--timesteps", type=int, help="short for --set total_timesteps=N")
    parser.add_argument(
        "--run-dir", type=Path, help="folder of the run; default: a fresh one in .rl_studio/runs"
    )
    parser.add_argument("--godot", type=Path, help="Godot binary; default: $GODOT, then the usual places")
    parser.add_argument(
        "--game",
        default="project",
        metavar="project|editor|PATH",
        help="train the project itself (default), a game played in the editor, or an exported build",
    )
    beginning = parser.add_mutually_exclusive_group()
    beginning.add_argument(
        "--resume", type=Path, metavar="CHECKPOINT_DIR", help="go on from this checkpoint in a new run"
    )
    beginning.add_argument(
        "--init-from", type=Path, metavar="CHECKPOINT_DIR", help="begin with the policies of this checkpoint"
    )
    found = parser.parse_args(arguments)
    overrides = parse_assignments(found.assignments)
    if found.timesteps is not None:
        overrides["total_timesteps"] = found.timesteps
    return Args(
        project=found.project,
        config=found.config,
        overrides=overrides,
        run_dir=found.run_dir,
        godot=found.godot,
        game=found.game,
        resume=found.resume,
        init_from=found.init_from,
    )


def read_config(model: type[Model], args: Args) -> Model:
    """The configuration: defaults, then that of a checkpoint to resume, then the file, then single values.

    Raises:
        ConfigError: the file cannot be read, values are wrong, or may not be changed in a resumed run.
        CheckpointError: the checkpoint to resume is none.
    """
    values: dict[str, Any] = {}
    if args.config is not None:
        try:
            values = dict(read_json(args.config))
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(f"The configuration {args.config} cannot be read: {error}") from error
    given = merge(model, values, args.overrides)
    return (
        resolve(model, given) if args.resume is None else resumed(model, read_description(args.resume), given)
    )
