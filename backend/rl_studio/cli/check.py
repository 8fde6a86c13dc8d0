"""`rl-studio check`."""

from __future__ import annotations

import argparse

from rl_studio.cli.arguments import add_godot, add_json, add_project, open_project
from rl_studio.cli.exit_codes import EXIT_DONE, EXIT_FAILED
from rl_studio.cli.output import Output
from rl_studio.experiments import DEFAULT_EXPERIMENT, ExperimentStore
from rl_studio.godot import find_godot, has_errors, prepare_scene
from rl_studio.trainers import TrainerRegistry


def configure(parser: argparse.ArgumentParser) -> None:
    add_project(parser)
    parser.add_argument(
        "--experiment", default=DEFAULT_EXPERIMENT, metavar="NAME", help="whose scene to look at"
    )
    parser.add_argument("--scene", metavar="PATH", help="default: the experiment's, else the training scene")
    parser.add_argument(
        "--trainer", metavar="NAME", help="sb3 or rllib (default: that of the experiment, else sb3)"
    )
    add_godot(parser)
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    project = open_project(args)
    saved = ExperimentStore(project).get(args.experiment)
    scene = (
        project.resource(args.scene or "")
        or str(saved.overrides.get("scene") or "")
        or project.training_scene
    )
    trainers = TrainerRegistry()
    findings = prepare_scene(
        find_godot(args.godot),
        project,
        scene,
        many=trainers.instead_of(trainers.get(args.trainer or saved.trainer)),
        progress=lambda *told: output.progress(told[-1]),
    )
    for finding in findings:
        output.say(f"{finding.severity}: {finding}")
    if not findings:
        output.say(f"{scene}: nothing is missing for a training.")
    output.result({"scene": scene, "findings": [finding.to_json() for finding in findings]})
    return EXIT_FAILED if has_errors(findings) else EXIT_DONE
