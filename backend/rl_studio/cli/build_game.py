"""`rl-studio build-game`."""

from __future__ import annotations

import argparse
from pathlib import Path

from rl_studio import storage
from rl_studio.cli.arguments import add_godot, add_json, add_project, open_project
from rl_studio.cli.output import Output
from rl_studio.godot import find_godot
from rl_studio.godot.building import build_game
from rl_studio.godot.managed import managed_root


def configure(parser: argparse.ArgumentParser) -> None:
    add_project(parser)
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="the executable (default: .rl_studio/build/game.x86_64)"
    )
    parser.add_argument(
        "--scene", default="", metavar="PATH", help="the scene it starts in (default: the training scene)"
    )
    add_godot(parser)
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    project = open_project(args)
    storage.require_writable(project.root, "The project")
    binary = find_godot(args.godot)
    project.prepare_state_dir()
    target = args.output or project.state_dir / "build" / "game.x86_64"
    output.say(f"Exporting {project.root.name} for Linux")
    built = build_game(binary, project, target.resolve(), scene=project.resource(args.scene))
    output.say(f"{built} ({built.stat().st_size / 1e6:.0f} MB)")
    output.say("Copy its folder to the same path on every machine, and set game_build to it.")
    if managed_root(binary.path) is not None:
        output.say(
            "It needs the libraries of this machine's private Godot: for others use an official template."
        )
    output.result({"path": str(built), "size_bytes": built.stat().st_size})
    return 0
