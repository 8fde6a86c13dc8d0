"""What our faces of SB3's algorithms share: they follow the games' rows, know where their time goes, and leave
observations as they are."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.type_aliases import GymEnv
from stable_baselines3.common.vec_env import VecEnv

from rl_studio_training.row_arrays import regrow, regrow_observations
from rl_studio_training.sb3_normalization import StudioNormalize
from rl_studio_training.vec_env import GodotVecEnv


@dataclass(slots=True)
class Spent:
    """Seconds of wall time since the model was made.

    Args:
        policy_s: choosing actions and valuing observations.
        update_s: learning.
    """

    policy_s: float = 0.0
    update_s: float = 0.0


class StudioAlgorithm(BaseAlgorithm):
    """A mixin, to stand before an algorithm of SB3. It learns what that learns, and saves the same files.

    Its environment is a `GodotVecEnv`, or a `StudioNormalize` over one.
    """

    spent: Spent
    first_rows: int
    """The rows that the games had in the beginning."""

    def _setup_model(self) -> None:
        super()._setup_model()  # type: ignore[safe-super]
        self.spent = Spent()
        self.first_rows = self.n_envs

    @property
    def normalize(self) -> StudioNormalize | None:
        """What normalizes observations or rewards, if anything does."""
        return self.env if isinstance(self.env, StudioNormalize) else None

    @property
    def games(self) -> GodotVecEnv:
        """The games without normalization."""
        env = self.env.games if isinstance(self.env, StudioNormalize) else self.env
        assert isinstance(env, GodotVecEnv)
        return env

    def _grow(self) -> None:
        """Gives agents that wait rows of their own. Call it before a decision, not between actions and answers."""
        old = (self.normalize or self.games).grow()
        if old is None:
            return
        assert self._last_obs is not None and self._last_episode_starts is not None
        self.n_envs = len(old)
        self._last_obs = regrow_observations(self._last_obs, old)
        self._last_episode_starts = regrow(self._last_episode_starts, old, fill=True)
        if self._last_original_obs is not None:
            self._last_original_obs = regrow_observations(self._last_original_obs, old)
        self._regrow(old)

    def _regrow(self, old: NDArray[np.int64]) -> None:
        """Takes over what else is kept for each row; `old` as `regrow` has it. Does nothing here."""

    def train(self, *args: Any, **options: Any) -> None:
        """Learns from what was collected; takes what the algorithm takes."""
        began = perf_counter()
        super().train(*args, **options)  # type: ignore[misc]
        self.spent.update_s += perf_counter() - began

    @staticmethod
    def _wrap_env(env: GymEnv, verbose: int = 0, monitor_wrapper: bool = True) -> VecEnv:
        """SB3 takes a picture whose height is below its channels for one with the channels last; ours never are."""
        assert isinstance(env, VecEnv)
        return env

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "spent", "first_rows"]
