"""Rides along with SB3's `learn`: stops it, and reports every iteration."""

from __future__ import annotations

from time import perf_counter
from typing import Any, Protocol

from stable_baselines3.common.callbacks import BaseCallback

from rl_studio.experiments.sb3_fields import PPO_LIKE
from rl_studio_training.bottleneck import Bottleneck, Seconds
from rl_studio_training.checkpoints import Counters
from rl_studio_training.errors import DivergedError
from rl_studio_training.progress import Progress
from rl_studio_training.reporter import Reporter
from rl_studio_training.sb3_base import StudioAlgorithm
from rl_studio_training.sb3_model import has_finite_weights, learner_metrics
from rl_studio_training.stop_conditions import INTERRUPTED, Situation, StopConditions, StopReason
from rl_studio_training.stopping import StopSwitch
from rl_studio_training.vec_env import GodotVecEnv

REPORT_EVERY_S = 1.0
"""An iteration of an algorithm that updates after every few steps lasts at least this long."""

TENSORBOARD_EVERY_S = 1.0
"""Iterations in between are not written to TensorBoard: an event file costs more than a short iteration may."""


class TrainingEnds(Exception):  # noqa: N818 - not an error
    """Raised between two iterations, where SB3 knows no other way to end."""


class Watch(Protocol):
    """What happens between iterations."""

    def is_due(self, before: int) -> bool:
        """Whether something falls between `before` agent steps, exclusively, and now; it ends an iteration."""

    def forward_errors(self) -> None:
        """Passes on the errors that games have printed."""

    def after_iteration(self, before: int, *, is_last: bool) -> None:
        """An iteration has ended that began at `before` agent steps."""

    @property
    def evaluation(self) -> dict[str, Any] | None:
        """The latest evaluation, as the metric line has it."""


