"""When a training is to end: everything that a user may set, each with the sentence that says it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rl_studio.experiments.training_config import TrainingConfig
from rl_studio_training.episodes import EpisodeWindow

EndReason = Literal[
    "timesteps",
    "time_limit",
    "iterations",
    "episodes",
    "reward",
    "success_rate",
    "plateau",
    "stop_file",
    "interrupted",
]

STOP_FILE = "STOP"
"""Name of a file in the run's folder that stops the run."""

LOOK_EVERY_S = 0.25
"""How often files are looked for."""


@dataclass(frozen=True, slots=True)
class StopReason:
    """Why a training ends: as a word, and as a sentence for people."""

    reason: EndReason
    message: str


INTERRUPTED = StopReason("interrupted", "Training was stopped.")


@dataclass(frozen=True, slots=True)
class Situation:
    """How far a training is. All numbers go on from a checkpoint that it was resumed from.

    Args:
        timesteps: agent steps.
        elapsed_s: seconds of training.
        window: the episodes that ended last.
    """

    timesteps: int
    iterations: int
    episodes: int
    elapsed_s: float
    window: EpisodeWindow


class StopConditions:
    """All conditions of one run. The first that holds, in the order of their declaration, is the reason.

    Args:
        config: which conditions, and their limits.
        run_dir: the run's folder, in which a file STOP counts. A relative `stop_file` starts from the working
            directory, which is the project's folder when the studio starts a run.
        clock: gives seconds; how often files are looked for goes by it.
    """

    def __init__(
        self, config: TrainingConfig, run_dir: Path, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._config = config
        self._files = [run_dir / STOP_FILE]
        if config.stop_file:
            self._files.append(Path(config.stop_file).expanduser())
        self._clock = clock
        self._next_look = -1.0
        self._best: float | None = None
        self._best_at = 0

    def check(self, now: Situation) -> StopReason | None:
        """Whether training is to end after an iteration, and why. Call it once per iteration.

        Returns:
            The reason; None to go on.
        """
        return self._limits(now) or self._goals(now) or self._plateau(now) or self._stop_file()

    def check_between(self, elapsed_s: float) -> StopReason | None:
        """The same in the middle of an iteration: only time limit and stop files. Cheap enough for every step."""
        limit = self._time_limit(elapsed_s)
        if limit is not None or self._clock() < self._next_look:
            return limit
        self._next_look = self._clock() + LOOK_EVERY_S
        return self._stop_file()

    def state(self) -> dict[str, Any]:
        """What has to go on when a run is resumed, as JSON data."""
        return {"best": self._best, "best_at": self._best_at}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from `state` of the run that is resumed."""
        self._best = state.get("best")
        self._best_at = int(state.get("best_at") or 0)

    def _limits(self, now: Situation) -> StopReason | None:
        config = self._config
        if now.timesteps >= config.total_timesteps:
            return StopReason("timesteps", "All timesteps are done.")
        if config.stop_iterations is not None and now.iterations >= config.stop_iterations:
            return StopReason("iterations", f"All {config.stop_iterations} iterations are done.")
        if config.stop_episodes is not None and now.episodes >= config.stop_episodes:
            return StopReason("episodes", f"All {config.stop_episodes} episodes are done.")
        return self._time_limit(now.elapsed_s)

    def _time_limit(self, elapsed_s: float) -> StopReason | None:
        limit = self._config.time_limit_s
        if limit is None or elapsed_s < limit:
            return None
        return StopReason("time_limit", f"The time limit of {limit:g} s is reached.")

    def _goals(self, now: Situation) -> StopReason | None:
        config = self._config
        over = now.window.last(config.stop_window)
        if over.count < config.stop_window:
            return None
        told = f"over the last {over.count} episodes"
        goal, reward = config.stop_reward, over.reward_mean
        if goal is not None and reward is not None and reward >= goal:
            return StopReason("reward", f"Reached reward {goal:g}: it was {reward:.4g} {told}.")
        share, rate = config.stop_success_rate, over.success_rate
        if share is not None and rate is not None and rate >= share:
            return StopReason(
                "success_rate", f"Reached a success rate of {share:.0%}: it was {rate:.0%} {told}."
            )
        return None

    def _plateau(self, now: Situation) -> StopReason | None:
        patience = self._config.plateau_timesteps
        over = now.window.last(self._config.stop_window)
        if patience is None or over.count < self._config.stop_window or over.reward_mean is None:
            return None  # the mean of a few episodes is luck
        if self._best is None or over.reward_mean > self._best:
            self._best, self._best_at = over.reward_mean, now.timesteps
        if now.timesteps - self._best_at < patience:
            return None
        since = now.timesteps - self._best_at
        return StopReason(
            "plateau", f"The mean reward has not been above {self._best:.4g} for {since} steps."
        )

    def _stop_file(self) -> StopReason | None:
        found = next((path for path in self._files if path.exists()), None)
        return None if found is None else StopReason("stop_file", f"The stop file {found} is there.")
