"""Trains one configuration with several seeds, one after the other, and says how much of the result was luck."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rl_studio.errors import StudioError
from rl_studio.runs import RunInfo, RunService

CONFIDENCE = 0.95
"""How often an interval is to hold the true mean."""

_BISECTIONS = 60


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean of a figure over seeds.

    Attributes:
        count: how many seeds gave the figure.
        mean: their mean.
        low, high: bounds of the 95 % interval (Student's t) of the mean; None for a single seed.
    """

    count: int
    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class SeedResult:
    """How one seed's run ended.

    Attributes:
        reward, success_rate: over the last episodes of the run; None if no episode ended, or the game logs no success,
            or several policies learned, which have no common figure.
        policies: by policy, the same of it alone.
        steps_per_second: agent steps a second over the whole run.
    """

    seed: int
    run: str
    state: str
    reason: str | None
    timesteps: int
    reward: float | None
    success_rate: float | None
    steps_per_second: float | None
    duration_s: float
    policies: dict[str, dict[str, float | None]] = field(default_factory=dict)

    @property
    def counts(self) -> bool:
        """Whether the run went to its end, so that its figures can be compared."""
        return self.state == "finished"


@dataclass(slots=True)
class SeedReport:
    """What came out of all seeds.

    Attributes:
        results: in the order in which they were trained.
        left: seeds that were not trained, because a run was stopped or could not begin.
        problem: why one could not even be started; None if none was refused.
    """

    results: list[SeedResult] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    problem: str | None = None

    @property
    def state(self) -> str:
        """finished, failed (a run failed) or stopped (by the user)."""
        found = {result.state for result in self.results}
        if "failed" in found or self.problem:
            return "failed"
        return "stopped" if self.left or found - {"finished"} else "finished"

    def estimate(self, figure: str) -> Estimate | None:
        """The mean of `figure` (an attribute of `SeedResult`) over the runs that finished; None if no run has it."""
        values = [getattr(result, figure) for result in self.results if result.counts]
        return estimate([value for value in values if value is not None], *_RANGES.get(figure, _ANY))

    @property
    def policies(self) -> list[str]:
        """Those of all runs that finished."""
        return list(
            dict.fromkeys(name for result in self.results if result.counts for name in result.policies)
        )

    def estimate_of(self, policy: str, figure: str) -> Estimate | None:
        """The same for one policy; `figure` is reward or success_rate."""
        values = [result.policies.get(policy, {}).get(figure) for result in self.results if result.counts]
        return estimate([value for value in values if value is not None], *_RANGES.get(figure, _ANY))

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-compatible data."""
        summary = {figure: self.estimate(figure) for figure in FIGURES}
        policies = {
            policy: {figure: self.estimate_of(policy, figure) for figure in POLICY_FIGURES}
            for policy in self.policies
        }
        return {
            "state": self.state,
            "confidence": CONFIDENCE,
            "seeds": [asdict(result) for result in self.results],
            "left": self.left,
            "problem": self.problem,
            "summary": {figure: found and asdict(found) for figure, found in summary.items()},
            "policies": {
                policy: {figure: found and asdict(found) for figure, found in own.items()}
                for policy, own in policies.items()
            },
        }


FIGURES = ("reward", "success_rate", "steps_per_second")
"""What is estimated over the seeds."""

POLICY_FIGURES = ("reward", "success_rate")
"""What is estimated for each policy."""

_ANY = (-math.inf, math.inf)
_RANGES = {"success_rate": (0.0, 1.0), "steps_per_second": (0.0, math.inf)}
"""By figure, the least and the most that it can be; an interval says nothing beyond."""


def train_seeds(
    service: RunService,
    seeds: Iterable[int],
    start: Callable[[int], RunInfo],
    follow: Callable[[str], RunInfo] | None = None,
) -> SeedReport:
    """Trains with one seed after the other.

    A run that was stopped ends the series; so does one that failed before its first step, as the others would.
    A KeyboardInterrupt while a run is followed asks it to save and stop.

    Args:
        service: where the runs are.
        seeds: the seeds, in order.
        start: starts the run of a seed and returns at once.
        follow: waits for the end of the run with this id; None only waits.

    Returns:
        What is known of all runs that were started.

    Raises:
        StudioError: the first run could not be started.
    """
    report = SeedReport(left=list(seeds))
    while report.left:
        try:
            info = start(report.left[0])
        except StudioError as error:
            if not report.results:
                raise
            report.problem = error.message
            break
        try:
            info = (follow or service.wait)(info.id)
        except KeyboardInterrupt:
            info = service.stop(info.id)
        report.results.append(_result(service, report.left.pop(0), info))
        if info.state != "finished" and not (info.state == "failed" and info.timesteps):
            break
    return report


def estimate(values: Sequence[float], least: float = -math.inf, most: float = math.inf) -> Estimate | None:
    """Mean and 95 % interval of independent values that lie between `least` and `most`; None if there are none."""
    if not values:
        return None
    mean = statistics.fmean(values)
    if len(values) == 1:
        return Estimate(1, mean, None, None)
    error = statistics.stdev(values) / math.sqrt(len(values))
    reach = t_quantile(len(values) - 1) * error
    return Estimate(len(values), mean, max(mean - reach, least), min(mean + reach, most))


def t_quantile(freedom: int, confidence: float = CONFIDENCE) -> float:
    """How many standard errors an interval reaches to each side, for so many degrees of freedom (1 or more)."""
    low, high = 0.0, math.pi / 2  # of the angle atan(t / sqrt(freedom)), so that any t is within
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if _share_within(middle, freedom) < confidence else (low, middle)
    return math.tan((low + high) / 2) * math.sqrt(freedom)


def _share_within(angle: float, freedom: int) -> float:
    """Student's distribution between -t and t, with t = tan(angle) * sqrt(freedom); a finite sum for whole freedom."""
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = 0.0 if freedom == 1 else term
    for k in range(2 + odd, freedom - 1, 2):
        term *= (k - 1) / k * cosine * cosine
        total += term
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


def _result(service: RunService, seed: int, info: RunInfo) -> SeedResult:
    return SeedResult(
        seed=seed,
        run=info.id,
        state=info.state,
        reason=info.reason,
        timesteps=info.timesteps,
        reward=info.episode_reward_mean,
        success_rate=info.success_rate,
        steps_per_second=_speed(service, info),
        duration_s=info.duration_s,
        policies={
            name: {"reward": told.reward_mean, "success_rate": told.success_rate}
            for name, told in info.policies.items()
        },
    )


def _speed(service: RunService, info: RunInfo) -> float | None:
    """Steps a second over the whole run; that of the last iteration if the trainer does not say how long it took."""
    last = service.samples(info.id, max(0, info.last_seq - 1)).samples
    seconds = last[-1].get("time_total_s") if last else None
    steps = last[-1].get("timesteps_total") if last else None
    return steps / seconds if steps and seconds else info.timesteps_per_second
