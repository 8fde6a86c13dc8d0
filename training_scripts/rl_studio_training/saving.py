"""When a run saves a checkpoint, which one is the best, and what a checkpoint says of itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from rl_studio import storage
from rl_studio.experiments.training_config import TrainingConfig
from rl_studio.storage import StorageError
from rl_studio_training.checkpoints import LASTING, BestMetric, CheckpointFolder, Counters, Reason
from rl_studio_training.episodes import EpisodeWindow
from rl_studio_training.judging import Judge
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
    def windows(self) -> Mapping[str, EpisodeWindow]:
        """By policy, its latest episodes."""

    @property
    def judge(self) -> Judge:
        """Which policies say how good the run is."""

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
    mean reward of training. Where several policies are judged, each has a best one of its own.

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
        self._fails = False
        self._bests: dict[str, float] = {}
        self._judges_training = not config.eval_frequency
        self.evaluation: dict[str, Any] | None = None
        """The latest one as metric lines have it: reward_mean, success_rate, timesteps_total, policies."""

    def resume(self, description: dict[str, Any]) -> None:
        """Goes on from a checkpoint.json: with its bests so far and its latest evaluation."""
        judge = self._learner.judge
        if description.get("best") is not None and judge.sole is not None:
            self._bests[judge.sole] = float(description["best"])
        self._bests |= judge.among(description.get("bests") or {})
        self.evaluation = description.get("evaluation")
        self._saved_at_s = float(description["counters"]["time_total_s"])

    def judge(self, results: Mapping[str, dict[str, Any]]) -> bool:
        """Takes in an evaluation and tells of it; saves a checkpoint if it is the best so far for a policy.

        Args:
            results: by policy, of `Evaluation.run`.

        Returns:
            Whether it is.
        """
        timesteps, judge = self._learner.counters.timesteps, self._learner.judge
        figures = ("reward_mean", "success_rate")
        self.evaluation = {
            **{key: judge.overall(results, key) for key in figures},
            "timesteps_total": timesteps,
            "policies": {name: {key: told[key] for key in figures} for name, told in results.items()},
        }
        bests = self._better({name: told["reward_mean"] for name, told in results.items()})
        whole = {key: judge.overall(results, key) for key in next(iter(results.values()))}
        self._reporter.event(
            "evaluation",
            timesteps_total=timesteps,
            **whole,
            policies=dict(results),
            is_best=bool(bests),
            best_of=list(bests),
        )
        if bests:
            self.save("best", bests)
        return bool(bests)

    def is_due(self, before: int) -> bool:
        """Whether a periodic checkpoint falls between `before` agent steps, exclusively, and now."""
        every, minutes = self._config.checkpoint_frequency, self._config.checkpoint_minutes
        counters = self._learner.counters
        if every and counters.timesteps // every > before // every:
            return True
        return minutes is not None and counters.time_total_s - self._saved_at_s >= 60.0 * minutes

    def save(self, reason: Reason, bests: Mapping[str, float] | None = None) -> Path | None:
        """Saves a checkpoint, and tells of it.

        Args:
            bests: by policy that an evaluation has found to be at its best, its reward.

        Returns:
            Its folder; None if there is none, which a warning says.

        Raises:
            StorageError, OSError: the last one of a run cannot be written.
        """
        if not self._learner.has_finite_weights:
            self._reporter.warning("The weights are NaN, so there is no checkpoint of them.")
            return None
        counters, judge = self._learner.counters, self._learner.judge
        new = self._new_bests() if self._judges_training else dict(bests or {})
        before = dict(self._bests)
        self._bests |= new
        try:
            path = self._checkpoints.save(counters.timesteps, reason, self._write, self._facts())
            if new:
                metric: BestMetric = "episode_reward_mean" if self._judges_training else "evaluation_reward"
                self._checkpoints.set_best(path, new, metric, judge)
        except Exception as error:  # a full disk has many names: OSError, and what PyTorch makes of it
            self._bests = before
            problem = storage.explain(error, self._folder.path)
            if problem is None and not isinstance(error, OSError):
                raise
            if reason in LASTING:
                raise self._without_last(problem) if problem else error from error
            if not self._fails:  # else every attempt would be a warning of its own
                self._fails = True
                self._reporter.warning(
                    f"The checkpoint at {counters.timesteps} steps could not be saved: {problem or error} "
                    "Training goes on without checkpoints until one can be saved."
                )
            return None
        self._fails = False
        self._saved_at_s = counters.time_total_s
        self._reporter.event(
            "checkpoint",
            path=path.relative_to(self._folder.path).as_posix(),
            timesteps_total=counters.timesteps,
            episode_reward_mean=judge.overall(self._results(), "reward_mean"),
            reason=reason,
            is_best=bool(new),
            best_of=list(new),
        )
        return path

    def _new_bests(self) -> dict[str, float]:
        """By policy, the mean reward of training that makes the checkpoint to be saved its best so far."""
        windows = self._learner.windows
        return self._better(
            {
                name: window.reward_mean
                for name, window in windows.items()
                if window.last(EPISODES_TO_JUDGE).count == EPISODES_TO_JUDGE
            }
        )

    def _better(self, rewards: Mapping[str, float | None]) -> dict[str, float]:
        """Those of judged policies that are higher than any before."""
        return {
            name: reward
            for name, reward in self._learner.judge.among(rewards).items()
            if reward is not None and (name not in self._bests or reward > self._bests[name])
        }

    def _results(self) -> dict[str, dict[str, float | None]]:
        return {
            name: {"reward_mean": window.reward_mean, "success_rate": window.success_rate}
            for name, window in self._learner.windows.items()
        }

    def _without_last(self, problem: StorageError) -> StorageError:
        """What to say when a run ends without its last checkpoint."""
        kept = self._checkpoints.list()
        where = f"the latest that was saved is {kept[-1]}" if kept else "none was saved"
        return type(problem)(
            f"The last checkpoint could not be saved, {where}. {problem.message}", hint=problem.hint
        )

    def _write(self, folder: Path) -> None:
        for sentence in self._learner.write(folder):
            if sentence not in self._warned:
                self._warned.add(sentence)
                self._reporter.warning(sentence)

    def _facts(self) -> dict[str, Any]:
        counters, judge, results = self._learner.counters, self._learner.judge, self._results()
        return {
            "counters": asdict(counters),
            "iteration": counters.iterations,
            "episodes": counters.episodes,
            "episode_reward_mean": judge.overall(results, "reward_mean"),
            "success_rate": judge.overall(results, "success_rate"),
            "results": results,
            "evaluation": self.evaluation,
            "best": None if judge.sole is None else self._bests.get(judge.sole),
            "bests": self._bests,
            "algorithm": self._config.algorithm,
            "config": self._config.complete(),
            **self._learner.facts(),
        }
