"""Plays trained policies against each other in their game, without training, and says how each of them did.

    python play_checkpoints.py --project DIR --scene res://scenes/tag_train.tscn --episodes 200 \\
        --policy pursuer=CHECKPOINT_DIR --policy evader=CHECKPOINT_DIR --instead pursuer=untrained

Policies come from checkpoints of Stable-Baselines3 or RLlib. `untrained` is a fresh network, `random` draws actions
at random. With `--instead` the same rounds are played twice, and compared pair by pair.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from rl_studio import storage
from rl_studio.cli.output import Output
from rl_studio.errors import StudioError
from rl_studio_training.play_checkpoints import PlayOptions, describe, play
from rl_studio_training.players import parse_seat
from rl_studio_training.script import begin, load_torch


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the script; returns its exit code."""
    begin(arguments)
    args = _parser().parse_args(arguments)
    output = Output(as_json=args.json)
    try:
        options = PlayOptions(
            project=args.project,
            scene=args.scene,
            seats=tuple(parse_seat(text) for text in args.policy),
            instead=parse_seat(args.instead) if args.instead else None,
            episodes=args.episodes,
            seed=args.seed,
            explore=args.explore,
            action_repeat=args.action_repeat,
            godot=args.godot,
            game_args=dict(_pair(text) for text in args.game_arg),
        )
        load_torch(1)
        logging.getLogger("ray").setLevel(logging.ERROR)  # it warns of what it calls itself
        report = play(options, output.progress)
    except StudioError as error:
        output.error(error)
        return 1
    except OSError as error:
        output.error(storage.describe(error, args.project))
        return 1
    except KeyboardInterrupt:
        output.say("Interrupted.")
        return 130
    output.say(describe(report))
    output.result(report)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Play policies from checkpoints against each other.")
    parser.add_argument("--project", type=Path, required=True, metavar="DIR", help="the Godot project")
    parser.add_argument("--scene", default="", metavar="res://…", help="default: the training scene")
    parser.add_argument(
        "--policy",
        action="append",
        required=True,
        metavar="NAME=WHO",
        help="who plays a policy: the folder of a checkpoint or of a run (its latest one), untrained, or random; "
        "once for each policy of the scene",
    )
    parser.add_argument(
        "--instead", metavar="NAME=WHO", help="play the same rounds again with this one, and compare"
    )
    parser.add_argument("--episodes", type=_positive, default=200, metavar="N", help="default: 200")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the first round; default: 0")
    parser.add_argument("--explore", action="store_true", help="draw actions at random as in training")
    parser.add_argument("--action-repeat", type=_positive, metavar="N", help="default: as it was trained")
    parser.add_argument("--game-arg", action="append", default=[], metavar="KEY=VALUE", help="for the game")
    parser.add_argument(
        "--godot", type=Path, metavar="PATH", help="the Godot binary; default: found by itself"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document as the last line")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key, value


if __name__ == "__main__":
    sys.exit(main())
