"""Training processes of either side, read line by line."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

STOP_S = 30.0
_TAG = b"@METRIC "


class TooShortError(Exception):
    """A training ended too soon to be measured."""


@dataclass(frozen=True, slots=True)
class Line:
    """What an @METRIC line says.

    Args:
        time: Unix time at which the trainer wrote it.
        steps: agent steps so far.
        reward: mean of the last 100 episodes; None before the first end.
        success: share of them that were won; None if nobody says so.
        throughput: shares of wall time (ours only).
        agents: mean number of those that decided at once; None if it is not told.
    """

    time: float
    steps: int
    episodes: int
    reward: float | None
    success: float | None
    throughput: Mapping[str, Any]
    agents: float | None


@contextmanager
def lines_of(
    argv: Sequence[str], *, env: Mapping[str, str] | None = None, limit_s: float
) -> Iterator[Iterator[Line]]:
    """Starts a training and gives its lines as they come; stops it in the end.

    Args:
        limit_s: seconds after which it is stopped in any case; the lines end then.

    Raises:
        SystemExit: it ended before what was asked of its lines.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=errors)
        timer = threading.Timer(limit_s, process.send_signal, [signal.SIGINT])
        timer.daemon = True
        timer.start()
        try:
            yield _read(process)
        except TooShortError as error:
            _stop(process)
            errors.seek(0)
            tail = errors.read().decode(errors="replace").splitlines()[-15:]
            raise SystemExit("\n".join([f"{error} Its last words:", *tail])) from error
        finally:
            timer.cancel()
            _stop(process)


def _read(process: subprocess.Popen[bytes]) -> Iterator[Line]:
    assert process.stdout is not None
    for raw in process.stdout:
        if raw.startswith(_TAG):
            yield _parse(json.loads(raw[len(_TAG) :]))


def _parse(values: Mapping[str, Any]) -> Line:
    return Line(
        time=datetime.fromisoformat(values["timestamp"]).timestamp(),
        steps=values["timesteps_total"],
        episodes=values["episodes_total"],
        reward=values["episode_reward_mean"],
        success=values.get("success_rate"),
        throughput=values.get("throughput") or {},
        agents=values.get("agents"),
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    if process.stdout.closed:
        return
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        # Its last words must go somewhere, or it waits for a reader.
        process.communicate(timeout=STOP_S)
    if process.poll() is None:
        process.kill()
        process.communicate()


def collect(lines: Iterator[Line], *, warm_up_s: float, seconds: float) -> list[Line]:
    """The lines of `seconds` of training, those of the first `warm_up_s` left out; at least three.

    Raises:
        TooShortError: there are not so many.
    """
    kept: list[Line] = []
    first: float | None = None
    for line in lines:
        first = line.time if first is None else first
        if line.time - first >= warm_up_s:
            kept.append(line)
        if len(kept) >= 3 and kept[-1].time - kept[0].time >= seconds:
            return kept
    raise TooShortError(f"A training ended after {len(kept)} lines that could be measured.")


def rate_of(lines: Sequence[Line]) -> float:
    """Agent steps per second from the first line to the last."""
    return (lines[-1].steps - lines[0].steps) / (lines[-1].time - lines[0].time)


def seconds_to_reward(
    argv: Sequence[str], reward: float, *, env: Mapping[str, str] | None = None, limit_s: float, episodes: int
) -> tuple[float | None, int]:
    """Wall time from the start of the process until the mean of the last 100 episodes is `reward`.

    Args:
        episodes: so many must have ended before.

    Returns:
        Seconds, None if that did not happen within `limit_s`; and the agent steps it took.
    """
    began = time.time()
    steps = 0
    with lines_of(argv, env=env, limit_s=limit_s) as lines:
        for line in lines:
            steps = line.steps
            if line.reward is not None and line.episodes >= episodes and line.reward >= reward:
                return line.time - began, steps
        if time.time() - began < limit_s - 1.0:
            raise TooShortError(f"A training ended by itself after {steps} steps.")
    return None, steps
