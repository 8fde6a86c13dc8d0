"""`rl-studio runs`."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import Any

from rl_studio.cli.arguments import add_json, add_project, open_project
from rl_studio.cli.figures import cells
from rl_studio.cli.follow import outcome_text
from rl_studio.cli.output import Output, table
from rl_studio.runs import RunInfo, RunService
from rl_studio.runs.folder import UNREADABLE

_COLUMNS = {
    "id": "run",
    "state": "state",
    "timesteps": "steps",
    "reward": "reward",
    "success": "success",
    "checkpoints": "checkpoints",
    "restarts": "restarts",
    "warnings": "warnings",
    "started": "started",
    "duration": "took",
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", nargs="?", metavar="RUN", help="tell of one run only, with its warnings: its id or latest"
    )
    add_project(parser)
    parser.add_argument("--limit", type=int, metavar="N", help="only the newest N")
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    with RunService(open_project(args)) as service:
        one = None if args.run is None else service.get(service.resolve(args.run))
        runs = [] if one is not None else service.list(args.limit)
        problem = service.problem
    if one is not None:
        output.say(outcome_text(one))
    elif runs:
        output.say(table([_row(info) for info in runs], _columns(runs)))
        for info in runs:
            if info.reason == UNREADABLE and info.error is not None:
                output.say(f"! {info.id}: {info.error.message}\n  → {info.error.hint}")
    else:
        output.say("No runs yet. rl-studio train --project DIR starts one.")
    if problem is not None:
        output.warn(problem)
    output.result([info.to_dict() for info in runs] if one is None else one.to_dict())
    return 0


def _columns(runs: list[RunInfo]) -> dict[str, str]:
    """The columns of a list of `runs`; scenes have one where they tell runs apart."""
    if len({info.scene for info in runs}) < 2:
        return _COLUMNS
    return {"id": _COLUMNS["id"], "scene": "scene"} | _COLUMNS


def _row(info: RunInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "scene": info.scene.removeprefix("res://") or None,
        "state": info.state,
        "timesteps": info.timesteps,
        **cells(info),
        "checkpoints": info.checkpoints,
        "restarts": info.restarts or None,
        "warnings": len(info.warnings) or None,
        "started": datetime.fromtimestamp(info.started).strftime("%Y-%m-%d %H:%M"),
        "duration": f"{info.duration_s:.0f} s",
    }
