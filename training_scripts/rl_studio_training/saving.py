"""When a run saves a checkpoint, which one is the best, and what a checkpoint says of itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from rl_studio.experiments.training_config import TrainingConfig
from rl_studio_training.checkpoints import LASTING, BestMetric, CheckpointFolder, Counters, Reason
from rl_studio_training.episodes import EpisodeWindow
from rl_studio_training.reporter import Reporter
from rl_studio_training.run_folder import RunFolder

EPISODES_TO_JUDGE = 10
"""Below this many the mean reward of training says nothing about which checkpoint is the best."""


class Learner(Protocol):
    """What a run saves."""

    @property
    def counters(self) -> Counters:
        """How far it is."""

    @property
    def window(self) -> EpisodeWindow:
        """The latest episodes of what learns."""

    @property
    def has_finite_weights(self) -> bool:
        """False once training has diverged to NaN or infinity."""

    def write(self, folder: Path) -> Iterable[str]:
        """Writes all files of a checkpoint; returns what was left out, in sentences."""

    def facts(self) -> dict[str, Any]:
        """Further fields of checkpoint.json: trainer and policies at least."""


class Saving:
    """Saves checkpoints of a learner: now and then, and whenever it is told to.

    The best one is that with the highest reward in an evaluation, or without evaluations the one with the highest
    mean reward of training.

    Args:
        only_latest: names of files that only the latest checkpoint keeps.
    """

    def __init__(
        self,
        config: TrainingConfig,
        learner: Learner,
        folder: RunFolder,
        reporter: Reporter,
        *,
        only_latest: tuple[str, ...] = (),
    ) -> None:
        self._config = config
        self._learner = learner
        self._folder = folder
        self._reporter = reporter
        self._checkpoints = CheckpointFolder(folder.checkpoints, config.keep_checkpoints, only_latest)
        self._saved_at_s = 0.0
        self._warned: set[str] = set()
        self._best: float | None = None
        self._judges_training = not config.eval_frequency
        self.evaluation: dict[str, Any] | None = None
        """The latest one as metric lines have it: reward_mean, success_rate, timesteps_total."""

    def resume(self, description: dict[str, Any]) -> None:
        """Goes on from a checkpoint.json: with its best so far and its latest evaluation."""
        self._best = description.get("best")
        self.evaluation = description.get("evaluation")
        self._saved_at_s = float(description["counters"]["time_total_s"])

    def judge(self, found: dict[str, Any]) -> bool:
        """Takes in an evaluation and tells of it; saves a checkpoint if it is the best so far.

        Args:
            found: of `Evaluation.run`.

        Returns:
            Whether it is the best.
        """
        timesteps = self._learner.counters.timesteps
        told = {key: found[key] for key in ("reward_mean", "success_rate")}
        self.evaluation = {**told, "timesteps_total": timesteps}
        is_best = self._is_best(found["reward_mean"])
        self._reporter.event("evaluation", timesteps_total=timesteps, **found, is_best=is_best)
        if is_best:
            self.save("best")
        return is_best

    def is_due(self, before: int) -> bool:
        """Whether a periodic checkpoint falls between `before` agent steps, exclusively, and now."""
        every, minutes = self._config.checkpoint_frequency, self._config.checkpoint_minutes
        counters = self._learner.counters
        if every and counters.timesteps // every > before // every:
            return True
        return minutes is not None and counters.time_total_s - self._saved_at_s >= 60.0 * minutes

    def save(self, reason: Reason) -> Path | None:
        """Saves a checkpoint, and tells of it.

        Returns:
            Its folder; None if there is none, which a warning says.

        Raises:
            OSError: the last one of a run cannot be written.
        """
        if not self._learner.has_finite_weights:
            self._reporter.warning("The weights are NaN, so there is no checkpoint of them.")
            return None
        counters, window = self._learner.counters, self._learner.window
        best = self._new_best(reason)
        if best is not None:
            self._best = best
        try:
            path = self._checkpoints.save(counters.timesteps, reason, self._write, self._facts())
            if best is not None:
                metric: BestMetric = "episode_reward_mean" if self._judges_training else "evaluation_reward"
                self._checkpoints.set_best(path, best, metric)
        except OSError as error:
            if reason in LASTING:
                raise
            self._reporter.warning(
                f"The checkpoint at {counters.timesteps} steps could not be saved: {error}"
            )
            return None
        self._saved_at_s = counters.time_total_s
        self._reporter.event(
            "checkpoint",
            path=path.relative_to(self._folder.path).as_posix(),
            timesteps_total=counters.timesteps,
            episode_reward_mean=window.reward_mean,
            reason=reason,
            is_best=best is not None,
        )
        return path

    def _new_best(self, reason: Reason) -> float | None:
        """The reward that makes the checkpoint to be saved the best so far; None if it is not."""
        if not self._judges_training:
            return (self.evaluation or {}).get("reward_mean") if reason == "best" else None
        over = self._learner.window.last(EPISODES_TO_JUDGE)
        reward = self._learner.window.reward_mean
        return reward if over.count == EPISODES_TO_JUDGE and self._is_best(reward) else None

    def _is_best(self, reward: float | None) -> bool:
        return reward is not None and (self._best is None or reward > self._best)

    def _write(self, folder: Path) -> None:
        for sentence in self._learner.write(folder):
            if sentence not in self._warned:
                self._warned.add(sentence)
                self._reporter.warning(sentence)

    def _facts(self) -> dict[str, Any]:
        counters, window = self._learner.counters, self._learner.window
        return {
            "counters": asdict(counters),
            "iteration": counters.iterations,
            "episodes": counters.episodes,
            "episode_reward_mean": window.reward_mean,
            "success_rate": window.success_rate,
            "evaluation": self.evaluation,
            "best": self._best,
            "algorithm": self._config.algorithm,
            "config": self._config.complete(),
            **self._learner.facts(),
        }
