"""Follows a run from the terminal until it ends; Ctrl+C asks it to save and stop."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Protocol

from rl_studio.cli.figures import figures, warning_lines
from rl_studio.cli.output import number_text
from rl_studio.cli.presses import KILLS, Presses
from rl_studio.godot.script_errors import without_numbers
from rl_studio.runs import RunInfo, RunService
from rl_studio.words import counted

_INTERVAL_S = 0.2
_PAGE = 500
_LAST_LINES = 8


class Listener(Protocol):
    """What someone who follows a run wants to hear."""

    def changed(self, info: RunInfo) -> None:
        """Called several times a second while the run goes on, and once when it is over."""

    def sampled(self, sample: dict[str, Any]) -> None:
        """Called once for each sample, in order."""

    def stopping(self, presses: int) -> None:
        """Called when the user asks for a stop, for the so many-th time: the run saves and ends, or is killed."""


def follow(service: RunService, run_id: str, listener: Listener, presses: Presses | None = None) -> RunInfo:
    """Blocks until the run is over and tells `listener` about it; returns its last state.

    Ctrl+C, SIGTERM and SIGHUP stop the run, which saves a checkpoint, and following goes on; so does a second one. A
    third kills the run with its games.

    Args:
        presses: counts them since the run was started; None begins to count here.
    """
    if presses is not None:
        return _follow(service, run_id, listener, presses)
    with Presses() as own:
        return _follow(service, run_id, listener, own)


def _follow(service: RunService, run_id: str, listener: Listener, presses: Presses) -> RunInfo:
    presses.hold()
    seen = heard = 0
    while True:
        while presses.count > heard:
            heard += 1
            listener.stopping(heard)
            if heard == 1:
                service.stop(run_id)
            elif heard == KILLS:
                service.kill(run_id)
        info = service.get(run_id)
        seen = _tell_samples(service, run_id, seen, listener)
        listener.changed(info)
        if info.is_final:
            presses.release()
            return info
        time.sleep(_INTERVAL_S)


def _tell_samples(service: RunService, run_id: str, seen: int, listener: Listener) -> int:
    while True:
        page = service.samples(run_id, seen, _PAGE)
        for sample in page.samples:
            listener.sampled(sample)
        seen = page.last_seq
        if not page.more:
            return seen


def progress_text(info: RunInfo) -> str:
    """A run in one line: timesteps, speed, time left, reward and success rate, by policy if there are several."""
    parts = [f"{_grouped(info.timesteps)} of {_grouped(info.timesteps_target)} steps"]
    if info.timesteps_per_second:
        left = max(0, info.timesteps_target - info.timesteps) / info.timesteps_per_second
        parts.append(f"{_grouped(info.timesteps_per_second)}/s, {number_text(left, 0)} s left")
    return " · ".join([*parts, *figures(info)])


def outcome_text(info: RunInfo) -> str:
    """How a run is or ended, for people, with its warnings; a failed one with its last lines."""
    text = f"{info.id}: {info.state} after {counted(info.timesteps, 'step')} in {info.duration_s:.0f} s"
    text += "".join(f", {told}" for told in figures(info))
    if info.restarts:
        text += f", {info.restarts} restart{'s' if info.restarts > 1 else ''} of games"
    lines = [text, *warning_lines(info)]
    if info.error is None:
        return "\n".join(lines)
    lines.append(f"  {info.error.message}")
    if info.error.hint:
        lines.append(f"  → {info.error.hint}")
    more = _news(info.error.log_tail[-_LAST_LINES:], "\n".join([*lines, info.message or ""]))
    if more:
        lines += ["  Its last lines:", *(f"    {line}" for line in more)]
    return "\n".join(lines)


def _news(lines: Sequence[str], told: str) -> list[str]:
    """Those of the last lines of a log that say something else than what is `told` already."""
    known = without_numbers(told)
    return [line for line in lines if without_numbers(_said(line)) not in known]


def _said(line: str) -> str:
    return line.strip().removeprefix("Warning: ").removeprefix("Error: ")


def _grouped(number: float) -> str:
    """With a space between thousands, which reads the same in every country."""
    return f"{number:,.0f}".replace(",", " ") if abs(number) < 1e12 else f"{number:.4g}"
