"""rl_studio_training.action_repeat: what is in force, and that a difference to the scene is told."""

from __future__ import annotations

from typing import Any

import pytest

from rl_studio_training.action_repeat import ActionRepeat, action_repeat_of
from rl_studio_training.messages import StudioInfo


def told(in_force: int | None, scene: int | None) -> StudioInfo:
    return StudioInfo(2, [], frozenset(), action_repeat=in_force, scene_action_repeat=scene)


def test_what_the_game_says_counts() -> None:
    assert ActionRepeat.of(None, told(4, 4)) == ActionRepeat(4, 4)
    assert ActionRepeat.of(8, told(8, 4)) == ActionRepeat(8, 4)


def test_games_that_do_not_say_have_what_the_run_sets() -> None:
    assert ActionRepeat.of(8, None) == ActionRepeat(8, None)
    assert ActionRepeat.of(None, told(None, None)) == ActionRepeat(None, None)
    assert ActionRepeat.of(8, None).warning is None


def test_a_run_with_another_number_than_the_scene_says_so() -> None:
    assert ActionRepeat.of(None, told(4, 4)).warning is None
    warning = ActionRepeat.of(8, told(8, 4)).warning
    assert warning is not None
    assert "the scene's RLSync has 4, this run trains with 8" in warning


@pytest.mark.parametrize(
    ("checkpoint", "found"),
    [
        ({"action_repeat": 4, "config": {"action_repeat": None}}, 4),
        ({"config": {"action_repeat": 8}}, 8),  # of an older version
        ({"action_repeat": None, "config": {"action_repeat": None}}, None),
        ({}, None),
        ({"config": None}, None),
    ],
)
def test_checkpoints_say_it(checkpoint: dict[str, Any], found: int | None) -> None:
    assert action_repeat_of(checkpoint) == found
