"""RLlib's configuration as it is made of ours: every value in its place, and what is refused, by name."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from gymnasium import spaces

pytest.importorskip("ray", reason="RLlib is not installed: pip install -e '.[rllib]'")

from rl_studio.errors import ConfigError
from rl_studio.experiments.overrides import resolve
from rl_studio.experiments.rllib_config import RLlibConfig
from rl_studio_training import rllib_config
from rl_studio_training.errors import SpacesError
from rl_studio_training.launch import GameSettings
from rl_studio_training.rllib_config import build_config
from rl_studio_training.rllib_env_runner import GodotEnvRunner
from rl_studio_training.rllib_games import PolicyFacts, Probe, RunnerGames
from rl_studio_training.rllib_modules import SETTINGS

CONTINUOUS = {"move": {"action_type": "continuous", "size": 2}}


def found(*names: str) -> Probe:
    """Two agents of each policy."""
    seen, done = spaces.Box(-1.0, 1.0, (3,)), spaces.Box(-1.0, 1.0, (2,))
    wire = {"obs": {"space": "box", "size": [3]}}
    return Probe(
        {name: PolicyFacts(2, 2, seen, done, wire, CONTINUOUS, False) for name in names or ("walker",)}
    )


def build(probe: Probe | None = None, *, games: int = 1, **values: Any) -> Any:
    config = resolve(RLlibConfig, values)
    runner = RunnerGames(settings=GameSettings(), log_folder=Path("logs"), games=games, seed=5)
    return build_config(config, runner, probe or found())


def test_rows_are_all_agents_of_a_runner() -> None:
    config = build(found("red", "blue"), games=3, num_env_runners=2, train_batch_size=1200)
    assert config.env_runner_cls is GodotEnvRunner
    assert (config.num_env_runners, config.num_envs_per_env_runner) == (2, 12)
    assert config.get_rollout_fragment_length() == 50
    assert RunnerGames.read(config.env_config).seed == 5


def test_a_single_policy_keeps_its_name() -> None:
    config = build()
    assert config.is_multi_agent
    assert list(config.policies) == ["walker"]
    assert config.policy_mapping_fn("walker__3#7", None) == "walker"


def test_values_of_ppo_are_in_their_places() -> None:
    config = build(
        learning_rate=2e-4,
        gamma=0.9,
        train_batch_size=512,
        minibatch_size=64,
        n_epochs=3,
        gae_lambda=0.8,
        clip_range=0.1,
        ent_coef=0.02,
        vf_coef=0.7,
        max_grad_norm=0.3,
        kl_target=0.05,
        seed=11,
        sample_timeout_s=9.0,
    )
    assert (config.lr, config.gamma, config.lambda_, config.clip_param) == (2e-4, 0.9, 0.8, 0.1)
    assert (config.train_batch_size_per_learner, config.minibatch_size, config.num_epochs) == (512, 64, 3)
    assert (config.entropy_coeff, config.vf_loss_coeff, config.grad_clip) == (0.02, 0.7, 0.3)
    assert (config.use_kl_loss, config.kl_target, config.vf_clip_param) == (True, 0.05, math.inf)
    assert (config.seed, config.sample_timeout_s) == (11, 9.0)
    assert build().use_kl_loss is False


def test_a_schedule_ends_with_the_training() -> None:
    config = build(learning_rate=1e-3, learning_rate_schedule="linear", total_timesteps=5000)
    assert config.lr == [[0, 1e-3], [5000, 0.0]]


def test_values_of_replay_are_in_their_places() -> None:
    discrete = found()
    facts = discrete.policies["walker"]
    wire = {"turn": {"action_type": "discrete", "size": 4}}
    choosing = Probe(
        {"walker": PolicyFacts(2, 2, facts.observation_space, spaces.Discrete(4), {}, wire, False)}
    )
    dqn = build(
        choosing,
        algorithm="dqn",
        buffer_size=77,
        learning_starts=8,
        tau=0.5,
        target_update_interval=9,
        n_step=3,
        double_q=False,
        exploration_initial_eps=0.9,
        exploration_final_eps=0.2,
        exploration_timesteps=123,
    )
    assert dqn.replay_buffer_config["capacity"] == 77
    assert (dqn.num_steps_sampled_before_learning_starts, dqn.tau) == (8, 0.5)
    assert (dqn.target_network_update_freq, dqn.n_step, dqn.double_q) == (9, 3, False)
    assert dqn.epsilon == [[0, 0.9], [123, 0.2]]
    sac = build(algorithm="sac", learning_rate=4e-4, initial_alpha=0.3)
    assert (sac.actor_lr, sac.critic_lr, sac.alpha_lr, sac.lr) == (4e-4, 4e-4, 4e-4, None)
    assert sac.initial_alpha == 0.3


def test_the_device_is_the_learners(monkeypatch: pytest.MonkeyPatch) -> None:
    assert build(device="cpu").num_gpus_per_learner == 0
    monkeypatch.setattr(rllib_config, "find_device", torch.device)  # of a machine that has them
    config = build(device="cuda:1")
    assert (config.num_gpus_per_learner, config.local_gpu_idx) == (1, 1)
    with pytest.raises(ConfigError, match="device: RLlib cannot use 'mps'"):
        build(device="mps")


def test_a_device_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ConfigError, match="device: PyTorch cannot use 'cuda:77'"):
        build(device="cuda:77")


def test_policies_may_have_values_and_networks_of_their_own() -> None:
    own = {"red": {"learning_rate": 5e-5, "gamma": 0.8, "network": "gated", "hidden_layers": [32]}}
    config = build(found("red", "blue"), policies=own, policies_to_train=["blue"], activation="elu")
    red, blue = (config.get_config_for_module(name) for name in ("red", "blue"))
    assert (red.lr, red.gamma, red.entropy_coeff) == (5e-5, 0.8, blue.entropy_coeff)
    assert (blue.lr, blue.gamma) == (1e-3, 0.99)
    specs = config.rl_module_spec.rl_module_specs
    networks = {name: spec.model_config[SETTINGS] for name, spec in specs.items()}
    assert (networks["red"]["network"], networks["red"]["hidden_layers"]) == ("gated", (32,))
    assert (networks["blue"]["network"], networks["blue"]["hidden_layers"]) == ("mlp", (64, 64))
    assert networks["blue"]["activation"] == "elu"
    assert config.policies_to_train == ["blue"]


def test_raw_arguments_win() -> None:
    config = build(
        learning_rate=1e-3,
        rllib={
            "training": {"lr": 5e-4, "vf_clip_param": 10.0},
            "fault_tolerance": {"max_num_env_runner_restarts": 3},
        },
    )
    assert (config.lr, config.vf_clip_param, config.max_num_env_runner_restarts) == (5e-4, 10.0, 3)
    sac = build(algorithm="sac", rllib={"training": {"replay_buffer_config": {"capacity": 5}}})
    assert sac.replay_buffer_config["capacity"] == 5
    assert "ArrayEpisodeReplayBuffer" in sac.replay_buffer_config["type"]


@pytest.mark.parametrize(
    ("values", "key", "message"),
    [
        (
            {"rllib": {"training": {"vf_clip_parm": 1}}},
            "rllib.training.vf_clip_parm",
            "did you mean vf_clip_param",
        ),
        ({"rllib": {"trainig": {"lr": 1}}}, "rllib.trainig", "did you mean training"),
        (
            {"rllib": {"env_runners": {"env_runner_cls": 1}}},
            "rllib.env_runners.env_runner_cls",
            "cannot be set",
        ),
        ({"rllib": {"training": {"num_epochs": 0, "lr": "x"}}}, "rllib", ""),
        ({"policies": {"walkr": {"gamma": 0.5}}}, "policies.walkr", "did you mean walker"),
        ({"policies_to_train": ["xyz"]}, "policies_to_train", "only walker"),
        ({"network": "lstm", "policies": {"walker": {"gamma": 0.5}}}, "policies.walker.gamma", "common one"),
    ],
)
def test_what_is_wrong_is_named(values: dict[str, Any], key: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build(**values)
    (problem,) = caught.value.data["errors"]
    assert problem["key"] == key
    assert message in problem["message"]


@pytest.mark.parametrize("name", ["default_policy", "a/b", "two__parts", ""])
def test_names_that_rllib_cannot_use_are_refused(name: str) -> None:
    with pytest.raises(SpacesError, match="cannot train a policy called"):
        build(found(name))
