"""Batches from JSON: several groups, masks, and what games leave out."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from rl_studio_training.errors import GameDataError, GameProtocolError
from rl_studio_training.json_batches import JsonBatches, actions_of_rows
from rl_studio_training.layout import ActionPart, GroupActions, make_groups
from rl_studio_training.spaces import ObservationCodec

TURN, MOVE, JUMP = (
    ActionPart("turn", "discrete", 3),
    ActionPart("move", "continuous", 2),
    ActionPart("jump", "discrete", 2),
)


def batches(masked: frozenset[str] = frozenset()) -> JsonBatches:
    """Agents 0 and 2 follow "a", agent 1 follows "b"."""
    codecs = [
        ObservationCodec({name: {"space": "box", "size": [size]}}, lambda agent, key: None)
        for name, size in (("obs", 2), ("eye", 1))
    ]
    by_agent = [codecs[0].parts, codecs[1].parts, codecs[0].parts]
    groups = make_groups(["a", "b", "a"], by_agent, [(JUMP, MOVE, TURN), (MOVE,), (JUMP, MOVE, TURN)], masked)
    return JsonBatches(groups, codecs)


def step(**changes: Any) -> dict[str, Any]:
    message = {
        "type": "step",
        "obs": [{"obs": [1, 2]}, {"eye": [3]}, {"obs": [4, 5]}],
        "reward": [0.5, 1, -1],
        "done": [False, False, False],
    }
    return {**message, **changes}


def test_actions_of_all_groups_are_rows_in_the_order_of_the_agents() -> None:
    actions = [
        GroupActions(np.float32([[0.5, 1], [0.25, -1]]), np.int32([[1, 2], [0, 1]])),
        GroupActions(np.float32([[0, 0.75]]), np.empty((1, 0), np.int32)),
    ]
    rows = [
        {"jump": 1, "move": [0.5, 1.0], "turn": 2},
        {"move": [0.0, 0.75]},
        {"jump": 0, "move": [0.25, -1.0], "turn": 1},
    ]
    assert batches().encode_actions(actions) == {"type": "action", "action": rows}


def test_rows_become_actions_again() -> None:
    (group, _) = make_groups(["a", "b"], [(), ()], [(JUMP, MOVE, TURN), (MOVE,)])
    actions = actions_of_rows(group, [{"turn": 2.0, "jump": 1, "move": np.array([3.0, -0.5])}])
    assert (actions.continuous.tolist(), actions.discrete.tolist()) == ([[1.0, -0.5]], [[1, 2]])
    assert (actions.continuous.dtype, actions.discrete.dtype) == (np.float32, np.int32)


def test_a_seed_goes_out_only_if_there_is_one() -> None:
    assert batches().encode_reset() == {"type": "reset"}
    assert batches().encode_reset(0) == {"type": "reset", "seed": 0}


def test_a_step_is_sorted_by_group() -> None:
    batch = batches().decode_step(step())
    first, second = batch.groups
    assert first.observations["obs"].tolist() == [[1, 2], [4, 5]]
    assert second.observations["eye"].tolist() == [[3]]
    assert (batch.rewards.tolist(), batch.rewards.dtype) == ([0.5, 1.0, -1.0], np.float32)
    assert (batch.infos, batch.game_s, batch.ended.any()) == ({}, None, np.False_)


def test_a_terminal_observation_that_only_some_tell_is_made_up_for() -> None:
    info = [
        {"TimeLimit.truncated": True, "terminal_observation": {"obs": [7, 8]}, "is_success": True},
        {"extra": 1},
        {},
    ]
    batch = batches().decode_step(step(done=[True, True, True], info=info))
    first, second = batch.groups
    assert first.terminal_observations["obs"].tolist() == [[7, 8], [4, 5]]
    assert second.terminal_observations == {}
    assert (batch.terminated.tolist(), batch.truncated.tolist()) == (
        [False, True, True],
        [True, False, False],
    )
    assert batch.infos == {0: {"is_success": True}, 1: {}, 2: {}}


@pytest.mark.parametrize(("reward", "told"), [(None, "nan"), (float("inf"), "inf"), (1e300, "1e+300")])
def test_rewards_that_are_no_numbers_are_a_fault_with_the_agent(reward: Any, told: str) -> None:
    with pytest.raises(GameDataError, match=re.escape(f"Agent 1 sent the reward {told}.")):
        batches().decode_step(step(reward=[0.0, reward, 0.0]))


def test_masks_are_put_side_by_side_in_wire_order() -> None:
    info = [
        {"action_mask": {"turn": [0, 0, 1], "jump": [1, 0]}},
        {},
        {"action_mask": {"turn": [1, 1, 1], "jump": [1, 1]}},
    ]
    decoder = batches(masked=frozenset({"a", "b"}))
    for batch in (
        decoder.decode_step(step(info=info)),
        decoder.decode_observation(step(type="reset", info=info)),
    ):
        masks = batch.groups[0].masks
        assert masks is not None
        assert (masks.dtype, masks.astype(int).tolist()) == (np.bool_, [[1, 0, 0, 0, 1], [1, 1, 1, 1, 1]])
        assert batch.groups[1].masks is None


@pytest.mark.parametrize("mask", [None, {"jump": [1, 1]}, {"jump": [1], "turn": [1, 1, 1]}, [1, 1]])
def test_a_mask_that_does_not_fit_names_the_agent(mask: Any) -> None:
    good = {"action_mask": {"turn": [1, 1, 1], "jump": [1, 1]}}
    with pytest.raises(GameProtocolError, match="Agent 2 sent the action mask"):
        batches(masked=frozenset({"a"})).decode_step(step(info=[good, {}, {"action_mask": mask}]))
