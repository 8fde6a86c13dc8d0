"""Observations and rewards of one scale: SB3's VecNormalize over our games, kept in files without pickle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecNormalize
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from rl_studio.files import read_json, write_json_atomic
from rl_studio_training import row_arrays
from rl_studio_training.errors import CheckpointError
from rl_studio_training.fleet_batch import FleetBatch
from rl_studio_training.spaces import Observations
from rl_studio_training.vec_env import GodotVecEnv, as_step

STATISTICS_FILE = "normalization.npz"
SETTINGS_FILE = "normalization.json"
_ONLY = ""
"""The name of observations that have none."""


@dataclass(frozen=True, slots=True)
class ObservationScale:
    """How observations were normalized when a policy was trained: clip((x - mean) / deviation).

    Args:
        mean, deviation: float64, by observation; "" where the algorithm sees a single array. Others stay as they are.
        limit: of a normalized number.
    """

    mean: Mapping[str, NDArray[np.float64]]
    deviation: Mapping[str, NDArray[np.float64]]
    limit: float

    def apply(self, observations: Observations) -> Observations:
        """The same observations, float32 and normalized."""
        if not isinstance(observations, dict):
            return self._scale(_ONLY, observations)
        return {
            key: self._scale(key, values) if key in self.mean else values
            for key, values in observations.items()
        }

    def _scale(self, key: str, values: NDArray[Any]) -> NDArray[np.float32]:
        scaled = (values - self.mean[key]) / self.deviation[key]
        return np.clip(scaled, -self.limit, self.limit).astype(np.float32)


class StudioNormalize(VecNormalize):
    """VecNormalize that can also normalize the games of one section while others simulate.

    It learns from what agents see and get; what empty rows have moves no statistics.

    Only numbers are normalized: pictures and choices stay as they are. `frozen` makes one for an evaluation.

    Args:
        env: the games; closed with it.
        observations, rewards: what to normalize.
        limit: of a normalized observation.
        gamma: discount of the returns whose spread scales rewards.
    """

    def __init__(
        self, env: GodotVecEnv, *, observations: bool, rewards: bool, limit: float, gamma: float
    ) -> None:
        space = env.observation_space
        keys = _numbers(space) if isinstance(space, spaces.Dict) else None
        super().__init__(
            env,
            norm_obs=observations and keys != [],
            norm_reward=rewards,
            clip_obs=limit,
            gamma=gamma,
            norm_obs_keys=keys if observations else None,
        )
        self.games = env

    def frozen(self, env: GodotVecEnv) -> StudioNormalize:
        """The same for other games: it learns nothing and leaves rewards alone, but follows what this one learns."""
        other = StudioNormalize(
            env, observations=self.norm_obs, rewards=False, limit=self.clip_obs, gamma=self.gamma
        )
        other.training = False
        if self.norm_obs:
            other.obs_rms = self.obs_rms
        return other

    @property
    def scale(self) -> ObservationScale:
        """What it does to observations now."""
        statistics = self._by_name()
        return ObservationScale(
            {key: found.mean for key, found in statistics.items()},
            {key: np.sqrt(found.var + self.epsilon) for key, found in statistics.items()},
            self.clip_obs,
        )

    def _by_name(self) -> dict[str, RunningMeanStd]:
        if not self.norm_obs:
            return {}
        return self.obs_rms if isinstance(self.obs_rms, dict) else {_ONLY: self.obs_rms}

    def normalize_obs(self, obs: Any) -> Any:
        """As SB3 has it, without a deep copy of what is not changed."""
        return self.scale.apply(obs) if self.norm_obs else obs

    def reset(self) -> Any:
        """As SB3 has it; it learns from agents that are there."""
        seen: Any = self.games.reset()
        self.old_obs = seen
        self.returns = np.zeros(self.num_envs)
        if self.training:
            self._learn_observations(seen, self.games.present)
        return self.normalize_obs(seen)

    def step_wait(self) -> VecEnvStepReturn:
        """As SB3 has it; it learns from agents that are there."""
        batch = self.games.receive_all()
        self.old_obs, self.old_reward = batch.observations, batch.rewards
        return as_step(self.take(slice(0, self.num_envs), batch))

    def take(self, rows: slice, batch: FleetBatch) -> FleetBatch:
        """Learns from what a section's games answered and returns it normalized."""
        if self.training:
            self._learn_observations(batch.observations, batch.present)
            self._learn_rewards(rows, batch)
        last = batch.terminal_observations
        self.returns[rows][batch.ended if batch.acted is None else batch.ended | ~batch.acted] = 0.0
        return replace(
            batch,
            observations=self.normalize_obs(batch.observations),
            rewards=self.normalize_reward(batch.rewards),
            terminal_observations=None if last is None else self.normalize_obs(last),
        )

    def _learn_observations(self, seen: Observations, present: NDArray[np.bool_] | None) -> None:
        if present is not None and not present.all():
            seen = row_arrays.take(seen, present)
        for key, statistics in self._by_name().items():
            values = seen[key] if isinstance(seen, dict) else seen
            if len(values):
                statistics.update(values)

    def _learn_rewards(self, rows: slice, batch: FleetBatch) -> None:
        acted = slice(None) if batch.acted is None else batch.acted
        returns = self.returns[rows]  # a view
        returns[acted] = returns[acted] * self.gamma + batch.rewards[acted]
        if len(returns[acted]):
            self.ret_rms.update(returns[acted])

    def grow(self) -> NDArray[np.int64] | None:
        """As `GodotVecEnv.grow`."""
        old = self.games.grow()
        if old is not None:
            self.num_envs = len(old)
            self.returns = row_arrays.regrow(self.returns, old)
        return old

    # --- files

    def save_to(self, folder: Path) -> None:
        """Writes both files into a checkpoint's folder."""
        statistics = self._by_name()
        arrays: dict[str, Any] = {}
        for number, found in enumerate([*statistics.values(), self.ret_rms]):
            arrays |= {
                f"mean_{number}": found.mean,
                f"var_{number}": found.var,
                f"count_{number}": found.count,
            }
        with (folder / STATISTICS_FILE).open("wb") as file:
            np.savez(file, **arrays)
        settings = {
            "schema": 1,
            "observations": list(statistics),
            "rewards": self.norm_reward,
            "limit": self.clip_obs,
            "epsilon": self.epsilon,
        }
        write_json_atomic(folder / SETTINGS_FILE, settings)

    def load_from(self, folder: Path) -> None:
        """Goes on with the statistics of a checkpoint.

        Raises:
            CheckpointError: it has none, or those of other observations.
        """
        found, returns, _ = _read(folder)
        statistics = self._by_name()
        if {key: values.mean.shape for key, values in found.items()} != {
            key: values.mean.shape for key, values in statistics.items()
        }:
            raise CheckpointError(
                f"{folder.name} has normalized the observations {list(found)}; this run normalizes "
                f"{list(statistics)}.",
                hint="Keep normalize_observations and the agents' observations as they were.",
            )
        for own, other in [*((statistics[key], found[key]) for key in found), (self.ret_rms, returns)]:
            own.mean, own.var, own.count = other.mean, other.var, other.count


