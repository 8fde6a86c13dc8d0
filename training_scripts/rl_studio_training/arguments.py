"""The command line that all training scripts share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from rl_studio.errors import ConfigError
from rl_studio.experiments.overrides import parse_assignments, resolve
from rl_studio.files import read_json

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
    """

    project: Path
    config: Path | None = None
    overrides: dict[str, Any] = field(default_factory=dict)
    run_dir: Path | None = None
    godot: Path | None = None
    game: str = "project"


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
    found = parser.parse_args(arguments)
    overrides = parse_assignments(found.assignments)
    if found.timesteps is not None:
        overrides["total_timesteps"] = found.timesteps
    return Args(found.project, found.config, overrides, found.run_dir, found.godot, found.game)


def read_config(model: type[Model], args: Args) -> Model:
    """The configuration: defaults, then the file, then single values.

    Raises:
        ConfigError: the file cannot be read, or values are wrong.
    """
    values: dict[str, Any] = {}
    if args.config is not None:
        try:
            values = dict(read_json(args.config))
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(f"The configuration {args.config} cannot be read: {error}") from error
    return resolve(model, {**values, **args.overrides})
