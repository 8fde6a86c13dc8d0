"""`rl-studio export`."""

from __future__ import annotations

import argparse

from rl_studio.cli.arguments import add_json, add_project, open_project
from rl_studio.cli.output import Output
from rl_studio.export import DEFAULT_IR_VERSION, DEFAULT_OPSET, LATEST, export_policy
from rl_studio.runs import RunService


def configure(parser: argparse.ArgumentParser) -> None:
    add_project(parser)
    parser.add_argument("--run", default=LATEST, metavar="ID", help="a run, or latest (default)")
    parser.add_argument(
        "--checkpoint", default=LATEST, metavar="N", help="timesteps of a checkpoint, or latest (default)"
    )
    parser.add_argument(
        "--to", metavar="res://…", help="the file to write (default: res://policies/<policy>.onnx)"
    )
    parser.add_argument("--policy", metavar="NAME", help="which policy, if the checkpoint has several")
    parser.add_argument("--opset", type=int, default=DEFAULT_OPSET, help=f"default: {DEFAULT_OPSET}")
    parser.add_argument(
        "--ir-version", type=int, default=DEFAULT_IR_VERSION, help=f"default: {DEFAULT_IR_VERSION}"
    )
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    project = open_project(args)
    run_id = RunService(project).resolve(args.run)
    result = export_policy(
        project,
        run_id,
        checkpoint=args.checkpoint,
        to=args.to,
        policy=args.policy,
        opset=args.opset,
        ir_version=args.ir_version,
        progress=output.say,
    )
    output.say(
        f"{result['path']}: {result['parameters']} parameters, opset {result['opset']}, compared on "
        f"{result['samples']} observations, largest difference {result['max_difference']:.1e}"
    )
    output.result(result)
    return 0
