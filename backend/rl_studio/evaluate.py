"""Plays a policy in a headless Godot, with the game's own runtime, and counts how it did."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from rl_studio.children import ProcessTimeoutError, run_lines
from rl_studio.errors import StudioError
from rl_studio.godot import GodotBinary, ensure_imported, game_argv
from rl_studio.project import Project

RANDOM = "random"
"""Stands for uniformly random actions instead of a policy."""

_EPISODE = "@EPISODE "
_END = "@EVALUATION "
_ERROR = "@ERROR "


class EvaluationError(StudioError):
    """The game did not play all episodes."""

    code = "evaluation"


@dataclass(frozen=True, slots=True)
class Episode:
    """One finished episode.

    Attributes:
        agent: path of the agent in the scene.
        policy: its policy name.
        reward: sum of its rewards.
        length: its decisions.
        truncated: whether a limit ended it rather than the game.
        is_success: what the game logged as `is_success`, None if it logs none.
        metrics: all values the game logged in it.
    """

    agent: str
    policy: str
    reward: float
    length: int
    truncated: bool
    is_success: bool | None
    metrics: dict[str, float]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The outcome over all episodes. Rewards are sums per episode, lengths are decisions."""

    policy: str
    scene: str
    episodes: int
    reward_mean: float
    reward_min: float
    reward_max: float
    length_mean: float
    success_rate: float | None
    metrics: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def evaluate(
    project: Project,
    godot: GodotBinary,
    *,
    policy: str,
    episodes: int,
    scene: str = "",
    seed: int = 0,
    action_repeat: int | None = None,
    timeout_s: float = 600.0,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Plays `episodes` episodes, shared out evenly over the agents so that short ones do not win.

    Args:
        project: the game.
        godot: the engine to play it in.
        policy: a `res://….onnx` file, or "random".
        episodes: how many to play, at least 1.
        scene: the scene; empty for the project's training scene, else its main scene.
        seed: seeds the game's random numbers.
        action_repeat: physics ticks per decision; None leaves it to the scene's RLSync.
        timeout_s: the longest the whole evaluation may take, in seconds.
        progress: called with (episodes done, episodes) after each.

    Raises:
        EvaluationError: no such policy file, the game failed, hung or ended early; with its last words.
        StudioError: the project could not be imported.
    """
    if policy != RANDOM and not project.to_disk(policy).is_file():
        raise EvaluationError(
            f"There is no policy {policy} in {project.root}.",
            hint="Export one first: rl-studio export --project DIR --to " + policy,
        )
    ensure_imported(godot, project)
    scene = scene or project.training_scene
    rate = project.physics_ticks_per_second
    args = {
        "rl_studio_evaluate": str(episodes),
        "rl_studio_policy": policy,
        "env_seed": str(seed),
        "rl_studio_fixed_fps": str(rate),
    }
    if action_repeat is not None:
        args["action_repeat"] = str(action_repeat)
    argv = game_argv(godot, project, scene, headless=True, fixed_fps=rate, args=args)
    found: list[Episode] = []

    def count(episode: Episode) -> None:
        found.append(episode)
        if progress is not None:
            progress(len(found), episodes)

    _play(argv, timeout_s, count)
    if len(found) < episodes:
        raise EvaluationError(f"The game ended after {len(found)} of {episodes} episodes.")
    return summarise(found, policy=policy, scene=scene)


def summarise(episodes: list[Episode], *, policy: str, scene: str) -> Evaluation:
    """Means over `episodes` (at least one); the success rate counts those that logged `is_success`."""
    rewards = [episode.reward for episode in episodes]
    outcomes = [episode.is_success for episode in episodes if episode.is_success is not None]
    names = sorted({name for episode in episodes for name in episode.metrics})
    return Evaluation(
        policy=policy,
        scene=scene,
        episodes=len(episodes),
        reward_mean=fmean(rewards),
        reward_min=min(rewards),
        reward_max=max(rewards),
        length_mean=fmean(episode.length for episode in episodes),
        success_rate=fmean(outcomes) if outcomes else None,
        metrics={name: fmean(e.metrics[name] for e in episodes if name in e.metrics) for name in names},
    )


def _play(argv: list[str], timeout_s: float, on_episode: Callable[[Episode], None]) -> None:
    """Runs the game to its end."""
    complete = False
    words: deque[str] = deque(maxlen=15)

    def take(line: str) -> None:
        nonlocal complete
        if line.startswith(_EPISODE):
            on_episode(_parse_episode(line))
        elif line.startswith(_END):
            complete = True
        elif line.startswith(_ERROR):
            raise EvaluationError(json.loads(line.removeprefix(_ERROR))["message"])
        elif line.strip():
            words.append(line)

    try:
        finished = run_lines(argv, timeout_s=timeout_s, on_line=take)
    except ProcessTimeoutError as error:
        raise EvaluationError(
            f"The game did not finish within {timeout_s:g} s.",
            hint="Do episodes end? Give RLAgent.max_episode_steps, or allow more time with --timeout.",
        ) from error
    if not complete:
        raise EvaluationError(
            f"The game ended with code {finished.code} before the evaluation was over. Its last lines:\n"
            + "\n".join(words),
            hint="Does the scene have an RLSync and RLAgents? Play it once in the editor.",
        )


def _parse_episode(line: str) -> Episode:
    data = json.loads(line.removeprefix(_EPISODE))
    outcome = data.get("is_success")
    return Episode(
        agent=str(data["agent"]),
        policy=str(data["policy"]),
        reward=float(data["reward"]),
        length=int(data["length"]),
        truncated=bool(data["truncated"]),
        is_success=None if outcome is None else bool(outcome),
        metrics={str(name): float(value) for name, value in data.get("metrics", {}).items()},
    )
