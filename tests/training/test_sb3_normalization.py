"""Normalization: what it touches, how it is kept, and that an evaluation does not move it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rl_studio.experiments.sb3_config import SB3Config
from rl_studio_training.errors import CheckpointError
from rl_studio_training.sb3_model import wrap_env
from rl_studio_training.sb3_normalization import SETTINGS_FILE, STATISTICS_FILE, StudioNormalize, read_scale
from training.fake_fleet import BOX, TWO_KEYS, make_env

SEEN = {"obs": {"space": "box", "size": [3]}, "camera_2d": {"space": "box", "size": [1, 2, 2]}}
ACTIONS = np.zeros((6, 2), np.float32)


def normalized(observations: dict[str, Any] = BOX, steps: int = 20, **options: Any) -> StudioNormalize:
    """An environment that has normalized some steps."""
    settings = {"observations": True, "rewards": True, "limit": 10.0, "gamma": 0.9} | options
    env = StudioNormalize(make_env(observations), **settings)
    env.reset()
    for _ in range(steps):
        env.step(ACTIONS)
    return env


def test_it_is_there_only_if_it_is_wanted() -> None:
    games = make_env()
    assert wrap_env(SB3Config(), games) is games
    both = wrap_env(
        SB3Config(normalize_observations=True, normalize_rewards=True, clip_observations=3.0, gamma=0.8),
        games,
    )
    assert isinstance(both, StudioNormalize)
    assert (both.norm_obs, both.norm_reward, both.clip_obs, both.gamma) == (True, True, 3.0, 0.8)
    rewards = wrap_env(SB3Config(normalize_rewards=True), games)
    assert isinstance(rewards, StudioNormalize)
    assert (rewards.norm_obs, rewards.norm_reward) == (False, True)


def test_choices_and_pictures_stay_as_they_are() -> None:
    env = normalized(TWO_KEYS)
    seen: Any = env.reset()
    assert seen["b"].dtype == np.int64
    assert list(env.scale.mean) == ["a"]
    pictures = StudioNormalize(make_env(SEEN), observations=True, rewards=False, limit=10.0, gamma=0.9)
    assert list(pictures.scale.mean) == ["obs"]
    only = {"camera_2d": SEEN["camera_2d"]}
    assert (
        StudioNormalize(make_env(only), observations=True, rewards=True, limit=10.0, gamma=0.9).norm_obs
        is False
    )


def test_observations_are_scaled_and_limited() -> None:
    env = normalized(steps=60)
    raw = np.array([[0.5, 0.4, 0.5], [100.0, 0.0, 0.5]], np.float32)
    found = env.normalize_obs(raw)
    assert found.dtype == np.float32
    assert found[1, 0] == 10.0
    assert abs(found[:, 2]).max() < 1e-3  # it never changed
    np.testing.assert_array_equal(found, env.scale.apply(raw))


def test_a_frozen_one_follows_and_learns_nothing() -> None:
    env = normalized()
    frozen = env.frozen(make_env())
    before = env.scale
    frozen.reset()
    for _ in range(9):
        _, rewards, _, _ = frozen.step(ACTIONS)
    np.testing.assert_array_equal(env.scale.mean[""], before.mean[""])
    np.testing.assert_array_equal(rewards, np.arange(6))  # as the game gave them
    env.step(ACTIONS)
    assert (env.scale.mean[""] != before.mean[""]).any()
    np.testing.assert_array_equal(frozen.scale.mean[""], env.scale.mean[""])


def test_it_is_kept_without_pickle(tmp_path: Path) -> None:
    env = normalized(TWO_KEYS)
    env.save_to(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [SETTINGS_FILE, STATISTICS_FILE]
    with np.load(tmp_path / STATISTICS_FILE, allow_pickle=False) as arrays:
        assert all(array.dtype == np.float64 for array in arrays.values())
    scale = read_scale(tmp_path)
    assert scale is not None
    assert scale.limit == 10.0
    np.testing.assert_array_equal(scale.mean["a"], env.scale.mean["a"])
    np.testing.assert_array_equal(scale.deviation["a"], env.scale.deviation["a"])
    again = normalized(TWO_KEYS, rewards=True)
    again.obs_rms["a"].mean += 1.0
    again.load_from(tmp_path)
    for one in (env, again):
        one.reset()
    for _ in range(7):
        (seen, rewards, _, _), (others, other_rewards, _, _) = env.step(ACTIONS), again.step(ACTIONS)
        assert isinstance(seen, dict) and isinstance(others, dict)
        np.testing.assert_array_equal(seen["a"], others["a"])
        np.testing.assert_array_equal(rewards, other_rewards)


def test_rewards_alone_are_kept_too(tmp_path: Path) -> None:
    env = StudioNormalize(make_env(), observations=False, rewards=True, limit=10.0, gamma=0.9)
    env.reset()
    env.step(ACTIONS)
    env.save_to(tmp_path)
    assert read_scale(tmp_path) is None
    again = StudioNormalize(make_env(), observations=False, rewards=True, limit=10.0, gamma=0.9)
    again.load_from(tmp_path)
    assert again.ret_rms.var == env.ret_rms.var


def test_no_files_mean_no_normalization(tmp_path: Path) -> None:
    assert read_scale(tmp_path) is None
    with pytest.raises(CheckpointError, match="cannot be read"):
        normalized(steps=0).load_from(tmp_path)


def test_statistics_of_other_observations_are_refused(tmp_path: Path) -> None:
    normalized(TWO_KEYS).save_to(tmp_path)
    with pytest.raises(CheckpointError, match=r"normalized the observations \['a'\]") as caught:
        normalized(steps=0).load_from(tmp_path)
    assert "normalize_observations" in (caught.value.hint or "")


def test_broken_files_are_told(tmp_path: Path) -> None:
    normalized().save_to(tmp_path)
    (tmp_path / STATISTICS_FILE).write_bytes(b"no zip")
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_scale(tmp_path)
