"""Plays policies against each other, round by round from known seeds, and compares two of them on the same rounds."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rl_studio.cli.output import table
from rl_studio.errors import ConfigError, closest
from rl_studio.godot import ensure_imported, find_godot
from rl_studio.project import Project
from rl_studio_training.action_repeat import action_repeat_of
from rl_studio_training.checkpoints import read_description
from rl_studio_training.crew import launcher
from rl_studio_training.episodes import Episode
from rl_studio_training.evaluation import summary
from rl_studio_training.launch import GameSettings, find_scene
from rl_studio_training.players import Seat, make_player
from rl_studio_training.policy_fleet import PolicyFleet
from rl_studio_training.policy_player import Player, play_episodes

Progress = Callable[[str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayOptions:
    """What to play.

    Args:
        project: the folder of the Godot project.
        scene: "" is the project's training scene.
        seats: who plays each policy.
        instead: who takes one of these seats when the same rounds are played again; None plays them once.
        episodes: of each policy, at least.
        seed: of the first round; the next ones have those after it.
        explore: draw actions at random as in training; else each policy does what it thinks best.
        action_repeat: physics ticks per decision; None takes what the first checkpoint was trained with, or
            without a checkpoint the scene's own.
        godot: the Godot binary; None looks for one.
        game_args: further `--key=value` arguments of the game.
    """

    project: Path
    scene: str = ""
    seats: Sequence[Seat]
    instead: Seat | None = None
    episodes: int = 200
    seed: int = 0
    explore: bool = False
    action_repeat: int | None = None
    godot: Path | None = None
    game_args: Mapping[str, str] = field(default_factory=dict)

    @property
    def checkpoint(self) -> Path | None:
        """The first one among the seats."""
        seats = [*self.seats, *([self.instead] if self.instead else [])]
        return next((seat.checkpoint for seat in seats if seat.checkpoint is not None), None)


def play(options: PlayOptions, progress: Progress = lambda _text: None) -> dict[str, Any]:
    """Starts the game without a window, plays, and ends it.

    In a round every agent plays one episode. Where a scene has several arenas, they are played side by side.

    Args:
        progress: called with a sentence now and then.

    Returns:
        scene, seed, rounds; `policies`: by name, `played_by` and what `evaluation.summary` has. With `instead` also
        `comparison`: its policy, `played_by`, `summary`, and `better`, `equal`, `worse`: the shares of the
        `episodes` pairs in which the first player did better than the other, as well, or worse.

    Raises:
        StudioError: a policy has no player or cannot be read, or the game does not play.
    """
    import torch

    torch.manual_seed(options.seed)
    settings = _settings(options)
    with tempfile.TemporaryDirectory(prefix="rls-play-", ignore_cleanup_errors=True) as logs:
        progress("Starting the game")
        fleet = PolicyFleet(launcher(settings, Path(logs)), 1, seed=options.seed, on_status=progress)
        try:
            report = _play_both(fleet, options, progress)
        finally:
            fleet.close()
    return {"scene": settings.scene, "seed": options.seed, **report}


def _settings(options: PlayOptions) -> GameSettings:
    project = Project.open(options.project)
    scene = find_scene(project, options.scene)
    godot = find_godot(options.godot)
    ensure_imported(godot, project)
    repeat = options.action_repeat
    if repeat is None and options.checkpoint is not None:
        repeat = action_repeat_of(read_description(options.checkpoint))
    return GameSettings(
        project=project, godot=godot, scene=scene, action_repeat=repeat, extra=dict(options.game_args)
    )


def _play_both(fleet: PolicyFleet, options: PlayOptions, progress: Progress) -> dict[str, Any]:
    seats = _check_seats(fleet, options.seats)
    rounds = math.ceil(options.episodes / max(1, min(fleet.agents.values())))
    other = options.instead
    if other is not None and other.policy not in seats:
        raise _no_such_policy(other.policy, seats)
    first = _play_rounds(fleet, seats, options, rounds, progress)
    report: dict[str, Any] = {
        "rounds": rounds,
        "policies": {
            name: {"played_by": seats[name].who, **summary(episodes)} for name, episodes in first.items()
        },
    }
    if other is not None:
        second = _play_rounds(fleet, {**seats, other.policy: other}, options, rounds, progress)
        report["comparison"] = {
            "policy": other.policy,
            "played_by": other.who,
            "summary": summary(second[other.policy]),
            **compare(first[other.policy], second[other.policy]),
        }
    return report


def _check_seats(fleet: PolicyFleet, seats: Sequence[Seat]) -> dict[str, Seat]:
    found = {seat.policy: seat for seat in seats}
    policies = [group.policy for group in fleet.groups]
    for name in found:
        if name not in policies:
            raise _no_such_policy(name, policies)
    if missing := [name for name in policies if name not in found]:
        raise ConfigError(
            f"Nobody plays {' and '.join(missing)}.", hint=f"Add --policy {missing[0]}=CHECKPOINT_DIR."
        )
    return found


def _no_such_policy(name: str, policies: Sequence[str] | Mapping[str, Any]) -> ConfigError:
    near = closest(name, policies)
    return ConfigError(
        f"The game has no policy {name!r}; it has {', '.join(policies)}.",
        hint=f"Did you mean {near}?" if near else None,
    )


def _play_rounds(
    fleet: PolicyFleet, seats: Mapping[str, Seat], options: PlayOptions, rounds: int, progress: Progress
) -> dict[str, list[Episode]]:
    """By policy its episodes, agent by agent in each round."""
    players: dict[str, Player] = {
        group.policy: make_player(seats[group.policy], group, options.checkpoint, options.seed)
        for group in fleet.groups
    }
    played: dict[str, list[Episode]] = {name: [] for name in players}
    for number in range(rounds):
        progress(f"Round {number + 1} of {rounds}")
        found = play_episodes(fleet, players, 1, seed=options.seed + number, explore=options.explore)
        for name, episodes in found.items():
            played[name] += episodes
    return played


def compare(first: Sequence[Episode], second: Sequence[Episode]) -> dict[str, Any]:
    """How often `first` did better than `second`, of pairs of episodes that began alike.

    A success is better than none, and a quick one better than a slow one; two failures are equal. An episode that logs
    no success was none, as soon as one logs it; in a game that knows no success the higher reward is better.

    Returns:
        episodes: how many pairs; better, equal, worse: shares of them.
    """
    knows_success = any(episode.success is not None for episode in (*first, *second))
    pairs = [
        (_score(one, knows_success), _score(other, knows_success))
        for one, other in zip(
            first, second, strict=False
        )  # where agents come and go one may have played more
    ]
    better = sum(one > other for one, other in pairs)
    worse = sum(one < other for one, other in pairs)
    count = len(pairs)
    return {
        "episodes": count,
        "better": better / max(count, 1),
        "equal": (count - better - worse) / max(count, 1),
        "worse": worse / max(count, 1),
    }


def _score(episode: Episode, knows_success: bool) -> tuple[float, float]:
    if not knows_success:
        return 0.0, episode.reward
    return (1.0, -float(episode.length)) if episode.success else (0.0, 0.0)


def describe(report: Mapping[str, Any]) -> str:
    """A report in a few lines for people."""
    rows = [{"policy": name, **told} for name, told in report["policies"].items()]
    compared = report.get("comparison")
    if compared is not None:
        name, other = compared["policy"], compared["played_by"]
        rows.append({"policy": f"{name} again", "played_by": other, **compared["summary"]})
    columns = {
        "policy": "policy",
        "played_by": "played by",
        "episodes": "episodes",
        "success_rate": "success",
        "reward_mean": "reward",
        "episode_len_mean": "length",
    }
    text = f"{report['scene']}, {report['rounds']} rounds\n{table(rows, columns)}"
    if compared is None:
        return text
    shares = ", ".join(f"{compared[key]:.1%} {key}" for key in ("better", "equal", "worse"))
    return f"{text}\n{name} {report['policies'][name]['played_by']} beside {other}: {shares}"
