"""Rows, episodes and infos as Stable-Baselines3 gets them, from fake games with known values."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from stable_baselines3.common.vec_env import VecEnv

from rl_studio_training.errors import GameError, GameProtocolError, SpacesError
from rl_studio_training.fleet import GameFleet
from rl_studio_training.vec_env import GodotVecEnv
from training.conftest import MakeCrews, MakeFleet, is_alive, wait_until


def still(env: VecEnv) -> np.ndarray:
    return np.zeros((env.num_envs, *(env.action_space.shape or ())), dtype=np.float32)


def two_games(make_fleet: MakeFleet) -> GodotVecEnv:
    return GodotVecEnv(make_fleet(["continuous", "continuous"], wire="binary"))


def test_agents_of_all_games_are_rows(make_fleet: MakeFleet) -> None:
    env = two_games(make_fleet)
    observations = env.reset()
    assert (env.num_envs, env.rows, env.policy_name) == (4, [slice(0, 2), slice(2, 4)], "walker")
    assert isinstance(observations, np.ndarray)
    np.testing.assert_allclose(observations[:, 0], [0.0, 0.1, 0.0, 0.1])
    observations, rewards, dones, infos = env.step(still(env))
    assert rewards.tolist() == [1.0, 2.0, 1.0, 2.0]
    assert (rewards.dtype, dones.dtype) == (np.float32, np.bool_)
    assert not dones.any()
    assert infos == [{}, {}, {}, {}]


def test_the_last_observation_stays_as_it_was(make_fleet: MakeFleet) -> None:
    env = GodotVecEnv(make_fleet(wire="binary"))
    first = env.reset()
    assert isinstance(first, np.ndarray)
    copy = first.copy()
    env.step(still(env))
    assert (first == copy).all()


@pytest.mark.parametrize("wire", ["studio", "binary"])
def test_the_end_of_an_episode_tells_all(make_fleet: MakeFleet, wire: str) -> None:
    env = GodotVecEnv(make_fleet(["continuous", "continuous"], wire=wire))
    env.reset()
    for _ in range(5):
        observations, _rewards, dones, infos = env.step(still(env))
    assert dones.all()
    assert isinstance(observations, np.ndarray)
    assert observations[:, 1].tolist() == [0.0] * 4
    assert [info["TimeLimit.truncated"] for info in infos] == [False, True, False, True]
    np.testing.assert_allclose(infos[3]["terminal_observation"], [0.1, 1.0, 0.5])
    assert infos[3]["terminal_observation"].dtype == np.float32
    assert (infos[3]["episode"]["r"], infos[3]["episode"]["l"]) == (10.0, 5)
    assert [info["is_success"] for info in infos] == [True, False, True, False]
    assert env.episodes.summary()["reward_mean"] == 7.5


def test_the_next_episode_begins_at_zero(make_fleet: MakeFleet) -> None:
    env = GodotVecEnv(make_fleet())
    env.reset()
    for _ in range(10):
        *_, infos = env.step(still(env))
    assert infos[0]["episode"]["r"] == 5.0
    assert env.episodes.total == 4


def test_several_keys_make_dict_observations(make_fleet: MakeFleet) -> None:
    env = GodotVecEnv(make_fleet(["two_keys", "two_keys"]))
    observations = env.reset()
    assert isinstance(observations, dict)
    assert {key: value.shape for key, value in observations.items()} == {"extra": (4, 2), "obs": (4, 3)}
    for _ in range(5):
        *_, infos = env.step(still(env))
    assert infos[2]["terminal_observation"]["extra"].tolist() == [1.0, 2.0]


def test_what_a_stock_game_leaves_out_is_made_up(make_fleet: MakeFleet) -> None:
    env = GodotVecEnv(make_fleet(["stock"]))
    env.reset()
    env.step(still(env))
    _observations, rewards, _dones, infos = env.step(still(env))
    assert rewards.tolist() == [1.0, 2.0]
    assert infos == [{}, {}]


def test_the_rows_of_a_game_that_died_are_truncated(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(["continuous", "crash"], extra={"misbehave_at": "2", "misbehave_seed": "1"})
    env = GodotVecEnv(fleet)
    env.reset()
    env.step(still(env))
    _observations, rewards, dones, infos = env.step(still(env))
    assert (rewards.tolist(), dones.tolist()) == ([1.0, 2.0, 0.0, 0.0], [False, False, True, True])
    assert infos[3]["TimeLimit.truncated"]
    np.testing.assert_allclose(infos[3]["terminal_observation"], [0.1, 0.2, 0.5])


def test_actions_that_cannot_be_mixed_are_refused(make_fleet: MakeFleet) -> None:
    with pytest.raises(SpacesError, match="weapon"):
        make_fleet(["unmixable"])


def test_an_observation_that_changes_its_size_is_named(make_fleet: MakeFleet) -> None:
    env = GodotVecEnv(make_fleet(["resize"], extra={"misbehave_at": "1"}, max_restarts=0))
    env.reset()
    with pytest.raises(GameProtocolError, match="sent 1 number"):
        env.step(still(env))


def test_discrete_actions_reach_the_game_as_integers(make_fleet: MakeFleet, tmp_path: Path) -> None:
    env = GodotVecEnv(make_fleet(["multidiscrete"]))
    env.reset()
    env.step(np.array([[2, 0], [1, 1]]))
    sent = (tmp_path / "build" / "actions.jsonl").read_text()
    assert sent == '[{"a_turn": 2, "b_jump": 0}, {"a_turn": 1, "b_jump": 1}]\n'


def test_a_seed_comes_with_the_next_reset_only(make_fleet: MakeFleet, tmp_path: Path) -> None:
    env = two_games(make_fleet)
    assert env.seed(5) == [5, 5, 6, 6]
    env.reset()
    env.reset()
    lines = (tmp_path / "build" / "resets.jsonl").read_text().splitlines()
    seeds = sorted((entry["env_seed"], str(entry["seed"])) for entry in map(json.loads, lines))
    assert seeds == [("0", "5"), ("0", "None"), ("1", "6"), ("1", "None")]


def test_masks_are_there_as_sb3_contrib_asks_for_them(make_fleet: MakeFleet) -> None:
    env = GodotVecEnv(make_fleet(["multidiscrete", "multidiscrete"], wire="binary", extra={"masks": "1"}))
    env.reset()
    assert env.has_attr("action_masks")
    masks = np.stack(env.env_method("action_masks"))
    assert (masks.shape, masks.dtype) == ((4, 5), np.bool_)
    assert (masks == env.action_masks()).all()
    before = masks.copy()
    env.step(np.zeros((4, 2), np.int64))
    assert (before != env.action_masks()).any()
    assert env.env_method("action_masks", indices=[1])[0].tolist() == env.action_masks()[1].tolist()


def test_a_game_without_masks_does_not_pretend(make_fleet: MakeFleet) -> None:
    env = GodotVecEnv(make_fleet(["discrete"]))
    env.reset()
    assert not env.has_attr("action_masks")
    with pytest.raises(GameError, match="no action masks"):
        env.action_masks()


def test_the_rest_of_the_interface_works(make_fleet: MakeFleet) -> None:
    env = two_games(make_fleet)
    assert env.get_attr("instance") == [0, 0, 1, 1]
    env.set_attr("colour", "red", indices=[2])
    assert env.get_attr("colour", indices=3) == ["red"]
    assert env.env_method("greet", indices=[1, 2]) == ["greet 1", "greet 0"]
    assert env.env_is_wrapped(VecEnv) == [False] * 4
    with pytest.raises(GameError, match="cannot take arguments"):
        env.env_method("greet", "loudly")


def test_rows_without_an_agent_are_told(make_crews: MakeCrews) -> None:
    env = GodotVecEnv(make_crews(GameFleet, 3, crew="red,red", unrest="0.4", most="4"))
    seen = env.reset()
    empty = 0
    assert not env.acted.any()
    for _ in range(40):
        before = env.present.copy()
        seen, rewards, dones, infos = env.step(still(env))
        assert isinstance(seen, np.ndarray)
        assert (env.acted == before).all()
        assert (env.begins == (env.present & (dones | ~before))).all()
        assert (seen[env.begins, 1] == 0.0).all() and (seen[env.present & ~env.begins, 1] > 0.0).all()
        assert (seen[env.present, 2] == 1.0).all() and not seen[~env.present].any()
        assert not rewards[~before].any() and not dones[~before].any()
        assert all(bool(info) == done for info, done in zip(infos, dones, strict=True))
        empty += int(np.count_nonzero(~before))
    assert empty > 10


def test_agents_that_wait_get_rows_between_two_steps(make_crews: MakeCrews) -> None:
    env = GodotVecEnv(make_crews(GameFleet, 3, crew="red,red", unrest="0.4", most="4", masks="1"))
    env.reset()
    assert env.grow() is None
    seen = env.reset()
    while not any(env.fleet.waiting.values()):
        seen, *_ = env.step(np.zeros((6, 2), np.int64))
    assert isinstance(seen, np.ndarray)
    rows = [seen[game] for game in env.rows]
    states, masks = (env.acted, env.present, env.begins), env.action_masks()
    old = env.grow()
    assert old is not None
    assert env.num_envs == len(old) == env.fleet.n_rows > 6
    assert sorted(old[old >= 0].tolist()) == list(range(6))
    for game, values in zip(env.rows, rows, strict=True):
        kept = old[game][old[game] >= 0]
        np.testing.assert_array_equal(seen[kept], values)
    for before, now in zip(states, (env.acted, env.present, env.begins), strict=True):
        assert now[old >= 0].tolist() == before[old[old >= 0]].tolist()
        assert not now[old < 0].any()
    np.testing.assert_array_equal(env.action_masks()[old >= 0], masks[old[old >= 0]])
    assert env.action_masks()[old < 0].all()
    seen, *_ = env.step(np.zeros((env.num_envs, 2), np.int64))
    assert isinstance(seen, np.ndarray) and seen.shape[0] == env.num_envs
    assert env.present[old < 0].any()
    assert len(env.get_attr("instance")) == env.num_envs


def test_closing_ends_all_games(make_fleet: MakeFleet) -> None:
    env = two_games(make_fleet)
    env.close()
    env.close()
    for game in env.games:
        assert game.game is not None
        pid = game.game.pid
        wait_until(lambda pid=pid: not is_alive(pid))
