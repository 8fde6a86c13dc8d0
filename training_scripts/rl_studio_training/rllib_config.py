"""From our configuration to RLlib's: complete, and checked before a game starts."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from gymnasium import spaces
from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.algorithms.appo import APPOConfig
from ray.rllib.algorithms.dqn import DQNConfig
from ray.rllib.algorithms.impala import IMPALAConfig
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module.multi_rl_module import MultiRLModuleSpec
from ray.rllib.core.rl_module.rl_module import RLModule, RLModuleSpec

from rl_studio.errors import closest
from rl_studio.experiments.rllib_config import RLlibConfig
from rl_studio.experiments.rllib_fields import REPLAYS
from rl_studio_training.devices import device_refusal, find_device
from rl_studio_training.errors import SpacesError
from rl_studio_training.layout import describe
from rl_studio_training.rllib_arguments import apply_arguments, refusal
from rl_studio_training.rllib_env_runner import GodotEnvRunner
from rl_studio_training.rllib_games import ENV_NAME, Probe, RunnerGames, register
from rl_studio_training.rllib_hyperparameters import training_arguments
from rl_studio_training.rllib_learners import (
    BatchDQNLearner,
    BatchPPOLearner,
    BatchSACLearner,
    TolerantAPPOLearner,
    TolerantIMPALALearner,
)
from rl_studio_training.rllib_modules import SETTINGS, ActorCriticModule, QModule, SoftModule
from rl_studio_training.rllib_networks import NetworkSettings
from rl_studio_training.rllib_replay import ReplaySACConfig
from rl_studio_training.rllib_reports import policy_of
from rl_studio_training.spaces import parse_actions

MAX_RUNNER_RESTARTS = 10
"""Of each runner; then the run ends with the reason."""

_CONFIGS: dict[str, type[AlgorithmConfig]] = {
    "ppo": PPOConfig,
    "appo": APPOConfig,
    "impala": IMPALAConfig,
    "dqn": DQNConfig,
    "sac": ReplaySACConfig,
}
_MODULES: dict[str, type[RLModule]] = {"dqn": QModule, "sac": SoftModule}
_LEARNERS = {
    "ppo": BatchPPOLearner,
    "appo": TolerantAPPOLearner,
    "impala": TolerantIMPALALearner,
    "dqn": BatchDQNLearner,
    "sac": BatchSACLearner,
}
_NO_FILE_NAME = re.compile(r'[<>:"/\\|?*#\x00-\x1f]|__|[ .]$|^$')
_RESERVED = ("default_policy", "__all_modules__")
_ITERATION_STEPS = {"ppo": 1, "appo": 2000, "impala": 2000, "dqn": 500, "sac": 500}
"""Agent steps of an iteration, at least; but for PPO many updates make one."""


def build_config(config: RLlibConfig, games: RunnerGames, found: Probe) -> AlgorithmConfig:
    """RLlib's configuration of a run: `build_algo()` of it starts the games. Call it after `ray.init`.

    In all that RLlib returns, policies have the names of `found.policies`, also a single one, and each agent is
    an environment: RLlib's env steps are agent steps.

    Args:
        games: what each runner starts; `shared` as in `runner_games`.
        found: what `probe` said of one of them.

    Raises:
        SpacesError: the algorithm cannot learn these actions.
        ConfigError: values name policies that the game has not, RLlib refuses them, or the device is none of
            this machine.
    """
    _check_names(config, found)
    check_spaces(config, found)
    algorithm = _CONFIGS[config.algorithm]()
    register()
    rows = found.n_rows * games.games
    algorithm.environment(
        ENV_NAME,
        env_config=games.env_config(),
        disable_env_checking=True,
        normalize_actions=False,
        clip_actions=False,
    )
    algorithm.framework("torch")
    algorithm.env_runners(
        env_runner_cls=GodotEnvRunner,
        num_env_runners=config.num_env_runners,
        num_envs_per_env_runner=rows,
        rollout_fragment_length=config.rollout_fragment_length,
        sample_timeout_s=config.sample_timeout_s,
        use_env_runner_state_server=False,  # our runner takes weights when it is sent some; it does not ask for them
    )
    algorithm.learners(
        num_learners=0, learner_class=_LEARNERS[config.algorithm], **_gpu_arguments(config.device)
    )
    algorithm.training(**training_arguments(config))
    _add_policies(algorithm, config, found)
    algorithm.fault_tolerance(
        restart_failed_env_runners=True,
        max_num_env_runner_restarts=MAX_RUNNER_RESTARTS,
        delay_between_env_runner_restarts_s=1.0,  # RLlib's own default is a minute
    )
    algorithm.reporting(
        min_time_s_per_iteration=0,
        min_sample_timesteps_per_iteration=_ITERATION_STEPS[config.algorithm],
    )
    algorithm.debugging(seed=config.seed, log_level="ERROR")
    apply_arguments(algorithm, config.rllib)
    try:
        algorithm.validate()
    except ValueError as error:
        raise refusal([("rllib", str(error), None)]) from error
    return algorithm


def check_spaces(config: RLlibConfig, found: Probe) -> None:
    """Makes sure that the algorithm can learn the actions of every policy.

    Raises:
        SpacesError: it cannot; with the policy, its actions and the algorithms that can.
    """
    for name, facts in found.policies.items():
        space = facts.action_space
        if config.algorithm == "dqn" and not isinstance(space, spaces.Discrete):
            needs, others = "one discrete action", "ppo, appo, impala or sac"
            others = others if isinstance(space, spaces.Box) else "ppo, appo or impala"
        elif config.algorithm == "sac" and not isinstance(space, spaces.Box | spaces.Discrete):
            needs, others = "continuous actions, or one discrete action", "ppo, appo or impala"
        else:
            continue
        actions = describe(parse_actions(facts.wire_actions))
        raise SpacesError(
            f"{config.algorithm} needs {needs}; the policy {name} has {actions}.", hint=f"Use {others}."
        )


def _gpu_arguments(name: str) -> dict[str, int]:
    device = find_device(name)
    if device.type not in ("cpu", "cuda"):
        raise device_refusal(name, f"RLlib cannot use {name!r}, only cpu and cuda")
    if device.type == "cpu":
        return {"num_gpus_per_learner": 0}
    return {"num_gpus_per_learner": 1, "local_gpu_idx": device.index or 0}


def _check_names(config: RLlibConfig, found: Probe) -> None:
    for name in found.policies:
        if name in _RESERVED or _NO_FILE_NAME.search(name):
            raise SpacesError(
                f"RLlib cannot train a policy called {name!r}.",
                hint="Give these agents another policy_name: letters, digits, - and single _.",
            )
    problems = list(_unknown_policies(config, found))
    for name in config.policies:
        own = config.for_policy(name)
        if config.algorithm in REPLAYS and own.network == "lstm":
            problems.append((f"policies.{name}.network", f"{config.algorithm} has no memory", "lstm"))
        if config.algorithm == "ppo" and own.gamma != config.gamma and _has_memory(config, found):
            problem = "must be the common one as long as a policy has a memory (lstm)"
            problems.append((f"policies.{name}.gamma", problem, own.gamma))
    if problems:
        raise refusal(problems)


def _has_memory(config: RLlibConfig, found: Probe) -> bool:
    return any(config.for_policy(name).network == "lstm" for name in found.policies)


def _unknown_policies(config: RLlibConfig, found: Probe) -> Iterator[tuple[str, str, Any]]:
    named: list[tuple[str, str, Any]] = [
        (f"policies.{name}", name, values) for name, values in config.policies.items()
    ]
    named += [("policies_to_train", name, config.policies_to_train) for name in config.policies_to_train]
    for key, name, value in named:
        if name not in found.policies:
            near = closest(name, found.policies)
            known = ", ".join(found.policies)
            yield (
                key,
                f"the game has no policy {name!r}, {f'did you mean {near}?' if near else f'only {known}'}",
                value,
            )


# --- policies


def _add_policies(algorithm: AlgorithmConfig, config: RLlibConfig, found: Probe) -> None:
    overrides = {
        name: type(algorithm).overrides(**_own_arguments(config, config.for_policy(name)))
        for name in config.policies
    }
    algorithm.multi_agent(
        policies=set(found.policies),
        policy_mapping_fn=_policy_of,
        policies_to_train=config.policies_to_train or list(found.policies),
        algorithm_config_overrides_per_module={name: own for name, own in overrides.items() if own},
    )
    algorithm.rl_module(
        rl_module_spec=MultiRLModuleSpec(
            rl_module_specs={
                name: RLModuleSpec(
                    module_class=_MODULES.get(config.algorithm, ActorCriticModule),
                    observation_space=facts.observation_space,
                    action_space=facts.action_space,
                    model_config=_model(config.for_policy(name)),
                )
                for name, facts in found.policies.items()
            }
        )
    )


def _policy_of(agent_id: str, _episode: Any, **_more: Any) -> str:
    return policy_of(agent_id)


def _model(config: RLlibConfig) -> dict[str, Any]:
    settings = NetworkSettings(
        network=config.network,
        hidden_layers=tuple(config.hidden_layers),
        activation=config.activation,
        cnn_channels=tuple(config.cnn_channels),
        lstm_hidden_size=config.lstm_hidden_size,
        normalize=config.normalize_observations,
    )
    model: dict[str, Any] = {SETTINGS: dataclasses.asdict(settings)}
    return model | {"max_seq_len": config.max_seq_len} if config.network == "lstm" else model


def _own_arguments(common: RLlibConfig, own: RLlibConfig) -> dict[str, Any]:
    """The arguments of `training` that differ for a policy."""
    before = training_arguments(common)
    return {key: value for key, value in training_arguments(own).items() if value != before[key]}
