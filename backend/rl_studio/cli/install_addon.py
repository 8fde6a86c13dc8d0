"""`rl-studio install-addon`."""

from __future__ import annotations

import argparse
from pathlib import Path

from rl_studio import interpreter, stock
from rl_studio.addon import install_addon
from rl_studio.cli.arguments import add_json
from rl_studio.cli.output import Output
from rl_studio.errors import ConfigError
from rl_studio.project import Project


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", type=Path, metavar="DIR", help="the Godot project")
    parser.add_argument("--no-enable", action="store_true", help="copy only, leave project.godot alone")
    parser.add_argument(
        "--stock",
        action="store_true",
        help="for a game with the nodes of godot_rl_agents: also lets it play policies without .NET, by a script in "
        "the place of that plugin's own",
    )
    parser.add_argument("--undo", action="store_true", help="with --stock: puts everything back")
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    project = Project.open(args.project)
    if args.undo and not args.stock:
        raise ConfigError("--undo goes with --stock.", hint="To remove the addon, delete addons/rl_studio.")
    if args.stock:
        return _exchange(project, output, undo=args.undo)
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


def _exchange(project: Project, output: Output, *, undo: bool) -> int:
    done = stock.restore(project) if undo else stock.replace(project)
    if not undo:
        interpreter.remember(project)
    output.say(_tell(done, undo=undo))
    output.result({"path": str(done.wrapper), "changed": done.changed, "addon": done.addon, "undone": undo})
    return 0


def _tell(done: stock.StockWrapper, *, undo: bool) -> str:
    if undo and not done.changed:
        return f"Nothing to undo: {done.wrapper} is the plugin's own."
    if undo:
        return f"{done.wrapper} is the plugin's own again." + (
            " RL Studio was removed." if done.addon else ""
        )
    installed = " RL Studio was installed beside the plugin." if done.addon else ""
    if not done.changed:
        return f"{done.wrapper} is ours already.{installed}"
    return (
        f"The game can play .onnx files in every Godot: {done.wrapper} is ours now, and the plugin's own is beside it. "
        f"--undo puts it back.{installed}"
    )