class TrainingCallback(BaseCallback):
    """Reports each iteration after its updates, so that its learner numbers belong to it.

    An iteration of PPO and its kin is one rollout with its update. The others update after every few steps: theirs
    last about a second, or until a checkpoint or an evaluation is due.

    Args:
        algorithm: its name in the configuration.
        env: the games that are trained in.
        switch: whether the user wants to stop.
        stop: all other reasons to stop.
        bottleneck: says what dominates the time.
        watch: called between iterations.
    """

    def __init__(
        self,
        algorithm: str,
        env: GodotVecEnv,
        reporter: Reporter,
        progress: Progress,
        switch: StopSwitch,
        stop: StopConditions,
        bottleneck: Bottleneck,
        watch: Watch,
    ) -> None:
        super().__init__()
        self.reason: StopReason | None = None
        """Why training ends; None as long as it goes on, and when all timesteps are done."""
        self._shortest_s = 0.0 if algorithm in PPO_LIKE else REPORT_EVERY_S
        self._env = env
        self._reporter = reporter
        self._progress = progress
        self._switch = switch
        self._stop = stop
        self._bottleneck = bottleneck
        self._watch = watch
        self._begins_at = Counters()
        self._env_steps = 0
        self._decisions = 0
        self._iterations = 0
        self._spent_before = Seconds()
        self._restarts_before = 0
        self._reported_steps = 0
        self._updates_before = 0
        self._next_events_at = 0.0

    def resume(self, counters: Counters) -> None:
        """Counts on from a checkpoint; call it before training."""
        self._begins_at = counters

    @property
    def counters(self) -> Counters:
        """How far the run is now."""
        begins_at = self._begins_at
        return Counters(
            timesteps=self._algorithm.num_timesteps,
            env_steps=begins_at.env_steps + self._env_steps,
            iterations=begins_at.iterations + self._iterations,
            episodes=self._env.episodes.total,
            time_total_s=begins_at.time_total_s + self._switch.elapsed_s,
        )

    @property
    def _algorithm(self) -> StudioAlgorithm:
        assert isinstance(self.model, StudioAlgorithm)
        return self.model

    def _on_training_start(self) -> None:
        self._switch.begin()
        self._spent_before = self._spent()
        self._reported_steps = self._algorithm.num_timesteps
        self._updates_before = self._updates

    def _on_rollout_start(self) -> None:
        steps = self._algorithm.num_timesteps
        if steps == self._reported_steps:
            return
        short = perf_counter() - self._spent_before.total < self._shortest_s
        if short and not self._watch.is_due(self._reported_steps):
            return
        self._finish_iteration()
        self.reason = self._stop.check(self._situation())
        if self.reason is not None:
            raise TrainingEnds

    def _on_step(self) -> bool:
        self._env_steps += len(self._env.games)
        self._decisions += 1
        if self._switch.requested:
            self.reason = INTERRUPTED
        else:
            self.reason = self._stop.check_between(self._elapsed_s)
        return self.reason is None

    def _on_training_end(self) -> None:
        if self._algorithm.num_timesteps > self._reported_steps:
            self._finish_iteration(is_last=True)

    def _finish_iteration(self, *, is_last: bool = False) -> None:
        self._iterations += 1
        metrics = self._metrics()
        self._reporter.metric(metrics)
        self._progress.update(metrics)
        if is_last or perf_counter() >= self._next_events_at:
            self._next_events_at = perf_counter() + TENSORBOARD_EVERY_S
            self._write_tensorboard(metrics)
        self._watch.forward_errors()
        if not has_finite_weights(self._algorithm):
            raise DivergedError(
                f"Training diverged: the network's weights became NaN in iteration {metrics['training_iteration']}.",
                hint="Lower learning_rate, or look for huge rewards or observations in the game.",
            )
        before, self._reported_steps = self._reported_steps, self._algorithm.num_timesteps
        self._decisions = 0
        self._watch.after_iteration(before, is_last=is_last)

    @property
    def _elapsed_s(self) -> float:
        return self._begins_at.time_total_s + self._switch.elapsed_s

    @property
    def _updates(self) -> int:
        return int(getattr(self._algorithm, "_n_updates", 0))

    def _situation(self) -> Situation:
        counters = self.counters
        return Situation(
            timesteps=counters.timesteps,
            iterations=counters.iterations,
            episodes=counters.episodes,
            elapsed_s=counters.time_total_s,
            windows={self._env.policy_name: self._env.episodes},
        )

    def _metrics(self) -> dict[str, Any]:
        """What is reported; null for all of the learner if the iteration had no update."""
        counters, window = self.counters, self._env.episodes
        policy = window.summary()
        learner = learner_metrics(self._algorithm)
        if self._updates == self._updates_before:
            learner = dict.fromkeys(learner)
        self._updates_before = self._updates
        custom = window.custom_metrics()
        agents = (counters.timesteps - self._reported_steps) / max(1, self._decisions)
        return {
            "training_iteration": counters.iterations,
            "timesteps_total": counters.timesteps,
            "env_steps_total": counters.env_steps,
            "episodes_total": counters.episodes,
            "agents": agents,
            "agents_waiting": sum(self._env.fleet.waiting.values()),
            "episode_reward_mean": policy["reward_mean"],
            "episode_reward_min": policy["reward_min"],
            "episode_reward_max": policy["reward_max"],
            "episode_len_mean": policy["episode_len_mean"],
            "success_rate": policy["success_rate"],
            "policies": {
                self._env.policy_name: {
                    **policy,
                    "agents": agents,
                    "custom_metrics": custom,
                    "learner": learner,
                }
            },
            "custom_metrics": custom,
            "evaluation": self._watch.evaluation,
            "learner": learner,
            "time_total_s": counters.time_total_s,
            "throughput": self._throughput(),
        }

    def _throughput(self) -> dict[str, Any]:
        spent = self._spent()
        seconds, self._spent_before = spent - self._spent_before, spent
        restarts, self._restarts_before = self._restarts_before, self._env.fleet.timing.restarts
        part, advice = self._bottleneck.add(seconds, is_disturbed=restarts != self._restarts_before)
        return {
            "timesteps_per_second": (self._algorithm.num_timesteps - self._reported_steps)
            / max(seconds.total, 1e-9),
            **seconds.shares(),
            "bottleneck": part,
            "advice": advice,
        }

    def _spent(self) -> Seconds:
        timing, spent = self._env.fleet.timing, self._algorithm.spent
        return Seconds(perf_counter(), timing.game_s, timing.wire_s, spent.policy_s, spent.update_s)

    def _write_tensorboard(self, metrics: dict[str, Any]) -> None:
        logger = self._algorithm.logger
        evaluation = metrics["evaluation"] or {}
        values = {
            "rollout/ep_rew_mean": metrics["episode_reward_mean"],
            "rollout/ep_len_mean": metrics["episode_len_mean"],
            "rollout/success_rate": metrics["success_rate"],
            "eval/mean_reward": evaluation.get("reward_mean"),
            "eval/success_rate": evaluation.get("success_rate"),
            "time/fps": metrics["throughput"]["timesteps_per_second"],
            **{f"custom/{name}": value for name, value in metrics["custom_metrics"].items()},
        }
        for key, value in values.items():
            if value is not None:
                logger.record(key, value)
        logger.dump(metrics["timesteps_total"])
