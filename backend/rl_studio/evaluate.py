"""Plays policies in a headless Godot, with the game's own runtime, and counts how each of them did."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping

from rl_studio import stock
from rl_studio.children import ProcessTimeoutError, run_lines
from rl_studio.evaluation_results import Episode, Evaluation, PolicyResult, summarise
from rl_studio.evaluation_watch import HOW_TO_END, EvaluationError, EvaluationWatch, Standing
from rl_studio.godot import (
    DrawingWay,
    GodotBinary,
    cannot_draw,
    drawing_way,
    ensure_imported,
    game_argv,
    headless_environment,
    misses_picture,
    unseen_environment,
    without_dialogs,
)
from rl_studio.project import Project

__all__ = [
    "MAX_DECISIONS",
    "RANDOM",
    "Episode",
    "Evaluation",
    "EvaluationError",
    "PolicyResult",
    "Standing",
    "evaluate",
    "summarise",
]

RANDOM = "random"
"""Stands for uniformly random actions instead of a policy."""

MAX_DECISIONS = 10_000
"""Decisions after which an episode is cut, unless told otherwise."""

_ENDS = (
    "Set max_episode_steps on the RLAgents so that episodes end, or ask for fewer or shorter ones (--episodes, "
    "--max-decisions), or allow more time (--timeout)."
)

_STANDS_STILL = ". Does the policy stand still there? --sample-actions draws actions as in training"

Policies = str | Mapping[str, str]
"""A policy's file, which plays all agents; or a file for each policy name. "random" in place of a file."""


def evaluate(
    project: Project,
    godot: GodotBinary,
    *,
    policy: Policies,
    episodes: int,
    scene: str = "",
    seed: int = 0,
    action_repeat: int | None = None,
    max_decisions: int = MAX_DECISIONS,
    sample_actions: bool = False,
    timeout_s: float = 600.0,
    progress: Callable[[Standing], object] = lambda _standing: None,
    on_warning: Callable[[str], object] = lambda _message: None,
) -> Evaluation:
    """Plays `episodes` episodes of each policy, shared out evenly over its agents so that short ones do not win.

    Args:
        project: the game.
        godot: the engine to play it in.
        policy: a `res://….onnx` file, or "random", for all agents; or one for each of some policy names. Agents of
            other names then do what the scene says, and are not counted.
        episodes: how many to play, at least 1.
        scene: the scene; empty for the project's training scene, else its main scene.
        seed: seeds the game's random numbers.
        action_repeat: physics ticks per decision; None leaves it to the scene's RLSync.
        max_decisions: an episode that goes on longer is cut and counts as truncated.
        sample_actions: draw actions as in training; otherwise agents do what the scene says, mostly the best one.
        timeout_s: the longest the whole evaluation may take, in seconds.
        progress: called several times a second with how far it is.
        on_warning: called with a sentence about something odd, once each.

    Raises:
        EvaluationError: no such policy file, the game failed, hung or ended early; with its last words.
        StudioError: the project could not be imported.
    """
    _check_files(project, policy)
    stock.require_replaced(project)
    ensure_imported(godot, project)
    scene = scene or project.training_scene
    rate = project.physics_ticks_per_second
    args = {
        "rl_studio_evaluate": str(episodes),
        **_policy_arguments(policy),
        "rl_studio_max_decisions": str(max_decisions),
        "env_seed": str(seed),
        "rl_studio_fixed_fps": str(rate),
    }
    if action_repeat is not None:
        args["action_repeat"] = str(action_repeat)
    if sample_actions:
        args["rl_studio_sample_actions"] = "true"
    how_to_end = stock.HOW_TO_END if stock.is_stock_game(project) else HOW_TO_END
    if policy != RANDOM and not sample_actions:
        how_to_end += _STANDS_STILL
    watch = EvaluationWatch(episodes, max_decisions, on_warning, how_to_end)
    argv = game_argv(godot, project, scene, headless=True, fixed_fps=rate, args=args)
    try:
        play(argv, watch, timeout_s, progress, headless_environment())
    except EvaluationError as error:
        if not misses_picture(error.message):
            raise
        way = _way_to_draw(error)
        watch = EvaluationWatch(episodes, max_decisions, on_warning, how_to_end)
        argv = game_argv(godot, project, scene, unseen=way, fixed_fps=rate, args=args)
        play(argv, watch, timeout_s, progress, unseen_environment(godot, way))
    return Evaluation(
        scene=scene,
        action_repeat=watch.action_repeat if action_repeat is None else action_repeat,
        policies=summarise(watch.episodes, policy),
        sampled=sample_actions,
        warnings=tuple(watch.warnings),
    )


def play(
    argv: list[str],
    watch: EvaluationWatch,
    timeout_s: float,
    progress: Callable[[Standing], object] = lambda _standing: None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Runs the game to its end, and ends it whatever happens.

    Args:
        argv: the command that starts it.
        watch: takes its lines.
        timeout_s: the longest it may take, in seconds.
        progress: as for `evaluate`.
        env: its environment; None for ours. No dialog makes it wait for somebody.

    Raises:
        EvaluationError: it failed, hung or ended early; or took too long, and no episode of some policy has ended.
    """
    try:
        finished = run_lines(
            argv,
            timeout_s=timeout_s,
            on_line=watch.take,
            on_wait=lambda: progress(watch.standing()),
            env=without_dialogs(os.environ if env is None else env),
        )
    except ProcessTimeoutError as error:
        standing = watch.standing()
        over = f"The evaluation was not over within {timeout_s:g} s: {standing.counts()} had ended."
        if not watch.has_of_each:
            raise EvaluationError(
                over + (f" {standing.longest()}" if standing.agent else ""), hint=_ENDS
            ) from error
        watch.warn(f"{over} These count. {_ENDS}")
    else:
        _require_all(watch, finished.code)
    watch.name_endless()
    watch.tell_script_errors()


def _require_all(watch: EvaluationWatch, code: int) -> None:
    """Makes sure that a game that ended by itself has played all."""
    if not watch.is_complete:
        raise EvaluationError(
            f"The game ended with code {code} before the evaluation was over. Its last lines:\n"
            + "\n".join(watch.words),
            hint="Does the scene have an RLSync and RLAgents? Play it once in the editor.",
        )
    if watch.missing():
        raise EvaluationError(f"The game ended too early: {watch.standing().counts()} had ended.")


def _way_to_draw(error: EvaluationError) -> DrawingWay:
    """How a game draws that could not show a picture: games without a window draw nothing, unless they must."""
    way = drawing_way()
    if way is None:
        message, hint = cannot_draw(error.message)
        raise EvaluationError(message, hint=hint) from error
    return way


def _check_files(project: Project, policy: Policies) -> None:
    files = [policy] if isinstance(policy, str) else list(policy.values())
    for file in files:
        if file != RANDOM and not project.to_disk(file).is_file():
            near = project.nearest(file)
            raise EvaluationError(
                f"There is no policy {file} in {project.root}.",
                hint=f"Did you mean {near}?"
                if near
                else f"Export one first: rl-studio export --project DIR --to {file}",
            )


def _policy_arguments(policy: Policies) -> dict[str, str]:
    if isinstance(policy, str):
        return {"rl_studio_policy": policy}
    return {"rl_studio_policies": json.dumps(dict(policy), ensure_ascii=False, separators=(",", ":"))}
