"""What is said of an RLlib run before its first iteration: who plays, and what its speed will depend on."""

from __future__ import annotations

from gymnasium.spaces import flatdim

from rl_studio.experiments.rllib_config import RLlibConfig
from rl_studio.experiments.training_config import applies
from rl_studio.words import counted
from rl_studio_training.action_repeat import ActionRepeat
from rl_studio_training.bottleneck import Facts
from rl_studio_training.cores import available_cores
from rl_studio_training.reporter import Reporter
from rl_studio_training.rllib_start import Started


def announce(config: RLlibConfig, started: Started, action_repeat: ActionRepeat, reporter: Reporter) -> None:
    """Tells of the games and agents that there are; where agents come and go, as a game begins."""
    found = started.found.policies
    policies = {name: facts.n_agents * started.n_games for name, facts in found.items()}
    first = next(iter(found.values()))
    reporter.event(
        "started",
        timesteps_target=config.total_timesteps,
        n_agents=sum(policies.values()),
        n_envs=started.n_games,
        policies=policies,
        observation_space=first.wire_observations,
        action_space=first.wire_actions,
        action_repeat=action_repeat.in_force,
        scene_action_repeat=action_repeat.scene,
    )
    told = ", ".join(f"{count} of policy {name}" for name, count in policies.items())
    reporter.status(f"Training {counted(sum(policies.values()), 'agent')}: {told}")


def facts_of(config: RLlibConfig, started: Started) -> Facts:
    """What advice about the speed of the run goes by."""
    in_minibatches = applies(RLlibConfig, "minibatch_size", config.algorithm)
    return Facts(
        n_envs=started.n_games,
        cores=available_cores(),
        agents=started.found.n_agents * started.n_games,
        batch_size=config.minibatch_size if in_minibatches else config.train_batch_size,
        n_epochs=config.n_epochs if in_minibatches else 1,
        observation_numbers=max(
            (flatdim(policy.observation_space) for policy in started.found.policies.values()), default=0
        ),
        binary=True,
        may_add_games=True,
    )
