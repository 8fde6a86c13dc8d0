"""Arguments that several verbs share, so that they read alike everywhere."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rl_studio import interpreter
from rl_studio.project import Project


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document as the last line")


def add_project(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--project", type=Path, default=Path(), metavar="DIR", help="the Godot project (default: this folder)"
    )


def add_godot(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--godot", type=Path, metavar="PATH", help="the Godot editor binary (default: found by itself)"
    )


def with_resources(project: Project, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a configuration whose scene may be named by any path in the project.

    Raises:
        ProjectError: it is outside of the project.
    """
    scene = values.get("scene")
    return {**values, **({"scene": project.resource(scene)} if isinstance(scene, str) else {})}


def open_project(args: argparse.Namespace) -> Project:
    """Opens the project of `--project` and notes this Python for its editor.

    Raises:
        ProjectError: no Godot project there.
    """
    project = Project.open(args.project)
    interpreter.remember(project)
    return project
