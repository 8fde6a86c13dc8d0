"""When a training is to end: everything that a user may set, each with the sentence that says it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rl_studio.experiments.training_config import TrainingConfig
from rl_studio.words import counted
from rl_studio_training.episodes import EpisodeMeans, EpisodeWindow

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
        windows: by policy that is judged, the episodes that ended last; at least one.
    """

    timesteps: int
    iterations: int
    episodes: int
    elapsed_s: float
    windows: Mapping[str, EpisodeWindow]


class StopConditions:
    """All conditions of one run. The first that holds, in the order of their declaration, is the reason.

    Where several policies are judged, reward and success rate must be reached by each of them, and a plateau is one
    only if none of them gets any better.

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
        self._bests: dict[str, tuple[float, int]] = {}
        """By policy, the best mean reward and the agent steps at which it was reached."""

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
        return {"bests": {policy: list(best) for policy, best in self._bests.items()}}

    def restore(self, state: Mapping[str, Any], policies: Collection[str]) -> None:
        """Goes on from `state` of the run that is resumed.

        Args:
            policies: those that are judged. Older versions kept one best for all, which says nothing of several.
        """
        if state.get("best") is not None and len(policies) == 1:
            self._bests = {name: (float(state["best"]), int(state.get("best_at") or 0)) for name in policies}
        found = state.get("bests") or {}
        self._bests |= {
            name: (float(found[name][0]), int(found[name][1])) for name in policies if name in found
        }

    def _limits(self, now: Situation) -> StopReason | None:
        config = self._config
        if now.timesteps >= config.total_timesteps:
            return StopReason("timesteps", "All timesteps are done.")
        if config.stop_iterations is not None and now.iterations >= config.stop_iterations:
            return StopReason("iterations", _all(config.stop_iterations, "iteration"))
        if config.stop_episodes is not None and now.episodes >= config.stop_episodes:
            return StopReason("episodes", _all(config.stop_episodes, "episode"))
        return self._time_limit(now.elapsed_s)

    def _time_limit(self, elapsed_s: float) -> StopReason | None:
        limit = self._config.time_limit_s
        if limit is None or elapsed_s < limit:
            return None
        return StopReason("time_limit", f"The time limit of {limit:g} s is reached.")

    def _goals(self, now: Situation) -> StopReason | None:
        config = self._config
        means = self._means(now)
        if means is None:
            return None
        goal, rewards = config.stop_reward, {name: over.reward_mean for name, over in means.items()}
        if goal is not None and _all_reach(goal, rewards):
            return StopReason(
                "reward", f"Reached reward {goal:g}: {_told(rewards, '{:.4g}')} {self._over_episodes}."
            )
        share, rates = config.stop_success_rate, {name: over.success_rate for name, over in means.items()}
        if share is not None and _all_reach(share, rates):
            return StopReason(
                "success_rate",
                f"Reached a success rate of {share:.0%}: {_told(rates, '{:.0%}')} {self._over_episodes}.",
            )
        return None

    def _means(self, now: Situation) -> dict[str, EpisodeMeans] | None:
        """Those over the stop window by policy; None as long as one has too few episodes: a few are luck."""
        means = {name: window.last(self._config.stop_window) for name, window in now.windows.items()}
        return means if all(over.count >= self._config.stop_window for over in means.values()) else None

    @property
    def _over_episodes(self) -> str:
        return f"over the last {counted(self._config.stop_window, 'episode')}"

    def _plateau(self, now: Situation) -> StopReason | None:
        patience, means = self._config.plateau_timesteps, self._means(now)
        if patience is None or means is None:
            return None
        for name, over in means.items():
            reward = over.reward_mean
            if reward is not None and (name not in self._bests or reward > self._bests[name][0]):
                self._bests[name] = (reward, now.timesteps)
        newest = max((at for _, at in self._bests.values()), default=now.timesteps)
        since = now.timesteps - newest
        if since < patience:
            return None
        limits = {name: best for name, (best, _) in self._bests.items()}
        if len(limits) == 1:
            (best,) = limits.values()
            text = f"The mean reward has not been above {best:.4g} for {since} steps."
        else:
            told = ", ".join(f"of {name} above {best:.4g}" for name, best in limits.items())
            text = f"No mean reward has got any better for {since} steps: not that {told}."
        return StopReason("plateau", text)

    def _stop_file(self) -> StopReason | None:
        found = next((path for path in self._files if path.exists()), None)
        return None if found is None else StopReason("stop_file", f"The stop file {found} is there.")


def _all_reach(goal: float, values: Mapping[str, float | None]) -> bool:
    return all(value is not None and value >= goal for value in values.values())


def _told(values: Mapping[str, float | None], form: str) -> str:
    """ "it was 9", "evader had 3, pursuer had 5"."""
    texts = {name: form.format(value) for name, value in values.items()}
    if len(texts) == 1:
        return f"it was {next(iter(texts.values()))}"
    return ", ".join(f"{name} had {text}" for name, text in texts.items())


def _all(count: int, what: str) -> str:
    return f"The only {what} is done." if count == 1 else f"All {count} {what}s are done."
