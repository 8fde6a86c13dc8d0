from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rl_studio_training.errors import GameProtocolError
from rl_studio_training.messages import StudioInfo, parse_env_info, parse_observations, parse_step

SPACE = {"obs": {"space": "box", "size": [1]}}
ACTION = {"move": {"action_type": "continuous", "size": 1}}


def test_an_old_game_sends_one_space_and_no_names() -> None:
    info = parse_env_info({"n_agents": 2, "observation_space": SPACE, "action_space": ACTION})
    assert info.observation_spaces == [SPACE, SPACE]
    assert info.policy_names == ["shared_policy", "shared_policy"]


def test_a_new_game_sends_one_space_per_agent() -> None:
    message = {
        "n_agents": 1.0,
        "observation_space": [SPACE],
        "action_space": [ACTION],
        "agent_policy_names": ["x"],
    }
    assert parse_env_info(message).policy_names == ["x"]


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"n_agents": 2, "observation_space": [SPACE], "action_space": ACTION},
        {"n_agents": 1, "observation_space": SPACE, "action_space": ACTION, "agent_policy_names": ["a", "b"]},
    ],
)
def test_a_contradictory_env_info_is_refused(message: dict[str, Any]) -> None:
    with pytest.raises(GameProtocolError):
        parse_env_info(message)


def test_missing_infos_are_separate_empty_ones() -> None:
    step = parse_step({"obs": [{}, {}], "reward": [1, None], "done": [True, False]}, 2)
    assert step.infos == [{}, {}]
    assert step.infos[0] is not step.infos[1]
    assert step.rewards[0] == 1.0
    assert np.isnan(step.rewards[1])


@pytest.mark.parametrize("field", ["obs", "reward", "done"])
def test_a_step_with_another_number_of_agents_is_refused(field: str) -> None:
    message: dict[str, Any] = {"obs": [{}], "reward": [0], "done": [False]}
    message[field] = message[field] * 2
    with pytest.raises(GameProtocolError):
        parse_step(message, 1)


def test_observations_must_be_there() -> None:
    with pytest.raises(GameProtocolError):
        parse_observations({"type": "reset"}, 1)


OURS = {"addon_version": "0.1.0", "binary": 1, "agent_paths": ["/root/A"], "masked_policies": ["walker"]}


def env_info_with(studio: Any) -> dict[str, Any]:
    return {"n_agents": 1, "observation_space": [SPACE], "action_space": [ACTION], "rl_studio": studio}


def test_a_game_with_our_addon_says_so() -> None:
    assert parse_env_info(env_info_with(None)).studio is None
    assert parse_env_info(env_info_with(OURS)).studio == StudioInfo(1, ["/root/A"], frozenset({"walker"}))
    rows = {**OURS, "binary": 2.0, "fixed_rows": ["walker"], "action_repeat": 4, "scene_action_repeat": 8.0}
    found = parse_env_info(env_info_with(rows)).studio
    assert found == StudioInfo(2, ["/root/A"], frozenset({"walker"}), frozenset({"walker"}), 4, 8)
    plain = parse_env_info(env_info_with({"agent_paths": ["/root/A"]})).studio
    assert plain == StudioInfo(0, ["/root/A"], frozenset())


@pytest.mark.parametrize(
    "studio",
    [
        "yes",
        {**OURS, "binary": 3},
        {**OURS, "binary": "1"},
        {**OURS, "agent_paths": []},
        {**OURS, "agent_paths": None},
        {**OURS, "masked_policies": "walker"},
        {**OURS, "fixed_rows": "walker"},
    ],
)
def test_what_our_addon_cannot_have_said_is_refused(studio: Any) -> None:
    with pytest.raises(GameProtocolError, match="says about itself"):
        parse_env_info(env_info_with(studio))


def test_only_an_episode_that_ended_can_be_truncated() -> None:
    cut = {"TimeLimit.truncated": True}
    message = {"obs": [{}, {}, {}], "reward": [0, 0, 0], "done": [True, False, True], "info": [cut, cut, {}]}
    assert parse_step(message, 3).truncated.tolist() == [True, False, False]
