"""`rl-studio godot`."""

from __future__ import annotations

import argparse

from rl_studio.cli.arguments import add_godot, add_json
from rl_studio.cli.output import Output
from rl_studio.godot import GodotBinary, GodotNotFoundError, Progress, find_godot, install_godot

_STAGES = {
    "wait": "waiting for another installation",
    "index": "reading the package list",
    "download": "downloading",
    "unpack": "unpacking",
    "patch": "fitting it into its folder",
    "verify": "trying it",
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--install", action="store_true", help="set up a private copy if none is found (Debian-like systems)"
    )
    parser.add_argument("--force", action="store_true", help="set up a private copy in any case")
    add_godot(parser)
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    binary = find_or_install(args, output)
    output.say(f"Godot {binary.version} at {binary.path} ({binary.source})")
    output.result({"path": str(binary.path), "version": str(binary.version), "source": binary.source})
    return 0


def find_or_install(args: argparse.Namespace, output: Output) -> GodotBinary:
    """Finds Godot, or sets it up where `args` allow that.

    Raises:
        GodotNotFoundError: there is none and --install was not given.
        GodotInstallError: it could not be set up.
    """
    if args.force:
        return install_godot(show_progress(output), force=True)
    try:
        return find_godot(args.godot)
    except GodotNotFoundError:
        if args.godot is not None or not args.install:
            raise
        output.say("No Godot found; setting up a private copy (about 180 MB to download).")
        return install_godot(show_progress(output))


def show_progress(output: Output) -> Progress:
    """A progress callback that says each stage, and how far it is."""
    last = ""

    def report(stage: str, fraction: float | None, message: str) -> None:
        nonlocal last
        if stage != last:
            last = stage
            output.say(f"Godot: {_STAGES.get(stage, message)}")
        if fraction is not None:
            output.progress(f"  {message} {fraction:.0%}")

    return report
