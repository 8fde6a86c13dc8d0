"""Where our hyperparameters go in `AlgorithmConfig.training`, by algorithm."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from rl_studio.experiments.rllib_config import RLlibConfig
from rl_studio_training.rllib_replay import REPLAY_TYPE


def training_arguments(config: RLlibConfig) -> dict[str, Any]:
    """The arguments of `AlgorithmConfig.training` for the algorithm of `config`."""
    own: dict[str, Callable[[RLlibConfig], dict[str, Any]]] = {
        "ppo": _ppo,
        "appo": _appo,
        "impala": _impala,
        "dqn": _dqn,
        "sac": _sac,
    }
    return {
        "lr": _learning_rate(config),
        "gamma": config.gamma,
        "grad_clip": config.max_grad_norm,
        "train_batch_size_per_learner": config.train_batch_size,
        **own[config.algorithm](config),
    }


def _learning_rate(config: RLlibConfig) -> Any:
    if config.learning_rate_schedule == "constant":
        return config.learning_rate
    return [[0, config.learning_rate], [config.total_timesteps, 0.0]]


def _kl(config: RLlibConfig) -> dict[str, Any]:
    return {"use_kl_loss": config.kl_target is not None} | (
        {} if config.kl_target is None else {"kl_target": config.kl_target}
    )


def _ppo(config: RLlibConfig) -> dict[str, Any]:
    return {
        "minibatch_size": config.minibatch_size,
        "num_epochs": config.n_epochs,
        "lambda_": config.gae_lambda,
        "clip_param": config.clip_range,
        "entropy_coeff": config.ent_coef,
        "vf_loss_coeff": config.vf_coef,
        "vf_clip_param": math.inf,
        **_kl(config),
    }


def _appo(config: RLlibConfig) -> dict[str, Any]:
    return {
        **_impala(config),
        "lambda_": config.gae_lambda,
        "clip_param": config.clip_range,
        **_kl(config),
    }


def _impala(config: RLlibConfig) -> dict[str, Any]:
    return {
        "entropy_coeff": config.ent_coef,
        "vf_loss_coeff": config.vf_coef,
        "num_aggregator_actors_per_learner": 0,
        "timeout_s_sampler_manager": 0.05,  # else the trainer asks its runners without a pause
    }


def _replay(config: RLlibConfig) -> dict[str, Any]:
    return {
        "replay_buffer_config": {
            "type": REPLAY_TYPE,
            "capacity": config.buffer_size,
            "seed": config.seed,
            "least": config.train_batch_size,
            "gammas": {name: config.for_policy(name).gamma for name in config.policies},
        },
        "num_steps_sampled_before_learning_starts": config.learning_starts,
        "tau": config.tau,
        "target_network_update_freq": config.target_update_interval,
        "n_step": config.n_step,
    }


def _dqn(config: RLlibConfig) -> dict[str, Any]:
    start, end = config.exploration_initial_eps, config.exploration_final_eps
    return {
        **_replay(config),
        "double_q": config.double_q,
        "dueling": False,
        "num_atoms": 1,
        "epsilon": [[0, start], [config.exploration_timesteps, end]],
    }


def _sac(config: RLlibConfig) -> dict[str, Any]:
    rate = _learning_rate(config)
    return {
        **_replay(config),
        "lr": None,
        "actor_lr": rate,
        "critic_lr": rate,
        "alpha_lr": rate,
        "initial_alpha": config.initial_alpha,
    }
