"""`rl-studio evaluate`."""

from __future__ import annotations

import argparse

from rl_studio.cli.arguments import add_godot, add_json, add_project, open_project
from rl_studio.cli.output import Output
from rl_studio.evaluate import Evaluation, evaluate
from rl_studio.godot import find_godot


def configure(parser: argparse.ArgumentParser) -> None:
    add_project(parser)
    parser.add_argument(
        "--policy", required=True, metavar="res://…", help='the .onnx file in the project, or "random"'
    )
    parser.add_argument("--scene", default="", metavar="res://…", help="default: the training scene")
    parser.add_argument("--episodes", type=_positive, default=100, metavar="N", help="default: 100")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--action-repeat", type=_positive, metavar="N", help="default: the scene's own")
    parser.add_argument("--timeout", type=float, default=600.0, metavar="S", help="default: 600 seconds")
    add_godot(parser)
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    project = open_project(args)
    godot = find_godot(args.godot)
    outcome = evaluate(
        project,
        godot,
        policy=args.policy,
        episodes=args.episodes,
        scene=args.scene,
        seed=args.seed,
        action_repeat=args.action_repeat,
        timeout_s=args.timeout,
        progress=lambda done, total: output.progress(f"episode {done} of {total}"),
    )
    output.say(describe(outcome))
    output.result(outcome.to_json())
    return 0


def describe(outcome: Evaluation) -> str:
    """The outcome in a few lines for people."""
    success = "not logged by the game" if outcome.success_rate is None else f"{outcome.success_rate:.1%}"
    return (
        f"{outcome.policy} in {outcome.scene or 'the main scene'}, {outcome.episodes} episodes\n"
        f"  success rate  {success}\n"
        f"  mean reward   {outcome.reward_mean:.3f}  ({outcome.reward_min:.3f} to {outcome.reward_max:.3f})\n"
        f"  mean length   {outcome.length_mean:.1f} decisions"
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number
