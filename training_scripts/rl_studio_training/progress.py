"""What a human at a terminal sees while training: a bar with the reward, or a line now and then in a log."""

from __future__ import annotations

import sys
import time
from typing import IO, Any

LINE_EVERY_S = 10.0


class Progress:
    """Shows progress on stderr; silent when a program reads our lines instead.

    Args:
        total: timesteps to go.
        enabled: False shows nothing.
        stream: where to; a terminal gets a tqdm bar, anything else plain lines.
    """

    def __init__(self, total: int, *, enabled: bool, stream: IO[str] | None = None) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._total = total
        self._enabled = enabled
        self._bar: Any = None
        self._next_line = 0.0
        if enabled and self._stream.isatty():
            from tqdm import tqdm  # type: ignore[import-untyped]

            self._bar = tqdm(total=total, unit="step", unit_scale=True, file=self._stream, dynamic_ncols=True)

    def update(self, metrics: dict[str, Any]) -> None:
        """Shows one iteration's metrics."""
        steps = metrics["timesteps_total"]
        figures = _figures(metrics)
        if self._bar is not None:
            self._bar.set_postfix(figures, refresh=False)
            self._bar.update(min(steps, self._total) - self._bar.n)
        elif self._enabled and (time.monotonic() >= self._next_line or steps >= self._total):
            self._next_line = time.monotonic() + LINE_EVERY_S
            rate = metrics["throughput"]["timesteps_per_second"]
            text = f"{steps} of {self._total} steps, {rate:.0f} a second"
            text += "".join(f", {name} {value}" for name, value in figures.items() if value != "-")
            self._stream.write(text + "\n")
            self._stream.flush()

    def write(self, text: str) -> None:
        """Writes a line above the bar."""
        if self._bar is not None:
            self._bar.write(text, file=self._stream)
        else:
            self._stream.write(text + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Ends the bar so that the next line begins on a fresh one. May be called again."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _figures(metrics: dict[str, Any]) -> dict[str, str]:
    """Reward and success: "-" without data; of each policy, as "0.42 (2%)", if there are several."""
    policies = metrics.get("policies") or {}
    if len(policies) > 1:
        return {name: _told(own["reward_mean"], own["success_rate"]) for name, own in policies.items()}
    reward, success = metrics["episode_reward_mean"], metrics["success_rate"]
    shown = {"reward": _told(reward, None)}
    return shown if success is None else {**shown, "success": f"{success:.0%}"}


def _told(reward: float | None, success: float | None) -> str:
    text = "-" if reward is None else f"{reward:.3g}"
    return text if success is None else f"{text} ({success:.0%})"
