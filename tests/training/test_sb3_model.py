"""Models of every algorithm: their arguments, what they report, and their files."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3.common.logger import Logger

from rl_studio.errors import ConfigError
from rl_studio.experiments.sb3_config import SB3Config
from rl_studio_training import sb3_model
from rl_studio_training.errors import CheckpointError
from rl_studio_training.sb3_actor import LeanActor, make_actor
from rl_studio_training.sb3_model import (
    build_model,
    has_finite_weights,
    learner_metrics,
    load_into,
    save_model,
    wrap_env,
)
from training.fake_fleet import BOX, MOVE, TURN, make_env

SMALL: dict[str, dict[str, Any]] = {
    "ppo": {"n_steps": 8, "batch_size": 16},
    "a2c": {},
    "recurrent_ppo": {"n_steps": 8, "batch_size": 16, "lstm_hidden_size": 5},
    "sac": {"buffer_size": 600, "learning_starts": 12, "batch_size": 8},
    "td3": {"buffer_size": 600, "learning_starts": 12, "batch_size": 8},
    "dqn": {"buffer_size": 600, "learning_starts": 12, "batch_size": 8, "train_freq": 1},
}
"""maskable_ppo needs games with masks: see the matrix."""


def model_for(algorithm: str, **fields: Any) -> Any:
    """An untrained model on games that have its kind of actions."""
    actions = TURN if algorithm in ("dqn", "maskable_ppo") else MOVE
    config = SB3Config(algorithm=algorithm, **SMALL.get(algorithm, {}), **fields)  # type: ignore[arg-type]
    env = make_env(BOX, actions, masks=algorithm == "maskable_ppo")
    return build_model(config, wrap_env(config, env))


def trained(algorithm: str, steps: int = 96, **fields: Any) -> Any:
    """A model that has trained for some steps."""
    model = model_for(algorithm, **fields)
    model.set_logger(Logger(None, []))
    return model.learn(steps, log_interval=None)


def settings_of(model: Any) -> dict[str, float]:
    """The settings of each optimizer's first group, which only the configuration can have set."""
    names = ("lr", "eps", "fused", "alpha")
    group = model.policy.optimizer.param_groups[0]
    return {name: group[name] for name in names if name in group}


def test_ppo_has_one_fused_optimizer_with_the_eps_of_sb3() -> None:
    assert settings_of(model_for("ppo")) == {"lr": 1e-3, "eps": 1e-5, "fused": True}


@pytest.mark.parametrize("algorithm", ["ppo", "a2c"])
def test_flat_observations_get_the_lean_actor(algorithm: str) -> None:
    assert isinstance(make_actor(model_for(algorithm).policy), LeanActor)


def test_a2c_uses_rmsprop_unless_told_otherwise() -> None:
    assert settings_of(model_for("a2c"))["alpha"] == 0.99
    assert settings_of(model_for("a2c", use_rms_prop=False)) == {"lr": 7e-4, "eps": 1e-5, "fused": True}


def test_off_policy_arguments_arrive() -> None:
    sac = model_for("sac", tau=0.1, train_freq=3, gradient_steps=-1, ent_coef=0.3, gamma=0.5)
    assert (sac.tau, sac.train_freq.frequency, sac.gradient_steps, sac.ent_coef) == (0.1, 3, -1, 0.3)
    assert (sac.gamma, sac.learning_starts, sac.batch_size) == (0.5, 12, 8)
    assert sac.replay_buffer.buffer_size == 600
    assert sac.replay_buffer.handle_timeout_termination is True
    assert model_for("sac").log_ent_coef.exp().item() == pytest.approx(0.1)
    td3 = model_for(
        "td3", policy_delay=3, target_policy_noise=0.4, target_noise_clip=0.6, action_noise_std=0.25
    )
    assert (td3.policy_delay, td3.target_policy_noise, td3.target_noise_clip) == (3, 0.4, 0.6)
    np.testing.assert_array_equal(td3.action_noise._sigma, [0.25, 0.25])
    assert model_for("td3", action_noise_std=0.0).action_noise is None
    dqn = model_for(
        "dqn",
        exploration_fraction=0.4,
        exploration_initial_eps=0.9,
        exploration_final_eps=0.2,
        target_update_interval=77,
        max_grad_norm=3.0,
    )
    assert (dqn.exploration_schedule(1.0), dqn.exploration_schedule(0.0)) == (0.9, 0.2)
    assert (dqn.exploration_fraction, dqn.target_update_interval, dqn.max_grad_norm) == (0.4, 77, 3.0)


@pytest.mark.parametrize("algorithm", ["ppo", "recurrent_ppo", "maskable_ppo"])
def test_rates_and_clip_ranges_may_fall(algorithm: str) -> None:
    falling = model_for(
        algorithm, learning_rate=0.01, learning_rate_schedule="linear", clip_range_schedule="linear"
    )
    assert (falling.lr_schedule(1.0), falling.lr_schedule(0.25)) == (0.01, pytest.approx(0.0025))
    assert (falling.clip_range(1.0), falling.clip_range(0.25)) == (0.2, pytest.approx(0.05))
    constant = model_for(algorithm)
    assert (constant.lr_schedule(0.25), constant.clip_range(0.25)) == (1e-3, 0.2)


