"""Evaluation while training: whole episodes in a game of its own, without exploration, the same ones each time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rl_studio.experiments.training_config import TrainingConfig
from rl_studio.godot import ErrorCounts
from rl_studio.words import counted
from rl_studio_training.crew import launcher
from rl_studio_training.episodes import Episode, with_outcome
from rl_studio_training.launch import GameSettings
from rl_studio_training.policy_fleet import PolicyFleet
from rl_studio_training.policy_player import Limits, Player, play_episodes
from rl_studio_training.rng_state import untouched_rng

LOG_FOLDER = "evaluation"
"""In the run's folder: where the evaluation game's log goes."""


class Evaluation:
    """Owns the evaluation game, which starts with the first evaluation; call `close`.

    Neither the random numbers of training nor its games or episodes notice anything of it.

    Args:
        start: starts the game, with the seed it is given.
        on_step: called before each step; whatever it raises ends the evaluation.
        on_errors: called with the errors that the game's scripts have printed.
        on_status: called now and then with how far an evaluation is, and how it ended.
    """

    def __init__(
        self,
        config: TrainingConfig,
        start: Callable[[int], PolicyFleet],
        on_step: Callable[[], object] = lambda: None,
        on_errors: Callable[[ErrorCounts], object] = lambda _errors: None,
        on_status: Callable[[str], object] = lambda _message: None,
    ) -> None:
        self._config = config
        self._start = start
        self._on_step = on_step
        self._on_errors = on_errors
        self._on_status = on_status
        self._fleet: PolicyFleet | None = None

    def is_due(self, timesteps: int, before: int) -> bool:
        """Whether one falls between `before`, exclusively, and `timesteps`."""
        every = self._config.eval_frequency
        return bool(every) and timesteps // every > before // every

    def run(self, players: Mapping[str, Player]) -> dict[str, dict[str, Any]]:
        """Plays `eval_episodes` episodes of each policy.

        Args:
            players: by policy.

        Returns:
            By policy what `summary` has: what one policy wins another may lose, so they have no common figure.

        Raises:
            GameError: the game does not start, or died too often; the next evaluation starts another one.
        """
        try:
            with untouched_rng():
                if self._fleet is None:
                    self._fleet = self._start(self._config.eval_seed)
                played = play_episodes(
                    self._fleet,
                    players,
                    self._config.eval_episodes,
                    seed=self._config.eval_seed,
                    on_step=self._on_step,
                    limits=Limits(self._config.eval_max_decisions, self._config.eval_time_limit_s),
                    on_progress=self._tell,
                )
        except BaseException:
            self.close()  # a game in the middle of a step answers no other question
            raise
        finally:
            self._forward_errors()
        found = {name: summary(episodes) for name, episodes in played.items()}
        self._on_status("Evaluated: " + "; ".join(_outcome(name, told) for name, told in found.items()))
        return found

    def _tell(self, played: Mapping[str, int], seconds: float) -> None:
        wanted = self._config.eval_episodes
        several = len(played) > 1
        told = ", ".join(f"{name} {count}" if several else str(count) for name, count in played.items())
        limit = self._config.eval_time_limit_s
        self._on_status(
            f"Evaluating: {told} of {counted(wanted, 'episode')}, {seconds:.0f} s of {limit:g} s at most"
        )

    def _forward_errors(self) -> None:
        if self._fleet is not None:
            for _ in self._fleet.new_errors():
                pass  # they are in the game's own log
            self._on_errors(self._fleet.script_errors())

    def close(self) -> None:
        """Ends the game. May be called again."""
        if self._fleet is not None:
            self._fleet.close()
            self._forward_errors()
            self._fleet = None


def _outcome(policy: str, told: Mapping[str, Any]) -> str:
    reward = told["reward_mean"]
    played = f"{policy}, {counted(told['episodes'], 'episode')}"
    return played if reward is None else f"{played} with a mean reward of {reward:.2f}"


def evaluation_games(
    settings: GameSettings,
    run_dir: Path,
    *,
    shared: bool = False,
    on_wait: Callable[[], None] = lambda: None,
    on_status: Callable[[str], None] = lambda _message: None,
    on_warning: Callable[[str], None] = lambda _message: None,
) -> Callable[[int], PolicyFleet]:
    """What starts the evaluation game of a run: one, without a window.

    Args:
        settings: those of the games that train.
        run_dir: the run's folder.
        shared: all agents follow one policy.
        on_wait: called about ten times a second while waiting; whatever it raises ends the wait.
    """

    def start(seed: int) -> PolicyFleet:
        folder = run_dir / LOG_FOLDER
        folder.mkdir(exist_ok=True)
        launch = launcher(
            dataclasses.replace(settings, show_window=False), folder, on_wait=on_wait, on_warning=on_warning
        )
        return PolicyFleet(
            launch, 1, shared=shared, seed=seed, on_wait=on_wait, on_status=on_status, on_warning=on_warning
        )

    return start


def summary(played: Sequence[Episode]) -> dict[str, Any]:
    """episodes, reward_mean, reward_std, episode_len_mean and success_rate; None without data.

    Args:
        played: the episodes of one policy. Where one says whether it was a success, all others that do not say so were
            none; without any that says so there is no success rate.
    """
    episodes = with_outcome(played)
    rewards = [episode.reward for episode in episodes]
    successes = [episode.success for episode in episodes if episode.success is not None]
    return {
        "episodes": len(episodes),
        "reward_mean": float(np.mean(rewards)) if rewards else None,
        "reward_std": float(np.std(rewards)) if rewards else None,
        "episode_len_mean": float(np.mean([episode.length for episode in episodes])) if episodes else None,
        "success_rate": float(np.mean(successes)) if successes else None,
    }
