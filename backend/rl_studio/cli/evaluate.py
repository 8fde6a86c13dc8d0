"""`rl-studio evaluate`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rl_studio.children import leaving_on_signals
from rl_studio.cli.arguments import add_godot, add_json, add_project, open_project
from rl_studio.cli.output import Output
from rl_studio.errors import ConfigError
from rl_studio.evaluate import MAX_DECISIONS, RANDOM, Evaluation, PolicyResult, evaluate
from rl_studio.godot import find_godot, require_trainable
from rl_studio.project import Project
from rl_studio.words import counted


def configure(parser: argparse.ArgumentParser) -> None:
    add_project(parser)
    parser.add_argument(
        "--policy",
        action="append",
        required=True,
        dest="policies",
        metavar="[NAME=]PATH",
        help='the .onnx file in the project, or "random"; it plays all agents. With NAME= it plays those of this '
        "policy name only, and may be given once for each",
    )
    parser.add_argument(
        "--scene", default="", metavar="PATH", help="the scene to play (default: the training scene)"
    )
    parser.add_argument(
        "--episodes",
        type=_positive,
        default=100,
        metavar="N",
        help="how many, for each policy (default: 100)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the game (default: 0)")
    parser.add_argument(
        "--action-repeat",
        type=_positive,
        metavar="N",
        help="physics ticks per decision (default: the scene's)",
    )
    parser.add_argument(
        "--max-decisions",
        type=_positive,
        default=MAX_DECISIONS,
        metavar="N",
        help=f"cut an episode that goes on longer (default: {MAX_DECISIONS})",
    )
    parser.add_argument(
        "--sample-actions",
        action="store_true",
        help="draw actions at random as in training, in place of the best ones",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=600.0,
        metavar="S",
        help="seconds that all of it may take (default: 600)",
    )
    parser.add_argument("--no-check", action="store_true", help="start without a look at the scene first")
    add_godot(parser)
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    given = parse_policies(args.policies)
    project = open_project(args)
    policy = (
        _policy(project, given)
        if isinstance(given, str)
        else {n: _policy(project, p) for n, p in given.items()}
    )
    scene = project.resource(args.scene)
    godot = find_godot(args.godot)
    with leaving_on_signals():
        if not args.no_check:
            require_trainable(
                godot,
                project,
                scene or project.training_scene,
                on_warning=lambda message: output.say(f"Warning: {message}"),
                progress=lambda *told: output.progress(told[-1]),
            )
        outcome = evaluate(
            project,
            godot,
            policy=policy,
            episodes=args.episodes,
            scene=scene,
            seed=args.seed,
            action_repeat=args.action_repeat,
            max_decisions=args.max_decisions,
            sample_actions=args.sample_actions,
            timeout_s=args.timeout,
            progress=lambda standing: output.progress(str(standing)),
            on_warning=lambda message: output.say(f"Warning: {message}"),
        )
    output.say(describe(outcome))
    output.result(outcome.to_json())
    return 0


def _policy(project: Project, text: str) -> str:
    return text if text == RANDOM else project.resource(text)


def parse_policies(given: Sequence[str]) -> str | dict[str, str]:
    """What the --policy options say: a file for all agents, or one for each policy name.

    Raises:
        ConfigError: two for the same agents.
    """
    found: dict[str, str] = {}
    for text in given:
        name, equals, file = text.partition("=")
        if not equals or name.startswith(("res://", "/")):
            name, file = "", text
        if name in found:
            raise ConfigError(
                f"--policy {text}: {f'the agents of {name}' if name else 'all agents'} are played by {found[name]}.",
                hint="Give each policy name once.",
            )
        found[name] = file
    if "" in found and len(found) > 1:
        raise ConfigError(
            f"--policy {found['']} plays all agents, so no other --policy can.",
            hint="Write NAME= before each of them.",
        )
    return found.get("", found)


def describe(outcome: Evaluation) -> str:
    """The outcome in a few lines for people."""
    where = f"in {outcome.scene or 'the main scene'}" + (", actions drawn" if outcome.sampled else "")
    if outcome.sole is not None:
        head = f"{outcome.sole.played_by} {where}, {counted(outcome.sole.episodes, 'episode')}"
        return "\n".join([head, *_figures(outcome.sole)])
    lines = [f"{len(outcome.policies)} policies {where}"]
    for name, result in outcome.policies.items():
        who = "random actions" if result.played_by == RANDOM else result.played_by
        lines += [f"{name}, played by {who}, {counted(result.episodes, 'episode')}", *_figures(result)]
    return "\n".join(lines)


def _figures(result: PolicyResult) -> list[str]:
    success = "not logged by the game" if result.success_rate is None else f"{result.success_rate:.1%}"
    lines = [
        f"  success rate  {success}",
        f"  mean reward   {result.reward_mean:.3f}  ({result.reward_min:.3f} to {result.reward_max:.3f})",
        f"  mean length   {result.length_mean:.1f} decisions",
    ]
    return [*lines, f"  without end   {counted(result.cut, 'episode')}"] if result.cut else lines


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number