@pytest.mark.parametrize("algorithm", ["sac", "dqn"])
def test_rates_of_off_policy_algorithms_may_fall(algorithm: str) -> None:
    model = trained(algorithm, learning_rate=0.01, learning_rate_schedule="linear")
    assert 0.0 <= learner_metrics(model)["learning_rate"] < 0.001  # type: ignore[operator]


@pytest.mark.parametrize("algorithm", SMALL)
def test_an_update_is_reported(algorithm: str) -> None:
    found = learner_metrics(trained(algorithm))
    wanted = {
        "ppo": {"policy_loss", "value_loss", "entropy", "approx_kl", "clip_fraction", "explained_variance"},
        "a2c": {"policy_loss", "value_loss", "entropy", "explained_variance", "std"},
        "recurrent_ppo": {"policy_loss", "value_loss", "entropy", "approx_kl", "loss"},
        "sac": {"policy_loss", "value_loss", "ent_coef"},
        "td3": {"policy_loss", "value_loss"},
        "dqn": {"loss", "exploration_rate"},
    }[algorithm]
    told = {name for name, value in found.items() if value is not None}
    assert wanted | {"learning_rate"} <= told
    assert all(value is None or type(value) is float for value in found.values())


def test_nothing_is_reported_before_the_first_update() -> None:
    model = model_for("sac")
    model.set_logger(Logger(None, []))
    assert set(learner_metrics(model).values()) == {None}


@pytest.mark.parametrize("algorithm", SMALL)
def test_time_is_counted_for_the_policy_and_for_the_update(algorithm: str) -> None:
    spent = trained(algorithm).spent
    assert spent.policy_s > 0.0
    assert spent.update_s > 0.0


def test_each_agent_of_dqn_explores_for_itself() -> None:
    model = model_for("dqn", seed=3)
    seen = np.zeros((400, 3), np.float32)
    greedy, _ = model.predict(seen, deterministic=True)
    model.exploration_rate = 0.5
    share = float(np.mean(model.predict(seen)[0] != greedy))
    assert 0.25 < share < 0.5  # half explore, a quarter of those find the same action
    model.exploration_rate = 0.0
    np.testing.assert_array_equal(model.predict(seen)[0], greedy)


def test_the_replay_buffer_knows_how_episodes_ended() -> None:
    model = trained("sac", normalize_observations=True)
    buffer = model.replay_buffer
    rows = slice(0, buffer.pos)
    agents = np.rint(buffer.observations[rows, 0, 0] * 6).astype(int)
    ages = np.rint(buffer.observations[rows, 0, 1] * 5).astype(int)
    last = np.rint(buffer.next_observations[rows, 0, 1] * 5).astype(int)
    ended = buffer.dones[rows, 0].astype(bool)
    np.testing.assert_array_equal(ended, ages + 1 == 3 + agents % 3)
    np.testing.assert_array_equal(last, ages + 1)  # at an end, not yet the next episode's first
    np.testing.assert_array_equal(buffer.timeouts[rows, 0].astype(bool), ended & (agents % 2 == 1))


def test_a_buffer_beyond_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sb3_model.psutil, "virtual_memory", lambda: SimpleNamespace(available=20_000))
    with pytest.raises(ConfigError, match="buffer_size: 600 steps of 44 bytes do not fit") as caught:
        model_for("sac")
    assert caught.value.hint == "Use 318 or less."
    model_for("ppo")


@pytest.mark.parametrize("algorithm", SMALL)
def test_files_hold_weights_and_optimizers(tmp_path: Path, algorithm: str) -> None:
    model = trained(algorithm, normalize_observations=True)
    save_model(model, tmp_path)
    again = model_for(algorithm, normalize_observations=True, seed=8)
    load_into(again, tmp_path)
    expected, found = model.get_parameters(), again.get_parameters()
    assert found.keys() == expected.keys()
    for name, state in expected.items():
        compare(found[name], state)
    np.testing.assert_array_equal(again.env.scale.mean[""], model.env.scale.mean[""])
    if algorithm == "sac":
        assert model.log_ent_coef.item() != 0.0
        assert again.log_ent_coef.item() == model.log_ent_coef.item()


def compare(found: Any, expected: Any) -> None:
    """Fails unless both hold the same tensors and numbers."""
    if isinstance(expected, torch.Tensor):
        assert torch.equal(found, expected)
    elif isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            compare(found[name], value)
    elif isinstance(expected, list):
        for one, other in zip(found, expected, strict=True):
            compare(one, other)
    else:
        assert found == expected


def test_files_of_another_network_are_refused(tmp_path: Path) -> None:
    save_model(model_for("ppo"), tmp_path)
    with pytest.raises(CheckpointError, match="another network: size mismatch for "):
        load_into(model_for("ppo", hidden_layers=[8]), tmp_path)
    with pytest.raises(CheckpointError, match="another network"):
        load_into(model_for("sac"), tmp_path)


def test_broken_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_into(model_for("ppo"), tmp_path)
    (tmp_path / "model.zip").write_bytes(b"no zip")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_into(model_for("ppo"), tmp_path)


@pytest.mark.parametrize("algorithm", ["ppo", "sac"])
def test_weights_that_are_nan_are_noticed(algorithm: str) -> None:
    model = model_for(algorithm)
    assert has_finite_weights(model)
    torch.nn.init.constant_(next(model.policy.parameters()), float("nan"))
    assert not has_finite_weights(model)
