from __future__ import annotations

import numpy as np
import pytest

from rl_studio_training.errors import SpacesError
from rl_studio_training.layout import ActionPart, ObservationPart, make_groups

RAYS = (ObservationPart("rays", (4,), np.dtype(np.float32)),)
EYES = (ObservationPart("eyes_2d", (3, 8, 8), np.dtype(np.uint8)),)
MOVE = (ActionPart("move", "continuous", 2),)
BOTH = (*MOVE, ActionPart("jump", "discrete", 2), ActionPart("turn", "discrete", 3))


def test_agents_are_gathered_by_policy_in_the_order_of_their_first() -> None:
    groups = make_groups(["b", "a", "b"], [RAYS, EYES, RAYS], [BOTH, MOVE, BOTH], frozenset({"a", "b"}))
    assert [(group.policy, group.agents.tolist()) for group in groups] == [("b", [0, 2]), ("a", [1])]
    assert [group.observations for group in groups] == [RAYS, EYES]
    first, second = groups
    assert (first.count, first.continuous_width, first.discrete_width, first.mask_width) == (2, 2, 2, 5)
    assert (second.count, second.continuous_width, second.discrete_width, second.mask_width) == (1, 2, 0, 0)


def test_masks_need_discrete_actions_and_a_game_that_says_so() -> None:
    groups = make_groups(["a", "b", "c"], [RAYS] * 3, [BOTH, BOTH, MOVE], frozenset({"a", "c"}))
    assert [group.has_masks for group in groups] == [True, False, False]


def test_agents_of_one_policy_must_see_the_same() -> None:
    with pytest.raises(
        SpacesError, match=r"Agent 2 has the observations eyes_2d 3 x 8 x 8, but agent 0.*'a'.*rays 4"
    ):
        make_groups(["a", "b", "a"], [RAYS, RAYS, EYES], [MOVE] * 3)


def test_agents_of_one_policy_must_do_the_same() -> None:
    with pytest.raises(SpacesError, match="actions move continuous 2, jump discrete 2, turn discrete 3, but"):
        make_groups(["a", "a"], [RAYS, RAYS], [MOVE, BOTH])


def test_agents_whose_paths_are_known_are_called_by_them() -> None:
    with pytest.raises(SpacesError, match=r"Agent /root/B has the actions .*, but agent /root/A with"):
        make_groups(["a", "a"], [RAYS, RAYS], [MOVE, BOTH], paths=["/root/A", "/root/B"])
