"""The states of a run, and how the end of one is judged."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rl_studio.errors import StudioError
from rl_studio.runs.progress import Progress


class RunError(StudioError):
    """No such run, or it cannot do what was asked."""

    code = "run"


class RunState(StrEnum):
    """Where a run is in its life."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        return not TRANSITIONS[self]


TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    RunState.STARTING: frozenset(set(RunState) - {RunState.STARTING}),
    RunState.RUNNING: frozenset(set(RunState) - {RunState.STARTING, RunState.RUNNING}),
    # A run may still finish by itself, or fail, while it is being stopped.
    RunState.STOPPING: frozenset({RunState.FINISHED, RunState.STOPPED, RunState.FAILED}),
    RunState.FINISHED: frozenset(),
    RunState.STOPPED: frozenset(),
    RunState.FAILED: frozenset(),
}
"""State → the states that may follow it; none for a final one."""


def check_transition(old: RunState, new: RunState) -> None:
    """Makes sure that `new` may follow `old`.

    Raises:
        RunError: it may not.
    """
    if new not in TRANSITIONS[old]:
        raise RunError(f"A run that is {old} cannot become {new}.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run ended."""

    state: RunState
    reason: str


_DEADLY_SIGNALS = frozenset(
    {signal.SIGTERM, signal.SIGINT, *([signal.SIGKILL] if hasattr(signal, "SIGKILL") else [])}
)


def judge(
    progress: Progress, *, stop_requested: bool, exit_code: int | None, log_tail: Sequence[str] = ()
) -> Verdict:
    """Judges a run whose process is gone and whose log was read to its end.

    Args:
        progress: what the log says.
        stop_requested: somebody asked the run to stop.
        exit_code: the trainer's, -N for signal N; None if nobody saw it.
        log_tail: the last lines of the log, for a run that died without a word.
    """
    if progress.error is not None:
        return Verdict(RunState.FAILED, "error")
    if progress.finished is not None:
        reason = progress.finished
        return Verdict(RunState.STOPPED if reason == "interrupted" else RunState.FINISHED, reason)
    if stop_requested:
        return Verdict(RunState.STOPPED, "killed")
    if exit_code is None:
        crashed = any(line.startswith(("Traceback (most recent call last)", "Fatal ")) for line in log_tail)
    else:
        crashed = -exit_code not in _DEADLY_SIGNALS
    return Verdict(RunState.FAILED, "crashed" if crashed else "killed")
