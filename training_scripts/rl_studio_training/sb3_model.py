"""From a configuration to a model of SB3 and back to files: every hyperparameter of SB3Config arrives here."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from gymnasium import spaces
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.save_util import load_from_zip_file, recursive_setattr
from stable_baselines3.common.vec_env import VecEnv

from rl_studio.errors import ConfigError
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio.experiments.training_config import applies
from rl_studio_training.checkpoints import MODEL_FILE
from rl_studio_training.devices import find_device
from rl_studio_training.errors import CheckpointError
from rl_studio_training.sb3_algorithms import (
    ALGORITHMS,
    algorithm_arguments,
    check_spaces,
    optimizer_arguments,
)
from rl_studio_training.sb3_base import StudioAlgorithm
from rl_studio_training.sb3_networks import policy_arguments, policy_class
from rl_studio_training.sb3_normalization import StudioNormalize
from rl_studio_training.vec_env import GodotVecEnv

_LEARNER = {
    "policy_loss": ("train/policy_gradient_loss", "train/policy_loss", "train/actor_loss"),
    "value_loss": ("train/value_loss", "train/critic_loss"),
    "approx_kl": ("train/approx_kl",),
    "clip_fraction": ("train/clip_fraction",),
    "explained_variance": ("train/explained_variance",),
    "learning_rate": ("train/learning_rate",),
    "loss": ("train/loss",),
    "std": ("train/std",),
    "ent_coef": ("train/ent_coef",),
    "exploration_rate": ("rollout/exploration_rate",),
}


def wrap_env(config: SB3Config, env: GodotVecEnv) -> GodotVecEnv | StudioNormalize:
    """The environment to build a model on: with normalization, if the configuration asks for it."""
    if not (config.normalize_observations or config.normalize_rewards):
        return env
    return StudioNormalize(
        env,
        observations=config.normalize_observations,
        rewards=config.normalize_rewards,
        limit=config.clip_observations,
        gamma=config.gamma,
    )


def build_model(config: SB3Config, env: GodotVecEnv | StudioNormalize) -> StudioAlgorithm:
    """Makes an untrained model. Seeds Python, NumPy and PyTorch with `config.seed`.

    Args:
        env: as `wrap_env` returned it.

    Raises:
        SpacesError: the algorithm cannot learn the actions of this game.
        ConfigError: the device is none of this machine, or the replay buffer is too large for it.
    """
    games = env if isinstance(env, GodotVecEnv) else env.games
    group = games.fleet.groups[0]
    check_spaces(config.algorithm, group.actions.parts, group.has_masks)
    device = find_device(config.device)
    if applies(SB3Config, "buffer_size", config.algorithm):
        _check_memory(config, env)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="You have specified a mini-batch size")
        return ALGORITHMS[config.algorithm](
            policy_class(config),
            env,
            **algorithm_arguments(config, env.action_space),
            policy_kwargs=policy_arguments(config, env.observation_space) | optimizer_arguments(config),
            seed=config.seed,
            device=device,
        )


def _check_memory(config: SB3Config, env: VecEnv) -> None:
    space = env.observation_space
    parts = space.spaces.values() if isinstance(space, spaces.Dict) else [space]
    # Each step is kept with the observation after it; reward, ends and action are a few numbers more.
    sizes = [spaces.flatdim(part) if isinstance(part, spaces.Box) else 1 for part in parts]
    step = sum(2 * size * np.dtype(part.dtype).itemsize for size, part in zip(sizes, parts, strict=True))
    step += 4 * (spaces.flatdim(env.action_space) + 3)
    free = psutil.virtual_memory().available
    if step * config.buffer_size <= free:
        return
    fitting = int(free * 0.7 / step)
    raise ConfigError(
        f"buffer_size: {config.buffer_size} steps of {step} bytes do not fit into the "
        f"{free / 1e9:.1f} GB of memory that are free",
        hint=f"Use {fitting} or less.",
        data={"errors": [{"key": "buffer_size", "message": "too large", "value": config.buffer_size}]},
    )


def has_finite_weights(model: BaseAlgorithm) -> bool:
    """False once training has diverged to NaN or infinity."""
    parameters = list(model.policy.parameters())
    # One number says it for all of them, unless it overflows.
    if bool(torch.isfinite(torch.nn.utils.get_total_norm(parameters))):
        return True
    return all(bool(torch.isfinite(parameter).all()) for parameter in parameters)


def learner_metrics(model: BaseAlgorithm) -> dict[str, float | None]:
    """What the last update said, by the names of the line protocol; None where there is no such thing.

    It reads the model's logger, which forgets when it is dumped.
    """
    logged = model.logger.name_to_value
    found: dict[str, float | None] = {
        name: next((float(logged[key]) for key in keys if key in logged), None)
        for name, keys in _LEARNER.items()
    }
    entropy = logged.get("train/entropy_loss")
    return found | {"entropy": None if entropy is None else -float(entropy)}


# --- files


def save_model(model: BaseAlgorithm, folder: Path) -> None:
    """Writes SB3's zip, and the normalization if there is one, into a checkpoint's folder."""
    with (folder / MODEL_FILE).open("wb") as file:
        model.save(file)
    normalize = model.get_vec_normalize_env()
    if isinstance(normalize, StudioNormalize):
        normalize.save_to(folder)


def load_into(model: BaseAlgorithm, folder: Path) -> None:
    """Gives a model of the same configuration the weights, optimizers and normalization of a checkpoint.

    Nothing is unpickled. Replay buffer, counters and random numbers are not part of it.

    Raises:
        CheckpointError: they cannot be read, or are those of another network.
    """
    normalize = model.get_vec_normalize_env()
    if isinstance(normalize, StudioNormalize):
        normalize.load_from(folder)
    parameters, variables = read_parameters(folder, model.device)
    try:
        model.set_parameters(parameters, exact_match=True, device=model.device)
    except (ValueError, RuntimeError) as error:
        raise CheckpointError(
            f"The weights in {folder.name} are those of another network: {str(error).splitlines()[-1].strip()}"
        ) from error
    for name, tensor in variables.items():
        recursive_setattr(model, f"{name}.data", tensor.data)


def read_parameters(
    folder: Path, device: torch.device | str = "cpu"
) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """The state of each network and optimizer of a checkpoint by its name ("policy", "policy.optimizer", …),
    and its single tensors ("log_ent_coef").

    Raises:
        CheckpointError: they cannot be read.
    """
    try:
        _, parameters, variables = load_from_zip_file(folder / MODEL_FILE, load_data=False, device=device)
    except (OSError, KeyError, ValueError, RuntimeError, AssertionError) as error:
        raise CheckpointError(f"The weights in {folder} cannot be read: {error}") from error
    return parameters, variables or {}