def read_scale(folder: Path) -> ObservationScale | None:
    """How the observations of a checkpoint's policy are normalized; None if they are not.

    Raises:
        CheckpointError: the files cannot be read.
    """
    if not (folder / SETTINGS_FILE).is_file():
        return None
    found, _, settings = _read(folder)
    if not found:
        return None
    return ObservationScale(
        {key: statistics.mean for key, statistics in found.items()},
        {key: np.sqrt(statistics.var + settings["epsilon"]) for key, statistics in found.items()},
        settings["limit"],
    )


def _read(folder: Path) -> tuple[dict[str, RunningMeanStd], RunningMeanStd, dict[str, Any]]:
    """Statistics by observation, those of the returns, and the settings."""
    try:
        settings = read_json(folder / SETTINGS_FILE)
        names: list[str] = settings["observations"]
        found = [RunningMeanStd() for _ in range(len(names) + 1)]
        with np.load(folder / STATISTICS_FILE, allow_pickle=False) as arrays:
            for number, statistics in enumerate(found):
                statistics.mean = arrays[f"mean_{number}"]
                statistics.var = arrays[f"var_{number}"]
                statistics.count = float(arrays[f"count_{number}"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"The normalization in {folder} cannot be read: {error}") from error
    return dict(zip(names, found[:-1], strict=True)), found[-1], settings


def _numbers(space: spaces.Dict) -> list[str]:
    """The observations that are plain numbers."""
    return [
        key for key, part in space.spaces.items() if isinstance(part, spaces.Box) and part.dtype == np.float32
    ]
