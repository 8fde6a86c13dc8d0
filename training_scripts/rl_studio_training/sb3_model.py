"""From a configuration to a PPO model: every hyperparameter of SB3Config arrives here, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.utils import LinearSchedule
from torch import nn

from rl_studio.errors import ConfigError
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio_training.sb3_ppo import FleetPPO
from rl_studio_training.vec_env import GodotVecEnv

ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU, "elu": nn.ELU}


def build_model(config: SB3Config, env: GodotVecEnv) -> FleetPPO:
    """Makes an untrained PPO model. Seeds Python, NumPy and PyTorch with `config.seed`.

    Raises:
        ConfigError: the device is none of this machine.
    """
    learning_rate: Any = config.learning_rate
    if config.learning_rate_schedule == "linear":
        learning_rate = LinearSchedule(config.learning_rate, 0.0, 1.0)
    return FleetPPO(
        "MultiInputPolicy" if isinstance(env.observation_space, spaces.Dict) else "MlpPolicy",
        env,
        learning_rate=learning_rate,
        n_steps=config.n_steps,
        batch_size=config.batch_size,
        n_epochs=config.n_epochs,
        gamma=config.gamma,
        gae_lambda=config.gae_lambda,
        clip_range=config.clip_range,
        clip_range_vf=config.clip_range_vf,
        normalize_advantage=config.normalize_advantage,
        ent_coef=config.ent_coef,
        vf_coef=config.vf_coef,
        max_grad_norm=config.max_grad_norm,
        target_kl=config.target_kl,
        policy_kwargs={
            "net_arch": list(config.hidden_layers),
            "activation_fn": ACTIVATIONS[config.activation],
            "log_std_init": config.log_std_init,
            "ortho_init": config.ortho_init,
            # SB3's own eps. One fused kernel updates all weights: 10 to 15 % off an update of a small network.
            "optimizer_kwargs": {"eps": 1e-5, "fused": True},
        },
        seed=config.seed,
        device=_device(config.device),
    )


def _device(name: str) -> torch.device | str:
    if name == "auto":
        return name
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"device: PyTorch cannot use {name!r} here ({reason})",
            hint="Use cpu; small networks train fastest there anyway.",
            data={"errors": [{"key": "device", "message": "not usable", "value": name}]},
        ) from error
    return device


def batch_advice(config: SB3Config, n_agents: int) -> str | None:
    """What to say about a batch size that leaves a rest of the rollout; None if it does not."""
    rollout = config.n_steps * n_agents
    if rollout < config.batch_size or rollout % config.batch_size == 0:
        return None
    return (
        f"A rollout has {rollout} samples ({config.n_steps} steps of {n_agents} agents), which batches of "
        f"{config.batch_size} do not divide; the last batch of each epoch is smaller."
    )


def has_finite_weights(model: PPO) -> bool:
    """False once training has diverged to NaN or infinity."""
    parameters = list(model.policy.parameters())
    # One number says it for all of them, unless it overflows.
    if bool(torch.isfinite(torch.nn.utils.get_total_norm(parameters))):
        return True
    return all(bool(torch.isfinite(parameter).all()) for parameter in parameters)


def save_model(model: PPO, path: Path) -> None:
    """Writes SB3's zip to exactly `path`."""
    with path.open("wb") as file:
        model.save(file)
