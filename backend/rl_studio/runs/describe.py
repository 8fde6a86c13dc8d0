"""Puts together what others may know about a run."""

from __future__ import annotations

import dataclasses
import json
import signal
from collections.abc import Callable, Sequence

from rl_studio.runs.folder import RunMeta, parse_time, warnings_of
from rl_studio.runs.info import (
    CheckpointOrigin,
    GameRestart,
    PolicyResult,
    RunFailure,
    RunInfo,
    RunWarning,
)
from rl_studio.runs.state import RunState
from rl_studio.runs.store import Ingested

MAX_LIST_BYTES = 768 * 1024
"""Most bytes of JSON in a list of runs; below a frame of the protocol."""


def describe(
    meta: RunMeta, row: Ingested, *, checkpoints: int, now: float, log_tail: Callable[[], list[str]]
) -> RunInfo:
    """Describes a run from its run.json and what its log said.

    Args:
        meta: run.json.
        row: what was read from the log.
        checkpoints: how many there are.
        now: Unix time.
        log_tail: gives the last lines of the log; called for a failed run only.
    """
    progress = row.progress
    state = RunState(meta.state)
    started = meta.created_time
    ended = parse_time(meta.ended) if meta.ended else None
    return RunInfo(
        id=meta.id,
        experiment=meta.experiment,
        trainer=meta.trainer,
        scene=meta.scene,
        state=state.value,
        reason=meta.reason,
        exit_code=meta.exit_code,
        started=started,
        ended=ended,
        duration_s=max(0.0, (ended if ended is not None else now) - started),
        timesteps=progress.timesteps,
        timesteps_target=progress.timesteps_target or meta.timesteps_target,
        episodes=progress.episodes,
        episode_reward_mean=progress.episode_reward_mean,
        success_rate=progress.success_rate,
        policies={name: PolicyResult(**told) for name, told in progress.policies.items()},
        iteration=progress.iteration,
        timesteps_per_second=progress.timesteps_per_second,
        checkpoints=checkpoints,
        last_seq=row.last_seq,
        message=progress.message,
        restarts=progress.restarts,
        last_restart=GameRestart(**progress.last_restart) if progress.last_restart else None,
        error=_failure(meta, row, log_tail()) if state is RunState.FAILED else None,
        warnings=[
            RunWarning(told["message"], told["count"])
            # A run that was started by hand has its output in a terminal, not in a log.
            for told in warnings_of(progress.warned) or meta.warnings
        ],
        action_repeat=progress.action_repeat,
        resumed_from=CheckpointOrigin(**meta.resumed_from) if meta.resumed_from else None,
        initialised_from=CheckpointOrigin(**meta.initialised_from) if meta.initialised_from else None,
    )


def same_but_for_time(one: RunInfo, other: RunInfo | None) -> bool:
    """Whether two descriptions of a run differ in nothing but how long it has lasted."""
    if other is None:
        return False
    first, second = one.to_dict(), other.to_dict()
    return first | {"duration_s": 0} == second | {"duration_s": 0}


def fitting(runs: Sequence[RunInfo], limit: int = MAX_LIST_BYTES) -> list[RunInfo]:
    """The runs as one message can hold them: the oldest ones without warnings and log if they are too large together.

    Args:
        runs: newest first.
        limit: bytes of JSON that they may have, about.
    """
    kept: list[RunInfo] = []
    for info in runs:
        limit -= _size(info)
        if limit < 0:
            limit += _size(info)
            error = info.error and dataclasses.replace(info.error, log_tail=[])
            info = dataclasses.replace(info, warnings=[], error=error)
            limit -= _size(info)
        if limit < 0:
            break
        kept.append(info)
    return kept


def _size(info: RunInfo) -> int:
    return len(json.dumps(info.to_dict()))


def _failure(meta: RunMeta, row: Ingested, tail: list[str]) -> RunFailure:
    error = row.progress.error
    if meta.problem is not None:
        return RunFailure(
            meta.problem, f"Mend the file, or delete the folder .rl_studio/runs/{meta.id}.", tail
        )
    if meta.reason == "error" and error is not None:
        return RunFailure(error["message"], error["hint"], tail)
    if meta.reason == "error":
        # A run started by hand has its output in a terminal, not in a log.
        return RunFailure("The trainer failed.", "The terminal it was started in says why.", tail)
    if meta.reason == "not_started":
        return RunFailure(
            "The trainer did not start.", "Start the run again; backend.log may say what happened.", tail
        )
    if meta.reason == "crashed":
        code = "" if meta.exit_code is None else f" ({_exit_text(meta.exit_code)})"
        return RunFailure(
            f"The trainer crashed{code}.", "Its last lines say where; the log has all of them.", tail
        )
    how = "" if meta.exit_code is None else f" ({_exit_text(meta.exit_code)})"
    return RunFailure(
        f"The trainer was killed{how}.",
        "If nobody did that, the machine may have run out of memory or was shut down.",
        tail,
    )


def _exit_text(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
