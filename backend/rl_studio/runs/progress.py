"""What a run's log says about it so far, folded together line by line."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rl_studio.metrics import Record
from rl_studio.metrics.numbers import MAX_COUNT, is_count, is_number
from rl_studio.runs.bounds import cut
from rl_studio.runs.meta_checks import MAX_WARNINGS

MAX_POLICIES = 100
"""Policies of a run whose figures are kept."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a run as its log tells it. Each field is the latest value seen.

    Attributes:
        started: the trainer said that training began.
        finished: the reason the trainer gave for being done, None if it did not.
        error: {code, message, hint} the trainer gave.
        restarts: how often a game was started again.
        last_restart: the fields of a `GameRestart`, None if there was none.
        warnings: how many warnings there were, and log lines that looked like the line protocol but could not be used.
        warned: the first so many different ones of them, each with its count.
        policies: by policy, the fields of a `PolicyResult`.
        action_repeat: physics ticks of a decision, as the game says.
    """

    started: bool = False
    timesteps: int = 0
    timesteps_target: int | None = None
    episodes: int = 0
    iteration: int = 0
    episode_reward_mean: float | None = None
    success_rate: float | None = None
    timesteps_per_second: float | None = None
    message: str | None = None
    finished: str | None = None
    error: dict[str, Any] | None = None
    restarts: int = 0
    last_restart: dict[str, Any] | None = None
    warnings: int = 0
    warned: dict[str, int] = field(default_factory=dict)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    action_repeat: int | None = None

    def after(self, record: Record) -> Progress:
        """The progress after one more record."""
        if record.kind == "metric":
            return _after_metric(self, record.data)
        if record.kind == "warning":
            return _with_warning(self, _text(record.data.get("message")) or "")
        handler = _EVENTS.get(str(record.data.get("kind"))) if record.kind == "event" else None
        return handler(self, record.data) if handler else self


def _after_metric(progress: Progress, data: dict[str, Any]) -> Progress:
    throughput = data.get("throughput")
    speed = throughput.get("timesteps_per_second") if isinstance(throughput, dict) else None
    return dataclasses.replace(
        progress,
        started=True,
        timesteps=_whole(data.get("timesteps_total"), progress.timesteps),
        episodes=_whole(data.get("episodes_total"), progress.episodes),
        iteration=_whole(data.get("training_iteration"), progress.iteration),
        episode_reward_mean=_number(data.get("episode_reward_mean")),
        success_rate=_number(data.get("success_rate")),
        timesteps_per_second=_number(speed),
        policies=_results(data.get("policies")) or progress.policies,
    )


def _results(policies: Any) -> dict[str, dict[str, Any]]:
    """The fields of a `PolicyResult` by policy."""
    if not isinstance(policies, dict):
        return {}
    return {
        cut(name): {
            "reward_mean": _number(told.get("reward_mean")),
            "success_rate": _number(told.get("success_rate")),
            "episodes": _whole(told.get("episodes"), 0),
        }
        for name, told in list(policies.items())[:MAX_POLICIES]
        if isinstance(told, dict)
    }


def _after_status(progress: Progress, data: dict[str, Any]) -> Progress:
    return dataclasses.replace(progress, message=_text(data.get("message")))


def _after_started(progress: Progress, data: dict[str, Any]) -> Progress:
    target = _whole(data.get("timesteps_target"), progress.timesteps_target or 0)
    done = _whole(data.get("timesteps_total"), progress.timesteps)
    return dataclasses.replace(
        progress,
        started=True,
        timesteps_target=target,
        timesteps=done,
        action_repeat=_whole_or_none(data.get("action_repeat")),
    )


def _after_checkpoint(progress: Progress, data: dict[str, Any]) -> Progress:
    return dataclasses.replace(progress, timesteps=_whole(data.get("timesteps_total"), progress.timesteps))


def _after_warning(progress: Progress, data: dict[str, Any]) -> Progress:
    text = _text(data.get("message")) or ""
    count = max(1, _whole(data.get("count"), 1))
    return dataclasses.replace(_with_warning(progress, text, count), message=f"Warning: {text}")


def _with_warning(progress: Progress, text: str, count: int = 1) -> Progress:
    warned = progress.warned
    if text in warned or len(warned) < MAX_WARNINGS:
        warned = {**warned, text: min(MAX_COUNT, warned.get(text, 0) + count)}
    return dataclasses.replace(progress, warnings=min(MAX_COUNT, progress.warnings + count), warned=warned)


def _after_game_restarted(progress: Progress, data: dict[str, Any]) -> Progress:
    attempt = max(progress.restarts + 1, _whole(data.get("attempt"), 0))
    limit = _whole_or_none(data.get("limit"))
    instance = _whole(data.get("instance"), 0)
    reason = _text(data.get("reason")) or ""
    count = str(attempt) if limit is None else f"{attempt} of {limit}"
    summary = f"Game {instance} {_DEATHS.get(reason, 'failed')} and was restarted ({count})."
    restart = {
        "instance": instance,
        "attempt": attempt,
        "limit": limit,
        "reason": reason,
        "summary": summary,
        "message": _text(data.get("message")) or "",
    }
    return dataclasses.replace(progress, restarts=attempt, last_restart=restart, message=summary)


def _after_finished(progress: Progress, data: dict[str, Any]) -> Progress:
    return dataclasses.replace(
        progress,
        finished=_text(data.get("reason")) or "timesteps",
        timesteps=_whole(data.get("timesteps_total"), progress.timesteps),
        message=_text(data.get("message")) or progress.message,
    )


def _after_error(progress: Progress, data: dict[str, Any]) -> Progress:
    message = _text(data.get("message")) or "The trainer reported an error without a message."
    hint = _text(data.get("hint"))
    return dataclasses.replace(
        progress, error={"code": _text(data.get("code")), "message": message, "hint": hint}
    )


_DEATHS = {
    "game_start": "did not start",
    "game_crashed": "crashed",
    "game_timeout": "hung",
    "game_protocol": "sent something unreadable",
    "game": "reported an error",
}
"""What happened to a game, by the reason of its restart."""

_EVENTS: dict[str, Callable[[Progress, dict[str, Any]], Progress]] = {
    "status": _after_status,
    "started": _after_started,
    "checkpoint": _after_checkpoint,
    "warning": _after_warning,
    "game_restarted": _after_game_restarted,
    "finished": _after_finished,
    "error": _after_error,
}


def _number(value: Any) -> float | None:
    return float(value) if is_number(value) else None


def _whole(value: Any, otherwise: int) -> int:
    return int(value) if is_count(value) else otherwise


def _whole_or_none(value: Any) -> int | None:
    return int(value) if is_count(value) else None


def _text(value: Any) -> str | None:
    return None if value is None else cut(str(value))
