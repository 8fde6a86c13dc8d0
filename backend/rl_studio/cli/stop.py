"""`rl-studio stop`."""

from __future__ import annotations

import argparse

from rl_studio.cli.arguments import add_json, add_project, open_project
from rl_studio.cli.follow import outcome_text
from rl_studio.cli.output import Output
from rl_studio.runs import RunService


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run's id, the beginning of one, or latest")
    add_project(parser)
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    with RunService(open_project(args)) as service:
        run_id = service.resolve(args.run)
        if not service.stop(run_id).is_final:
            output.say(f"Stopping {run_id}…")
        info = service.wait(run_id)
        problem = service.problem
    output.say(outcome_text(info))
    if problem is not None:
        output.warn(problem)
    output.result(info.to_dict())
    return 0
