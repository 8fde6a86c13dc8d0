"""`rl-studio doctor`."""

from __future__ import annotations

import argparse
from pathlib import Path

from rl_studio.cli.arguments import add_godot, add_json
from rl_studio.cli.output import Output
from rl_studio.doctor import diagnose
from rl_studio.project import Project

_MARKS = {"ok": "✓", "warning": "!", "missing": "✗"}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", type=Path, metavar="DIR", help="also look at this Godot project")
    add_godot(parser)
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    project = Project.open(args.project) if args.project else None
    checks = diagnose(project, args.godot)
    for check in checks:
        output.say(f"{_MARKS[check.status]} {check.name}: {check.detail}")
        if check.fix:
            output.say(f"    → {check.fix}")
    healthy = all(check.status != "missing" for check in checks)
    output.result({"ok": healthy, "checks": [check.to_json() for check in checks]})
    return 0 if healthy else 1
