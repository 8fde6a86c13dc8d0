"""Advice on values that are allowed but hardly meant, each with the value to use instead."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rl_studio.experiments.rllib_config import RLlibConfig
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio.experiments.sb3_fields import OFF_POLICY, PPO_LIKE
from rl_studio.experiments.training_config import TrainingConfig, default_of
from rl_studio.words import counted

HIGH_LEARNING_RATE = 0.1
SHORT_MEMORY = 16
"""Steps through which a memory should at least be trained."""
STEPS_PER_UPDATE = 64
"""Agent steps for one gradient step from which on an algorithm with a replay buffer learns needlessly little."""


def warnings(config: TrainingConfig, n_agents: int | None = None) -> list[str]:
    """What to say about a valid configuration; empty if there is nothing.

    Args:
        n_agents: agents in all games together; None if that is not known yet, which leaves some checks out.
    """
    found = [*_common(config)]
    if isinstance(config, SB3Config):
        found += _sb3(config, n_agents)
    if isinstance(config, RLlibConfig):
        found += _rllib(config)
    return found


def fitting_batch(samples: int, batch: int) -> int | None:
    """The divisor of `samples` that is nearest to `batch`; None if none is within a factor of two of it."""
    parts = [
        part for part in range(max(2, (batch + 1) // 2), min(samples, 2 * batch) + 1) if samples % part == 0
    ]
    return min(parts, key=lambda part: abs(math.log(part / batch)), default=None)


def _common(config: TrainingConfig) -> Iterator[str]:
    total = config.total_timesteps
    rate = getattr(config, "learning_rate", 0.0)
    if rate > HIGH_LEARNING_RATE:
        usual = default_of(type(config), "learning_rate", config.algorithm)
        yield f"learning_rate: {rate} is far above what works; use {usual}."
    gamma = getattr(config, "gamma", 0.99)
    if gamma < 0.8:
        yield (
            f"gamma: with {gamma} an agent looks some {math.ceil(1 / (1 - gamma))} decisions ahead; use 0.99 unless "
            "that is all it takes."
        )
    if config.eval_frequency > total:
        yield (
            f"eval_frequency: {config.eval_frequency} steps are more than the {total} of the training, so there is "
            f"no evaluation; use {max(1, total // 10)}."
        )
    if config.plateau_timesteps is not None and config.plateau_timesteps >= total:
        yield (
            f"plateau_timesteps: {config.plateau_timesteps} steps are not less than the {total} of the training, so "
            f"it never ends for that; use {max(1, total // 5)}."
        )
    waits = config.stop_reward is not None or config.stop_success_rate is not None
    if waits and config.stop_episodes is not None and config.stop_episodes < config.stop_window:
        yield (
            f"stop_window: training ends after {config.stop_episodes} episodes, before {config.stop_window} are there "
            f"to judge; use {config.stop_episodes}."
        )


def _sb3(config: SB3Config, n_agents: int | None) -> Iterator[str]:
    if config.algorithm == "recurrent_ppo" and config.n_steps < SHORT_MEMORY:
        yield (
            f"n_steps: the memory is trained through {config.n_steps} steps at a time; use "
            f"{default_of(SB3Config, 'n_steps', 'recurrent_ppo')} or more."
        )
    if config.algorithm in OFF_POLICY:
        yield from _replay(config)
    if config.algorithm == "dqn" and config.target_update_interval > config.total_timesteps:
        yield _never_updated(config.target_update_interval, config.total_timesteps)
    if n_agents is None:
        return
    if config.algorithm in PPO_LIKE:
        yield from _rollout(config, n_agents)
    if config.algorithm in OFF_POLICY and config.gradient_steps > 0:
        steps = n_agents * config.train_freq
        if steps > STEPS_PER_UPDATE * config.gradient_steps:
            yield (
                f"gradient_steps: {config.gradient_steps} for every {steps} agent steps learns little from them; use "
                f"{math.ceil(steps / STEPS_PER_UPDATE)} or more."
            )


def _rollout(config: SB3Config, n_agents: int) -> Iterator[str]:
    rollout = config.n_steps * n_agents
    if rollout > config.total_timesteps:
        fewer = max(2, config.total_timesteps // n_agents // 10)
        yield (
            f"n_steps: one update has {rollout} samples ({config.n_steps} steps of {counted(n_agents, 'agent')}), "
            f"more than the {config.total_timesteps} steps of the training; use {fewer}."
        )
    if rollout > config.batch_size and rollout % config.batch_size:
        part = config.batch_size // math.gcd(config.batch_size, n_agents)
        fitting = fitting_batch(rollout, config.batch_size)
        instead = f"{fitting}" if fitting else f"n_steps {_nearest_multiple(config.n_steps, part)}"
        yield (
            f"batch_size: an update has {rollout} samples ({config.n_steps} steps of {counted(n_agents, 'agent')}), "
            f"which batches of {config.batch_size} do not divide, so the last batch of each epoch is smaller; use "
            f"{instead}."
        )


def _rllib(config: RLlibConfig) -> Iterator[str]:
    batch = config.train_batch_size
    if config.algorithm == "ppo" and batch % config.minibatch_size:
        fitting = fitting_batch(batch, config.minibatch_size)
        instead = (
            f"{fitting}" if fitting else f"train_batch_size {_nearest_multiple(batch, config.minibatch_size)}"
        )
        yield (
            f"minibatch_size: minibatches of {config.minibatch_size} do not divide the train batch of {batch}; use "
            f"{instead}."
        )
    if config.algorithm in ("appo", "impala") and config.num_env_runners == 0:
        yield f"num_env_runners: {config.algorithm} learns while others play; use 1 or more, or ppo."
    if config.algorithm in ("dqn", "sac"):
        yield from _replay(config)
    if config.algorithm == "dqn":
        if config.target_update_interval > config.total_timesteps:
            yield _never_updated(config.target_update_interval, config.total_timesteps)
        if config.exploration_timesteps > config.total_timesteps:
            yield (
                f"exploration_timesteps: exploration still goes on when training ends after "
                f"{config.total_timesteps} steps; use {max(1, config.total_timesteps // 10)}."
            )


def _replay(config: SB3Config | RLlibConfig) -> Iterator[str]:
    if config.learning_starts > config.total_timesteps // 2:
        yield (
            f"learning_starts: {config.learning_starts} of {config.total_timesteps} steps pass before anything is "
            f"learned; use {config.total_timesteps // 10}."
        )


def _nearest_multiple(value: int, part: int) -> int:
    return max(1, round(value / part)) * part


def _never_updated(interval: int, total: int) -> str:
    return (
        f"target_update_interval: {interval} steps are more than the {total} of the training, so the target network "
        f"never changes; use {max(1, total // 20)}."
    )
