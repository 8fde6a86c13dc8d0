"""rl_studio.runs.state and .progress: what a log says, and how a run's end is judged."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from rl_studio.metrics import Record
from rl_studio.runs import GameRestart, RunError, RunState
from rl_studio.runs.info import PolicyResult
from rl_studio.runs.progress import MAX_WARNINGS, Progress
from rl_studio.runs.state import TRANSITIONS, check_transition, judge


def after(*records: tuple[str, dict[str, Any]]) -> Progress:
    progress = Progress()
    for kind, data in records:
        progress = progress.after(Record("event", {"kind": kind, **data}))
    return progress


FINISHED = after(("finished", {"reason": "timesteps"}))
INTERRUPTED = after(("finished", {"reason": "interrupted"}))
BROKEN = after(("error", {"code": "game", "message": "The game crashed.", "hint": "Look there."}))
TRACEBACK = ["Traceback (most recent call last):", "ValueError: no"]


@pytest.mark.parametrize(
    ("progress", "asked", "code", "tail", "verdict"),
    [
        (FINISHED, False, 0, [], ("finished", "timesteps")),
        (FINISHED, True, 0, [], ("finished", "timesteps")),
        (FINISHED, False, 139, [], ("finished", "timesteps")),
        (FINISHED, False, None, [], ("finished", "timesteps")),
        (INTERRUPTED, True, 0, [], ("stopped", "interrupted")),
        (INTERRUPTED, False, 0, [], ("stopped", "interrupted")),
        (BROKEN, False, 1, [], ("failed", "error")),
        (BROKEN, True, 1, [], ("failed", "error")),
        (Progress(), True, -signal.SIGKILL, [], ("stopped", "killed")),
        (Progress(), True, None, [], ("stopped", "killed")),
        (Progress(), False, -signal.SIGKILL, [], ("failed", "killed")),
        (Progress(), False, -signal.SIGSEGV, [], ("failed", "crashed")),
        (Progress(), False, 1, [], ("failed", "crashed")),
        (Progress(), False, 0, [], ("failed", "crashed")),
        (Progress(), False, None, [], ("failed", "killed")),
        (Progress(), False, None, TRACEBACK, ("failed", "crashed")),
    ],
)
def test_the_end_of_a_run_is_judged(
    progress: Progress, asked: bool, code: int | None, tail: list[str], verdict: tuple[str, str]
) -> None:
    found = judge(progress, stop_requested=asked, exit_code=code, log_tail=tail)
    assert (found.state, found.reason) == verdict


def test_nothing_follows_a_final_state() -> None:
    final = {state for state in RunState if state.is_final}
    assert final == {RunState.FINISHED, RunState.STOPPED, RunState.FAILED}
    for state in final:
        for other in RunState:
            with pytest.raises(RunError, match=f"{state} cannot become {other}"):
                check_transition(state, other)


def test_every_state_leads_to_an_end() -> None:
    assert set(TRANSITIONS) == set(RunState)
    for state in RunState:
        assert state.is_final or RunState.FAILED in TRANSITIONS[state]


def test_metrics_set_the_numbers() -> None:
    data = {
        "timesteps_total": 30.0,
        "episodes_total": 2,
        "training_iteration": 3,
        "episode_reward_mean": 1,
        "success_rate": None,
        "throughput": {"timesteps_per_second": 5.5},
    }
    progress = Progress().after(Record("metric", data))
    assert (progress.timesteps, progress.episodes, progress.iteration) == (30, 2, 3)
    assert (progress.episode_reward_mean, progress.success_rate) == (1.0, None)
    assert progress.timesteps_per_second == 5.5
    assert progress.started


def test_policies_have_figures_of_their_own() -> None:
    data = {
        "episode_reward_mean": None,
        "policies": {
            "evader": {"reward_mean": 0.5, "success_rate": 0.02, "episodes": 7, "learner": {}},
            "pursuer": {"reward_mean": 5, "success_rate": None},
            "odd": "none",
        },
    }
    progress = Progress().after(Record("metric", data))
    assert {name: PolicyResult(**told) for name, told in progress.policies.items()} == {
        "evader": PolicyResult(0.5, 0.02, 7),
        "pursuer": PolicyResult(5.0, None, 0),
    }
    assert progress.after(Record("metric", {})).policies == progress.policies


def test_metrics_of_another_form_do_no_harm() -> None:
    strange = {"timesteps_total": "many", "episode_reward_mean": [1], "throughput": 5, "episodes_total": True}
    progress = Progress(timesteps=7).after(Record("metric", {**strange, "policies": [1]}))
    assert (progress.timesteps, progress.episode_reward_mean, progress.episodes) == (7, None, 0)


def test_events_tell_what_happens() -> None:
    assert after(("status", {"message": "Starting"})).message == "Starting"
    assert after(("started", {"timesteps_target": 500})).timesteps_target == 500
    assert after(("checkpoint", {"timesteps_total": 25})).timesteps == 25
    warned = after(("warning", {"message": "slow"}))
    assert (warned.message, warned.warnings) == ("Warning: slow", 1)
    assert after(("started", {"timesteps_target": 5, "action_repeat": 4.0})).action_repeat == 4
    assert BROKEN.error == {"code": "game", "message": "The game crashed.", "hint": "Look there."}
    assert after(("error", {})).error is not None
    assert after(("something new", {"a": 1})) == Progress()
    more = {"wire": "binary", "sections": 2, "no_such_field": {"a": [1]}}
    assert after(("started", {"timesteps_target": 5, **more})) == after(("started", {"timesteps_target": 5}))


def test_restarts_of_games_are_counted_and_the_last_one_is_told() -> None:
    crash = {"instance": 1, "reason": "game_crashed", "attempt": 1, "limit": 10, "message": "Killed.\n  x"}
    hang = {"instance": 0, "reason": "game_timeout", "attempt": 3, "limit": 10, "message": "No answer."}
    progress = after(("game_restarted", crash), ("status", {"message": "Training"}), ("game_restarted", hang))
    assert progress.restarts == 3  # the second attempt failed, and made no event
    assert progress.message == "Game 0 hung and was restarted (3 of 10)."
    assert progress.last_restart is not None
    assert GameRestart(**progress.last_restart) == GameRestart(
        0, 3, 10, "game_timeout", "Game 0 hung and was restarted (3 of 10).", "No answer."
    )


@pytest.mark.parametrize(
    "fields", [{}, {"instance": "x", "attempt": [1], "limit": {}, "reason": 5, "message": None}]
)
def test_a_restart_of_another_form_does_no_harm(fields: dict[str, Any]) -> None:
    progress = after(("game_restarted", fields), ("game_restarted", fields))
    assert progress.restarts == 2
    assert progress.last_restart is not None
    assert GameRestart(**progress.last_restart).summary == "Game 0 failed and was restarted (2)."


def test_warnings_are_kept_once_each_with_their_number() -> None:
    progress = after(*[("warning", {"message": text}) for text in ("slow", "odd", "slow", "slow")])
    assert progress.warned == {"slow": 3, "odd": 1}
    assert progress.warnings == 4
    many = after(*[("warning", {"message": f"number {index}"}) for index in range(3 * MAX_WARNINGS)])
    assert len(many.warned) == MAX_WARNINGS
    assert many.warnings == 3 * MAX_WARNINGS


def test_lines_of_no_use_are_counted() -> None:
    found = Progress().after(Record("warning", {"message": "x"}))
    assert (found.warnings, found.warned) == (1, {"x": 1})
    assert Progress().after(Record("result", {"path": "x"})) == Progress()
