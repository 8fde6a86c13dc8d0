"""`rl-studio export`."""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from rl_studio import stock, storage
from rl_studio.children import leaving_on_signals
from rl_studio.cli.arguments import add_godot, add_json, add_project, open_project
from rl_studio.cli.output import Output
from rl_studio.export import DEFAULT_IR_VERSION, DEFAULT_OPSET, ExportOptions, export_policies
from rl_studio.export_files import DEFAULT_TARGET
from rl_studio.godot import GodotNotFoundError, find_godot
from rl_studio.runs import RunService
from rl_studio.runs.checkpoints import Which
from rl_studio.words import counted


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run",
        metavar="RUN",
        nargs="?",
        default="latest",
        help="a run's id, the beginning of one, or latest (default)",
    )
    add_project(parser)
    parser.add_argument(
        "--checkpoint",
        type=_checkpoint,
        default="latest",
        metavar="WHICH",
        help="latest (default), best (the best one for each policy), or the timesteps of one",
    )
    parser.add_argument(
        "--policy",
        action="append",
        dest="policies",
        metavar="NAME",
        help="a policy to export; may be given several times (default: all)",
    )
    parser.add_argument(
        "--to",
        default=DEFAULT_TARGET,
        metavar="PATH",
        help=f"the file to write, with {{policy}} where a policy's name goes (default: {DEFAULT_TARGET})",
    )
    parser.add_argument(
        "--opset",
        type=int,
        default=DEFAULT_OPSET,
        help=f"version of the ONNX operators (default: {DEFAULT_OPSET})",
    )
    parser.add_argument(
        "--ir-version",
        type=int,
        default=DEFAULT_IR_VERSION,
        help=f"version of the file format (default: {DEFAULT_IR_VERSION})",
    )
    parser.add_argument(
        "--tolerance",
        type=_tolerance,
        metavar="X",
        help="largest difference allowed between the trained and the exported network (default: 1e-5)",
    )
    add_godot(parser)
    parser.add_argument("--no-godot", action="store_true", help="do not try the files in the Godot runtime")
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    project = open_project(args)
    target = project.resource(args.to)
    storage.require_writable(project.to_disk(target).parent, "The project")  # before the work, not after it
    with RunService(project) as service:
        run_id = service.resolve(args.run)
    options = ExportOptions(
        checkpoint=args.checkpoint,
        policies=args.policies,
        to=target,
        opset=args.opset,
        ir_version=args.ir_version,
        tolerance=args.tolerance,
        godot=None if args.no_godot else _find_godot(args.godot),
    )
    with leaving_on_signals():
        result = export_policies(project, run_id, options, progress=output.say)
    for file in result["files"]:
        output.say(describe(file))
    if stock.needs_replacing(project):
        output.say(
            "This game has the nodes of godot_rl_agents, which play such files only in a Godot with .NET.\n"
            + stock.how_to_replace(project)
        )
    output.result(result)
    return 0


def describe(file: dict[str, Any]) -> str:
    """An exported file and its proof in a few lines for people."""
    proof = file["proof"]
    cases = counted(int(proof["observations"]), "observation")
    if proof["sequences"]:
        cases += f" in {counted(int(proof['sequences']), 'sequence')}"
    lines = [
        f"{file['path']}: {file['policy']} at {counted(int(file['timesteps']), 'timestep')}, "
        f"{counted(int(file['parameters']), 'parameter')}, "
        f"opset {file['opset']}",
        f"  compared on {cases}, largest difference {file['max_difference']:.1e} of {file['tolerance']:.2g} allowed",
    ]
    for where, differences in (("ONNX Runtime", proof["onnxruntime"]), ("Godot", proof["godot"])):
        told = ", ".join(f"{name} {value:.1e}" for name, value in (differences or {}).items())
        lines.append(f"  {where:12}  {told or 'not tried'}")
    actions = proof["actions"]
    lines.append(
        f"  actions       {actions['compared'] - actions['different']} of {actions['compared']} the same"
    )
    return "\n".join(lines)


def _checkpoint(text: str) -> Which:
    if text in ("latest", "best"):
        return cast(Which, text)
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither latest nor best nor a number") from None


def _tolerance(text: str) -> float:
    with suppress(ValueError):
        if 0.0 < float(text) < 1.0:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number between 0 and 1")


def _find_godot(asked_for: Path | None) -> Path:
    try:
        return find_godot(asked_for).path
    except GodotNotFoundError as error:
        raise GodotNotFoundError(
            error.message,
            hint=f"{error.hint} Or export with --no-godot, without the proof in Godot.",
            data=error.data,
        ) from error
