"""`rl-studio demo`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from rl_studio import interpreter
from rl_studio.cli.arguments import add_godot, add_json
from rl_studio.cli.follow import follow
from rl_studio.cli.godot import find_or_install
from rl_studio.cli.output import Output
from rl_studio.cli.train import Terminal
from rl_studio.demo import GOAL, prepare_project, run_demo
from rl_studio.experiments import parse_assignments
from rl_studio.godot import GodotBinary, window_environment
from rl_studio.project import Project


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dir", type=Path, metavar="DIR", help="work in a copy of the sample project (made if missing)"
    )
    parser.add_argument(
        "--episodes", type=int, default=200, metavar="N", help="how many to play (default: 200)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of training and play (default: 0)")
    parser.add_argument(
        "--set", action="append", default=[], dest="assignments", metavar="KEY=VALUE", help="as for train"
    )
    parser.add_argument("--editor", action="store_true", help="open the editor on the project afterwards")
    add_godot(parser)
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    args.install, args.force = True, False
    godot = find_or_install(args, output)
    output.say(f"Godot {godot.version} at {godot.path}")
    project = prepare_project(args.dir)
    interpreter.remember(project)
    terminal = Terminal(output)
    result = run_demo(
        project,
        godot,
        follower=lambda service, run_id: follow(service, run_id, terminal),
        say=output.say,
        episodes=args.episodes,
        seed=args.seed,
        overrides=parse_assignments(args.assignments),
    )
    if not result.reached:
        output.say(f"The policy is below {GOAL:.0%}; another seed or more timesteps may help.")
    if args.editor:
        _open_editor(godot, project)
    elif _has_display():
        output.say(f"See it play: {godot.path} --path {project.root}   (or add -e for the editor)")
    output.say(result.line())
    output.result(result.to_json())
    return 0 if result.reached else 1


def _has_display() -> bool:
    return sys.platform in ("win32", "darwin") or any(
        os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY")
    )


def _open_editor(godot: GodotBinary, project: Project) -> None:
    subprocess.Popen(
        [str(godot.path), "--editor", "--path", str(project.root)],
        env=window_environment(godot),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
