"""`rl-studio install-addon`."""

from __future__ import annotations

import argparse
from pathlib import Path

from rl_studio import interpreter
from rl_studio.addon import install_addon
from rl_studio.cli.arguments import add_json
from rl_studio.cli.output import Output
from rl_studio.project import Project


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", type=Path, metavar="DIR", help="the Godot project")
    parser.add_argument("--no-enable", action="store_true", help="copy only, leave project.godot alone")
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    project = Project.open(args.project)
    interpreter.remember(project)
    done = install_addon(project, enable=not args.no_enable)
    what = "Installed" if done.replaced is None else f"Replaced version {done.replaced} by"
    output.say(f"{what} RL Studio {done.version} in {done.path}.")
    output.say(
        "Enabled in project.godot; restart the editor if the project is open."
        if done.enabled
        else "Not enabled: switch it on in Project > Project Settings > Plugins."
    )
    output.result(
        {
            "path": str(done.path),
            "version": done.version,
            "replaced": done.replaced,
            "enabled": done.enabled,
        }
    )
    return 0
