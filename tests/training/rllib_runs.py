"""Small RLlib configurations on fake games."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ray.rllib.algorithms.algorithm_config import AlgorithmConfig

from rl_studio.experiments.overrides import resolve
from rl_studio.experiments.rllib_config import RLlibConfig
from rl_studio_training.launch import GameSettings
from rl_studio_training.rllib_config import build_config
from rl_studio_training.rllib_games import RunnerGames, probe

SMALL: dict[str, dict[str, Any]] = {
    "ppo": {"train_batch_size": 40, "minibatch_size": 20, "n_epochs": 2},
    "appo": {"train_batch_size": 40, "num_env_runners": 0},
    "impala": {"train_batch_size": 40, "num_env_runners": 0},
    "dqn": {"train_batch_size": 16, "learning_starts": 20, "buffer_size": 1000},
    "sac": {"train_batch_size": 16, "learning_starts": 20, "buffer_size": 1000},
}
"""What makes trainings short."""


def games_of(build: Path, logs: Path, *, games: int = 1, shared: bool = False, **options: str) -> RunnerGames:
    """Fake games; `options` as in fake_game.py."""
    settings = GameSettings(build=build, extra={"wire": "studio", **options})
    return RunnerGames(settings=settings, log_folder=logs, games=games, shared=shared)


def small(algorithm: str = "ppo", **values: Any) -> RLlibConfig:
    """A configuration of a short training."""
    short = {"hidden_layers": [8], "seed": 3, **SMALL[algorithm]}
    if algorithm != "ppo":
        short["rllib"] = {"reporting": {"min_sample_timesteps_per_iteration": 40}}
    return resolve(RLlibConfig, {"algorithm": algorithm, **short, **values})


def built(games: RunnerGames, config: RLlibConfig | None = None, **values: Any) -> AlgorithmConfig:
    """RLlib's configuration for games that are probed first."""
    return build_config(config or small(**values), games, probe(games))
