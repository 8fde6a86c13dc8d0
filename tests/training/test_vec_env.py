"""Rows, episodes and infos as Stable-Baselines3 gets them, from fake games with known values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from stable_baselines3.common.vec_env import VecEnv

from rl_studio_training.errors import GameProtocolError, SpacesError
from rl_studio_training.vec_env import GodotVecEnv, open_games
from training.conftest import MakeGame, is_alive, wait_until


def still(env: VecEnv) -> np.ndarray:
    return np.zeros((env.num_envs, *(env.action_space.shape or ())), dtype=np.float32)


def two_games(make_game: MakeGame) -> GodotVecEnv:
    return open_games([make_game(instance=number, connect=False) for number in (0, 1)])


def test_agents_of_all_games_are_rows(make_game: MakeGame) -> None:
    env = two_games(make_game)
    observations = env.reset()
    assert env.num_envs == 4
    assert isinstance(observations, np.ndarray)
    np.testing.assert_allclose(observations[:, 0], [0.0, 0.1, 0.0, 0.1])
    observations, rewards, dones, infos = env.step(still(env))
    assert rewards.tolist() == [1.0, 2.0, 1.0, 2.0]
    assert (rewards.dtype, dones.dtype) == (np.float32, np.bool_)
    assert not dones.any()
    assert infos == [{}, {}, {}, {}]


def test_the_end_of_an_episode_tells_all(make_game: MakeGame) -> None:
    env = GodotVecEnv([make_game()])
    env.reset()
    for _ in range(5):
        observations, _rewards, dones, infos = env.step(still(env))
    assert dones.all()
    assert isinstance(observations, np.ndarray)
    assert observations[:, 1].tolist() == [0.0, 0.0]
    assert [info["TimeLimit.truncated"] for info in infos] == [False, True]
    np.testing.assert_allclose(infos[1]["terminal_observation"], [0.1, 1.0, 0.5])
    assert infos[1]["terminal_observation"].dtype == np.float32
    assert (infos[1]["episode"]["r"], infos[1]["episode"]["l"]) == (10.0, 5)
    assert [info["is_success"] for info in infos] == [True, False]
    summary = env.episodes.summary()
    assert (summary["reward_mean"], summary["reward_min"], summary["episodes"]) == (7.5, 5.0, 2)
    assert summary["success_rate"] == 0.5
    assert env.episodes.custom_metrics() == {"height": 2.5}


def test_the_next_episode_begins_at_zero(make_game: MakeGame) -> None:
    env = GodotVecEnv([make_game()])
    env.reset()
    for _ in range(10):
        *_, infos = env.step(still(env))
    assert infos[0]["episode"]["r"] == 5.0
    assert env.episodes.total == 4


def test_several_keys_make_dict_observations(make_game: MakeGame) -> None:
    env = GodotVecEnv([make_game("two_keys")])
    observations = env.reset()
    assert isinstance(observations, dict)
    assert {key: value.shape for key, value in observations.items()} == {"extra": (2, 2), "obs": (2, 3)}
    for _ in range(5):
        *_, infos = env.step(still(env))
    assert infos[0]["terminal_observation"]["extra"].tolist() == [1.0, 2.0]


def test_a_stock_game_is_put_right(make_game: MakeGame) -> None:
    warnings: list[str] = []
    env = GodotVecEnv([make_game("stock", on_warning=warnings.append)], drop_first_reward=True)
    env.reset()
    observations, rewards, _dones, infos = env.step(still(env))
    assert isinstance(observations, np.ndarray)
    assert observations[0].tolist() == [0.0, 1.0, -1.0]
    assert rewards.tolist() == [0.0, 0.0]
    _observations, rewards, _dones, infos = env.step(still(env))
    assert rewards.tolist() == [1.0, 0.0]
    assert infos == [{}, {}]
    assert len(warnings) == 2
    assert "agent 0 sent NaN" in warnings[0]


def test_several_policies_are_refused_by_name(make_game: MakeGame) -> None:
    with pytest.raises(SpacesError, match="red, blue") as caught:
        GodotVecEnv([make_game("two_policies")])
    assert "RLlib" in str(caught.value.hint)


def test_actions_that_cannot_be_mixed_are_refused(make_game: MakeGame) -> None:
    with pytest.raises(SpacesError, match="weapon"):
        GodotVecEnv([make_game("unmixable")])


def test_an_observation_that_changes_its_size_is_named(make_game: MakeGame) -> None:
    env = GodotVecEnv([make_game("resize", extra={"misbehave_at": "1"})])
    env.reset()
    with pytest.raises(GameProtocolError, match="Agent 1 sent 1 numbers"):
        env.step(still(env))


def test_discrete_actions_reach_the_game_as_integers(make_game: MakeGame, tmp_path: Path) -> None:
    env = GodotVecEnv([make_game("multidiscrete")])
    env.reset()
    env.step(np.array([[2, 0], [1, 1]]))
    sent = (tmp_path / "build" / "actions.jsonl").read_text()
    assert sent == '[{"a_turn": 2, "b_jump": 0}, {"a_turn": 1, "b_jump": 1}]\n'


def test_the_rest_of_the_interface_works(make_game: MakeGame) -> None:
    env = two_games(make_game)
    assert env.seed(5) == [5, 5, 6, 6]
    assert env.get_attr("instance") == [0, 0, 1, 1]
    env.set_attr("colour", "red", indices=[2])
    assert env.get_attr("colour", indices=3) == ["red"]
    assert env.env_method("greet", indices=[1, 2]) == ["greet 1", "greet 0"]
    assert env.env_is_wrapped(VecEnv) == [False] * 4


def test_time_in_the_games_is_counted(make_game: MakeGame) -> None:
    env = GodotVecEnv([make_game()])
    env.reset()
    env.step(still(env))
    assert env.busy_s > 0.0


def test_closing_ends_all_games(make_game: MakeGame) -> None:
    env = two_games(make_game)
    env.close()
    env.close()
    for game in env.games:
        assert game.game is not None
        pid = game.game.pid
        wait_until(lambda pid=pid: not is_alive(pid))


def test_one_game_that_fails_takes_the_others_along(make_game: MakeGame) -> None:
    games = [make_game(connect=False), make_game("stillborn", instance=1, connect=False)]
    with pytest.raises(Exception, match="Game 1"):
        open_games(games)
    assert games[0].game is not None
    assert not is_alive(games[0].game.pid)
