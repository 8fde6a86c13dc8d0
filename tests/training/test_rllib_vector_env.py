"""The vector environment for RLlib: rows, ends of episodes both ways, masks and seeds, from fake games."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from rl_studio_training.errors import DivergedError, SpacesError
from rl_studio_training.rllib_vector_env import GodotVectorEnv
from training.conftest import MakeFleet

STAGGERED = {"misbehave_at": "3", "misbehave_seed": "0"}
"""With the modes crash, continuous: game 0 dies in step 3, so that its episodes end at other times."""


def still(env: GodotVectorEnv) -> NDArray[np.float32]:
    return np.zeros(env.action_space.shape or (), np.float32)


def clock(observations: Any) -> list[float]:
    """How far into its episode each row is, in steps."""
    return [round(float(value), 1) for value in observations[:, 1] * 5]


def sent_actions(tmp_path: Path) -> list[Any]:
    return [json.loads(line) for line in (tmp_path / "build" / "actions.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("wire", ["stock", "studio", "binary"])
def test_agents_of_all_games_are_rows(make_fleet: MakeFleet, wire: str) -> None:
    env = GodotVectorEnv(make_fleet(("continuous", "continuous"), wire=wire))
    observations, infos = env.reset()
    assert env.num_envs == 4
    assert env.observation_space.contains(observations)
    assert env.single_action_space.shape == (2,)
    np.testing.assert_allclose(np.asarray(observations)[:, 0], [0.0, 0.1, 0.0, 0.1])
    assert infos == {}
    observations, rewards, terminated, truncated, infos = env.step(env.action_space.sample())
    assert env.observation_space.contains(observations)
    assert not (terminated | truncated).any()
    assert (rewards.dtype, terminated.dtype, truncated.dtype) == (np.float32, np.bool_, np.bool_)
    assert infos == {}


def test_rows_act_for_themselves(make_fleet: MakeFleet, tmp_path: Path) -> None:
    env = GodotVectorEnv(make_fleet(("multidiscrete",)))
    env.reset()
    env.step(np.array([[2, 0], [1, 1]]))
    assert sent_actions(tmp_path) == [[{"a_turn": 2, "b_jump": 0}, {"a_turn": 1, "b_jump": 1}]]


def test_observations_stay_as_they_were_handed_out(make_fleet: MakeFleet) -> None:
    env = GodotVectorEnv(make_fleet(wire="binary"))
    kept, _ = env.reset()
    for _ in range(6):
        env.step(still(env))
    assert clock(kept) == [0, 0]


def test_next_step_shows_the_last_observation_and_then_the_first(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    env = GodotVectorEnv(make_fleet())
    assert env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    env.reset()
    for _ in range(4):
        env.step(still(env))
    observations, rewards, terminated, truncated, infos = env.step(still(env))
    assert clock(observations) == [5, 5]
    assert rewards.tolist() == [1.0, 2.0]
    assert (terminated.tolist(), truncated.tolist()) == ([True, False], [False, True])
    assert infos["episode"]["r"].tolist() == [5.0, 10.0]
    assert infos["episode"]["l"].tolist() == [5, 5]
    assert infos["is_success"].tolist() == [True, False]
    observations, rewards, terminated, truncated, infos = env.step(still(env))
    assert clock(observations) == [0, 0]
    assert rewards.tolist() == [0.0, 0.0]
    assert not (terminated | truncated).any()
    assert infos == {}
    assert len(sent_actions(tmp_path)) == 5, "all agents were between episodes: the game can wait"
    assert clock(env.step(still(env))[0]) == [1, 1]


def test_next_step_loses_a_step_where_other_agents_go_on(make_fleet: MakeFleet) -> None:
    env = GodotVectorEnv(make_fleet(("crash", "continuous"), extra=STAGGERED))
    env.reset()
    steps = [env.step(still(env)) for _ in range(9)]
    clocks = [clock(step[0]) for step in steps]
    rewards = [step[1].tolist() for step in steps]
    ended = [(step[2] | step[3]).tolist() for step in steps]
    both, none, first, second = [True] * 4, [False] * 4, [True] * 2 + [False] * 2, [False] * 2 + [True] * 2
    assert clocks[:5] == [[1, 1, 1, 1], [2, 2, 2, 2], [2, 2, 3, 3], [1, 1, 4, 4], [2, 2, 5, 5]]
    assert clocks[5:] == [[3, 3, 1, 1], [4, 4, 2, 2], [5, 5, 3, 3], [1, 1, 4, 4]]
    assert ended == [none, none, first, none, second, none, none, first, none]
    assert both not in ended
    assert rewards[2:6] == [[0, 0, 1, 2], [0, 0, 1, 2], [1, 2, 1, 2], [1, 2, 0, 0]]
    assert steps[7][4]["episode"]["r"].tolist() == [5.0, 10.0, 0.0, 0.0], "the game's own sum has all steps"


def test_same_step_loses_nothing(make_fleet: MakeFleet) -> None:
    env = GodotVectorEnv(make_fleet(("crash", "continuous"), extra=STAGGERED), autoreset="same_step")
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    env.reset()
    steps = [env.step(still(env)) for _ in range(8)]
    clocks = [clock(step[0]) for step in steps]
    assert clocks[2:5] == [[0, 0, 3, 3], [1, 1, 4, 4], [2, 2, 0, 0]]
    assert clocks[5:] == [[3, 3, 1, 1], [4, 4, 2, 2], [0, 0, 3, 3]]
    assert [row is not None for row in steps[2][4]["final_obs"]] == [True, True, False, False]
    assert steps[2][4]["_final_obs"].tolist() == [True, True, False, False]
    np.testing.assert_allclose(steps[2][4]["final_obs"][1], [0.1, 0.4, 0.5])
    np.testing.assert_allclose(steps[4][4]["final_obs"][3], [0.1, 1.0, 0.5])
    assert steps[4][1].tolist() == [1.0, 2.0, 1.0, 2.0]
    assert (steps[4][2].tolist(), steps[4][3].tolist()) == (
        [False, False, True, False],
        [False, False, False, True],
    )


def test_several_keys_make_dict_observations(make_fleet: MakeFleet) -> None:
    env = GodotVectorEnv(make_fleet(("two_keys",)))
    env.reset()
    for _ in range(5):
        observations, *_ = env.step(still(env))
    assert isinstance(observations, dict)
    assert {key: value.shape for key, value in observations.items()} == {"extra": (2, 2), "obs": (2, 3)}
    assert clock(observations["obs"]) == [5, 5]


@pytest.mark.parametrize("wire", ["studio", "binary"])
def test_masks_are_infos(make_fleet: MakeFleet, wire: str) -> None:
    env = GodotVectorEnv(make_fleet(("discrete",), wire=wire, extra={"masks": "1"}))
    _, infos = env.reset()
    assert infos["action_mask"].tolist() == [[False, True, True, True], [True, False, True, True]]
    *_, infos = env.step(np.array([1, 0]))
    assert infos["action_mask"].tolist() == [[True, False, True, True], [True, True, False, True]]
    assert env.single_observation_space.shape == (3,)


def test_masks_are_part_of_observations_if_wanted(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(("discrete",), extra={"masks": "1"})
    env = GodotVectorEnv(fleet, autoreset="same_step", masks="observation")
    observations, infos = env.reset()
    assert env.observation_space.contains(observations)
    assert isinstance(observations, dict)
    assert observations["action_mask"].tolist() == [[0, 1, 1, 1], [1, 0, 1, 1]]
    assert infos == {}
    for _ in range(5):
        observations, _, _, _, infos = env.step(np.array([1, 0]))
    assert env.single_observation_space.contains(infos["final_obs"][1])
    np.testing.assert_allclose(infos["final_obs"][1]["observations"], [0.1, 1.0, 0.5])


def test_games_without_masks_have_plain_observations(make_fleet: MakeFleet) -> None:
    env = GodotVectorEnv(make_fleet(("discrete",)), masks="observation")
    assert env.single_observation_space.shape == (3,)


def test_a_seed_reaches_every_game_and_neighbours_share_none(make_fleet: MakeFleet, tmp_path: Path) -> None:
    env = GodotVectorEnv(make_fleet(("continuous", "continuous")))
    env.reset(seed=7)
    env.reset(seed=8)
    env.reset()
    lines = [json.loads(line) for line in (tmp_path / "build" / "resets.jsonl").read_text().splitlines()]
    assert [line["seed"] for line in lines if line["env_seed"] == "0"] == [14, 16, None]
    assert [line["seed"] for line in lines if line["env_seed"] == "1"] == [15, 17, None]


def test_a_reset_between_two_episodes_begins_anew(make_fleet: MakeFleet) -> None:
    env = GodotVectorEnv(make_fleet())
    env.reset()
    for _ in range(5):
        env.step(still(env))
    env.reset()
    assert clock(env.step(still(env))[0]) == [1, 1]


def test_an_action_that_is_nan_is_refused(make_fleet: MakeFleet) -> None:
    env = GodotVectorEnv(make_fleet())
    env.reset()
    with pytest.raises(DivergedError, match="NaN"):
        env.step(np.full((2, 2), np.nan, np.float32))


def test_a_row_that_nobody_is_in_is_refused_by_name(make_fleet: MakeFleet) -> None:
    extra = {"crew": "red,red,red", "lonely": "7"}
    env = GodotVectorEnv(make_fleet(("crew", "crew"), wire="binary", extra=extra), autoreset="same_step")
    env.reset()
    for _ in range(6):
        env.step(still(env))
    with pytest.raises(SpacesError, match=r"Game 0 has no agent in row 1 of 'red'") as caught:
        env.step(still(env))
    assert "GodotEnvRunner" in str(caught.value.hint)


def test_a_row_that_is_kept_free_is_refused_at_once(make_fleet: MakeFleet) -> None:
    env = GodotVectorEnv(
        make_fleet(("crew", "crew"), wire="binary", extra={"crew": "red,red", "rows": "red:3"})
    )
    with pytest.raises(SpacesError, match="Game 0 has no agent in row 2 of 'red'"):
        env.reset()


def test_agents_that_could_leave_but_stay_are_played(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(("crew",), wire="binary", extra={"crew": "red,red"})
    env = GodotVectorEnv(fleet, autoreset="same_step")
    env.reset()
    steps = [env.step(still(env)) for _ in range(12)]
    assert sum(int((terminated | truncated).sum()) for _, _, terminated, truncated, _ in steps) == 5


def test_closing_ends_the_games(make_fleet: MakeFleet) -> None:
    env = GodotVectorEnv(make_fleet(("continuous", "continuous")))
    env.close()
    env.close()
    for game in env.fleet.games:
        assert game.game is not None
        assert not game.game.is_running()
