"""The `@METRIC` line of an RLlib run, made of the reports of its games and of what `Algorithm.train` returns.

RLlib's own means cover the episodes of a single iteration and are NaN without any, so episodes are counted here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rl_studio_training.bottleneck import Bottleneck, Seconds
from rl_studio_training.checkpoints import Counters
from rl_studio_training.episodes import EpisodeWindow
from rl_studio_training.judging import Judge
from rl_studio_training.rllib_reports import GamesReport, games_reports

LEARNER: dict[str, tuple[str, ...]] = {
    "policy_loss": ("policy_loss",),
    "value_loss": ("vf_loss",),
    "entropy": ("entropy",),
    "approx_kl": ("mean_kl_loss",),
    "explained_variance": ("vf_explained_var",),
    "learning_rate": ("default_optimizer_learning_rate", "policy_learning_rate", "actor_learning_rate"),
    "loss": ("total_loss",),
    "q_loss": ("qf_loss",),
    "q_mean": ("qf_mean",),
    "td_error": ("td_error_mean",),
    "alpha": ("alpha_value",),
    "gradient_norm": ("gradients_default_optimizer_global_norm",),
}
"""Our name → RLlib's, by algorithm."""

_ALWAYS = ("policy_loss", "value_loss", "entropy", "approx_kl", "explained_variance", "learning_rate", "loss")
"""Null where there is no such thing; the others are left out."""


@dataclass(frozen=True, slots=True)
class Iteration:
    """One `Algorithm.train`.

    Args:
        result: what it returned.
        reports: of the games, from all runners.
        seconds: of wall time since the iteration before ended.
    """

    result: Mapping[str, Any]
    reports: Sequence[GamesReport]
    seconds: float

    @classmethod
    def of(cls, result: dict[str, Any], seconds: float) -> Iteration:
        return cls(result, games_reports(result), seconds)

    @property
    def timesteps(self) -> int:
        """Agent steps, those of games that died meanwhile included."""
        return sum(sum(report.agent_steps.values()) for report in self.reports)

    @property
    def env_steps(self) -> int:
        return sum(report.env_steps for report in self.reports)

    def agents(self, policy: str) -> float:
        """Agents of a policy in one game: how many acted in the mean of all decisions."""
        steps = sum(report.agent_steps.get(policy, 0) for report in self.reports)
        return steps / max(1, self.env_steps)

    @property
    def episodes(self) -> int:
        """That ended."""
        return sum(len(found) for report in self.reports for found in report.episodes.values())

    @property
    def events(self) -> list[dict[str, Any]]:
        """What happened to games."""
        return [event for report in self.reports for event in report.events]

    def spent(self) -> Seconds:
        """Where the time went. Runners play side by side: their times are averaged.

        With algorithms that learn while runners play (APPO, IMPALA) the parts overlap.
        """
        runners = max(1, len({report.runner for report in self.reports}))
        timings = [report.timing for report in self.reports]
        return Seconds(
            self.seconds,
            sum(timing.game_s for timing in timings) / runners,
            sum(timing.wire_s for timing in timings) / runners,
            sum(report.policy_s for report in self.reports) / runners,
            self._update_s(),
        )

    def _update_s(self) -> float:
        """Of the learner; RLlib tells the mean over the steps of an iteration."""
        steps = _number(self.result.get("num_training_step_calls_per_iteration")) or 1.0
        return (_number(self.result.get("timers", {}).get("learner_update_timer")) or 0.0) * steps

    def learner(self, policies: Iterable[str]) -> dict[str, dict[str, float | None]]:
        """The learner's numbers by policy; null for all of those that learned nothing."""
        learners = self.result.get("learners", {})
        return {policy: _learner_numbers(learners.get(policy, {})) for policy in policies}


class RunMetrics:
    """All that has been measured in a run so far.

    The numbers of the whole run are those of the policy it is judged by; policies that are judged each for itself have
    no common ones: what one wins the other loses.

    Args:
        policies: the names of all.
        judge: which of them are judged.
        bottleneck: says what dominates the time.
        counters: where a resumed run goes on.
        n_games: of all runners.
    """

    def __init__(
        self,
        policies: Iterable[str],
        judge: Judge,
        bottleneck: Bottleneck,
        counters: Counters,
        n_games: int = 1,
    ) -> None:
        self.counters = counters
        self.windows = {policy: EpisodeWindow() for policy in policies}
        self._judge = judge
        self._bottleneck = bottleneck
        self._n_games = n_games
        self._waiting: dict[int, int] = {}
        """By runner, the agents without a row when it last told."""

    def add(self, iteration: Iteration) -> dict[str, Any]:
        """Counts an iteration; returns the fields of its metric line."""
        for report in iteration.reports:
            self._waiting[report.runner] = sum(report.waiting.values())
            for policy, episodes in report.episodes.items():
                for episode in episodes:
                    self.windows[policy].add(episode)
        before = self.counters
        counters = self.counters = Counters(
            timesteps=before.timesteps + iteration.timesteps,
            env_steps=before.env_steps + iteration.env_steps,
            iterations=before.iterations + 1,
            episodes=before.episodes + iteration.episodes,
            time_total_s=before.time_total_s + iteration.seconds,
        )
        learner = iteration.learner(self.windows)
        agents = {policy: self._n_games * iteration.agents(policy) for policy in self.windows}
        policies = {
            policy: {
                **window.summary(),
                "agents": agents[policy],
                "custom_metrics": window.custom_metrics(),
                "learner": learner[policy],
            }
            for policy, window in self.windows.items()
        }
        overall = partial(self._judge.overall, policies)
        return {
            "training_iteration": counters.iterations,
            "timesteps_total": counters.timesteps,
            "env_steps_total": counters.env_steps,
            "episodes_total": counters.episodes,
            "agents": sum(agents.values()),
            "agents_waiting": sum(self._waiting.values()),
            "episode_reward_mean": overall("reward_mean"),
            "episode_reward_min": overall("reward_min"),
            "episode_reward_max": overall("reward_max"),
            "episode_len_mean": overall("episode_len_mean"),
            "success_rate": overall("success_rate"),
            "policies": policies,
            "custom_metrics": overall("custom_metrics") or {},
            "learner": overall("learner") or dict.fromkeys(_ALWAYS),
            "time_total_s": counters.time_total_s,
            "throughput": self._throughput(iteration),
        }

    def _throughput(self, iteration: Iteration) -> dict[str, Any]:
        seconds = iteration.spent()
        restarts = sum(report.timing.restarts for report in iteration.reports)
        part, advice = self._bottleneck.add(seconds, is_disturbed=restarts > 0)
        return {
            "timesteps_per_second": iteration.timesteps / max(seconds.total, 1e-9),
            **seconds.shares(),
            "bottleneck": part,
            "advice": advice,
        }


def _learner_numbers(found: Mapping[str, Any]) -> dict[str, float | None]:
    numbers: dict[str, float | None] = {}
    for name, keys in LEARNER.items():
        values = [number for key in keys if (number := _number(found.get(key))) is not None]
        if values or name in _ALWAYS:
            numbers[name] = values[0] if values else None
    if "curr_kl_coeff" not in found:
        numbers["approx_kl"] = None  # without a KL loss RLlib says 0
    return numbers


def _number(value: Any) -> float | None:
    """As plain number; None for NaN, which RLlib gives for what has no value this time."""
    if value is None or not math.isfinite(value):
        return None
    return float(value)
