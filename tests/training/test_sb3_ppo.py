"""Rollouts over sections fill SB3's buffer with what SB3 itself would have put there."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from rl_studio_training.sb3_normalization import StudioNormalize
from rl_studio_training.sb3_ppo import FleetA2C, FleetPPO
from rl_studio_training.vec_env import GodotVecEnv
from training.fake_fleet import BOX, JUMP, MOVE, TURN, TWO_KEYS, FakeFleet, reward

GAMMA = 0.9


class Ear(BaseCallback):
    """Counts steps; ends training at step `stop_at`."""

    def __init__(self, stop_at: int = 10**9) -> None:
        super().__init__()
        self.steps: list[int] = []
        self.rollouts = 0
        self._stop_at = stop_at

    def _on_step(self) -> bool:
        self.steps.append(self.num_timesteps)
        return len(self.steps) < self._stop_at

    def _on_rollout_end(self) -> None:
        self.rollouts += 1


def learn(
    algorithm: type[OnPolicyAlgorithm],
    sections: int = 1,
    observations: dict[str, Any] = BOX,
    actions: dict[str, Any] = MOVE,
    callback: BaseCallback | None = None,
    rollouts: int = 3,
    wrap: Callable[[GodotVecEnv], VecEnv] = lambda env: env,
) -> tuple[Any, FakeFleet]:
    """Trains for some rollouts of 8 steps; the last buffer is left unshuffled."""
    fleet = FakeFleet(sections, observations, actions)
    env = wrap(GodotVecEnv(fleet))  # type: ignore[arg-type]
    kind = "MultiInputPolicy" if len(observations) > 1 else "MlpPolicy"
    own: dict[str, Any] = {"batch_size": 16, "n_epochs": 2} if issubclass(algorithm, PPO) else {}
    model = algorithm(kind, env, n_steps=8, gamma=GAMMA, learning_rate=0.01, seed=4, device="cpu", **own)
    ear = callback or Ear()
    model.learn((rollouts - 1) * 48, callback=ear, log_interval=None)  # type: ignore[arg-type]
    model.collect_rollouts(env, ear, model.rollout_buffer, 8)
    return model, fleet


def buffer_of(model: Any) -> dict[str, NDArray[Any]]:
    buffer = model.rollout_buffer
    names = ("actions", "rewards", "values", "log_probs", "episode_starts", "advantages", "returns")
    seen = buffer.observations if isinstance(buffer.observations, dict) else {"": buffer.observations}
    return {name: getattr(buffer, name) for name in names} | {f"obs {key}": v for key, v in seen.items()}


@pytest.mark.parametrize("actions", [MOVE, TURN, JUMP])
@pytest.mark.parametrize("observations", [BOX, TWO_KEYS])
def test_one_section_is_what_sb3_collects(observations: dict[str, Any], actions: dict[str, Any]) -> None:
    ours, _ = learn(FleetPPO, 1, observations, actions)
    theirs, _ = learn(PPO, 1, observations, actions)
    expected = buffer_of(theirs)
    for name, found in buffer_of(ours).items():
        assert (found.shape, found.dtype) == (expected[name].shape, expected[name].dtype)
        np.testing.assert_allclose(found, expected[name], atol=2e-5, err_msg=name)
    assert ours.num_timesteps == theirs.num_timesteps
    assert len(ours.ep_info_buffer) == len(theirs.ep_info_buffer)


def test_a2c_shares_the_rollouts() -> None:
    ours, _ = learn(FleetA2C)
    theirs, _ = learn(A2C)
    expected = buffer_of(theirs)
    for name, found in buffer_of(ours).items():
        np.testing.assert_allclose(found, expected[name], atol=2e-5, err_msg=name)


@pytest.mark.parametrize(("observations", "keys"), [(BOX, None), (TWO_KEYS, ["a"])])
def test_normalization_of_one_section_is_that_of_sb3(
    observations: dict[str, Any], keys: list[str] | None
) -> None:
    ours, _ = learn(
        FleetPPO,
        observations=observations,
        wrap=lambda env: StudioNormalize(env, observations=True, rewards=True, limit=1.5, gamma=GAMMA),
    )
    theirs, _ = learn(
        PPO,
        observations=observations,
        wrap=lambda env: VecNormalize(env, clip_obs=1.5, gamma=GAMMA, norm_obs_keys=keys),
    )
    expected = buffer_of(theirs)
    for name, found in buffer_of(ours).items():
        assert (found.shape, found.dtype) == (expected[name].shape, expected[name].dtype)
        np.testing.assert_allclose(found, expected[name], atol=2e-5, err_msg=name)


def test_normalization_hears_of_every_row_of_two_sections() -> None:
    model, _ = learn(
        FleetPPO,
        2,
        wrap=lambda env: StudioNormalize(env, observations=True, rewards=True, limit=10.0, gamma=GAMMA),
    )
    scale = model.env.scale
    # Agents 0 to 5 at ages 0, 1, …: the mean of r / 6 is that of all agents.
    np.testing.assert_allclose(scale.mean[""][0], 2.5 / 6, atol=1e-3)
    np.testing.assert_allclose(scale.deviation[""][0], np.std(np.arange(6) / 6), atol=1e-3)
    assert abs(model.rollout_buffer.rewards).max() <= 10.0


@pytest.mark.parametrize("observations", [BOX, TWO_KEYS])
def test_two_sections_put_everything_in_its_place(observations: dict[str, Any]) -> None:
    model, fleet = learn(FleetPPO, 2, observations)
    buffer, agents = model.rollout_buffer, np.arange(6)
    seen = buffer.observations["a"] if isinstance(buffer.observations, dict) else buffer.observations
    np.testing.assert_allclose(seen[..., 0], np.tile(agents / 6, (8, 1)), atol=1e-6)
    ages = np.rint(seen[..., 1] * 5).astype(int)
    np.testing.assert_array_equal(buffer.episode_starts, ages == 0)
    np.testing.assert_array_equal(ages[1:], np.where(ages[:-1] + 1 == 3 + agents % 3, 0, ages[:-1] + 1))
    plain = np.stack([reward(agents, row) for row in buffer.actions])
    cut = (ages + 1 == 3 + agents % 3) & (agents % 2 == 1)
    last = fleet._observe(np.nonzero(cut)[1], ages[cut] + 1)
    with torch.no_grad():
        values = model.policy.predict_values(model.policy.obs_to_tensor(last)[0]).numpy().flatten()
        now = model.policy.predict_values(model.policy.obs_to_tensor(model._last_obs)[0])
    expected = plain.copy()
    expected[cut] += GAMMA * values
    assert cut.any()
    np.testing.assert_allclose(buffer.rewards, expected, atol=1e-5)
    advantages = buffer.advantages.copy()
    buffer.compute_returns_and_advantage(now, model._last_episode_starts)
    np.testing.assert_allclose(advantages, buffer.advantages, atol=1e-5)


def test_one_section_simulates_while_the_policy_decides_for_the_other() -> None:
    _, fleet = learn(FleetPPO, 2, rollouts=1)
    assert fleet.calls[:8] == [
        ("send", 0),
        ("send", 1),
        *[("receive", 0), ("send", 0), ("receive", 1), ("send", 1), ("receive", 0), ("send", 0)],
    ]
    assert fleet.calls[-2:] == [("receive", 0), ("receive", 1)]


def test_the_same_seed_gives_the_same_weights() -> None:
    first, second = (learn(FleetPPO, 2)[0].policy.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_callback_hears_of_every_step_and_may_end_training() -> None:
    ear = Ear()
    learn(FleetPPO, 2, callback=ear, rollouts=2)
    assert ear.steps[:8] == list(range(6, 54, 6))
    assert ear.rollouts == 2
    fleet = FakeFleet(2, BOX, MOVE)
    model = FleetPPO("MlpPolicy", GodotVecEnv(fleet), n_steps=8, batch_size=16, device="cpu")  # type: ignore[arg-type]
    model.learn(480, callback=Ear(stop_at=11), log_interval=None)
    assert model.num_timesteps == 66


def test_time_is_counted_for_the_policy_and_for_the_update() -> None:
    model, _ = learn(FleetPPO, 2)
    assert model.spent.policy_s > 0.0
    assert model.spent.update_s > 0.0


def test_the_saved_file_is_one_of_sb3(tmp_path: Any) -> None:
    model, _ = learn(FleetPPO)
    path = tmp_path / "model.zip"
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            assert b"rl_studio" not in archive.read(name), name
    loaded = PPO.load(path, device="cpu")
    row = np.ones((1, 3), np.float32)
    np.testing.assert_array_equal(
        loaded.predict(row, deterministic=True)[0], model.predict(row, deterministic=True)[0]
    )
