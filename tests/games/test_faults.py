"""What goes wrong in a game is named: who, what, where, and within what time."""

from __future__ import annotations

import json
import time

import pytest

from games.conftest import Games
from rl_studio_training.errors import GameError

pytestmark = pytest.mark.godot


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("reward_inf", ["/root/Main/Body0/Agent", "the reward is inf", "decision 13"]),
        ("reward_nan", ["/root/Main/Body0/Agent", "the reward is nan", "decision 13"]),
        ("seen_nan", ["/root/Main/Body0/Agent", "obs[1] is nan", "decision 13"]),
        ("seen_size", ["/root/Main/Body0/Agent", "the observation changed", "[2]", "[3]"]),
        ("seen_nothing", ["/root/Main/Body0/Agent", "_get_observation returned"]),
    ],
)
def test_faults_in_the_data_end_the_run_at_once(games: Games, kind: str, parts: list[str]) -> None:
    scene = games.scene(f"fault_{kind}", "faults/faults.gd", count=1)
    began = time.monotonic()
    with pytest.raises(GameError) as caught:
        games.train(scene, 60, args={"kind": kind}, max_restarts=10)
    assert time.monotonic() - began < 15.0, "nothing is started again"
    for part in parts:
        assert part in caught.value.message


@pytest.mark.parametrize(("kind", "code"), [("quit", 0), ("quit_code", 7)])
def test_a_game_that_ends_itself_is_named(games: Games, kind: str, code: int) -> None:
    scene = games.scene(f"fault_{kind}", "faults/faults.gd", count=1)
    with pytest.raises(GameError) as caught:
        games.train(scene, 60, args={"kind": kind})
    assert "get_tree().quit()" in caught.value.message
    assert "end_episode" in caught.value.message + (caught.value.hint or "")


@pytest.mark.parametrize(
    ("kind", "what"), [("late_reward", "a reward of 100"), ("late_metric", 'the metric "late"')]
)
def test_what_is_given_after_the_end_is_said_once(games: Games, kind: str, what: str) -> None:
    scene = games.scene(f"lost_{kind}", "faults/faults.gd", count=3)
    seen = games.train(scene, 40, args={"kind": kind})
    lost = [text for text in seen.warnings if "after end_episode()" in text]
    assert len(lost) == 1
    assert what in lost[0] and "res://faults/faults.gd" in lost[0]


def test_rewards_of_later_ticks_are_no_loss(games: Games) -> None:
    """A dot is paid in every tick, also in those between its end and the next decision."""
    scene = games.scene("not_lost", "dot.gd", count=2, action_repeat=7)
    seen = games.train(scene, 40)
    assert not [text for text in seen.warnings if "after end_episode()" in text]


def test_agents_of_one_policy_that_differ_are_named_both(games: Games) -> None:
    scene = games.scene("differ", "dot.gd", "faults/differ.gd", count=2)
    with pytest.raises(GameError) as caught:
        games.train(scene, 5)
    for part in ("/root/Main/Body0/Agent", "/root/Main/Odd/Agent", "shared_policy", "[2]", "[3]"):
        assert part in caught.value.message


def test_a_newcomer_that_differs_is_named(games: Games) -> None:
    scene = games.scene("differ_late", "dot.gd", "faults/differ.gd", count=2, after=100)
    with pytest.raises(GameError) as caught:
        games.train(scene, 40)
    for part in ("/root/Main/Body0/Agent", "/root/Main/Odd/Agent", "shared_policy"):
        assert part in caught.value.message


def test_an_endless_episode_of_an_evaluation_is_cut_and_named(games: Games) -> None:
    scene = games.scene("endless", "crew/tagged.gd", count=2)
    episodes = games.evaluate(scene, 4, "--rl_studio_max_decisions=50")
    assert [(e["length"], e["truncated"], e["cut"]) for e in episodes] == [(50, True, True)] * 4


def test_a_policy_that_was_trained_with_another_pace_says_so(games: Games) -> None:
    """The scene decides every 4 ticks; the file says that it was trained with 8."""
    scene = games.scene("other_pace", "dot.gd", count=1, action_repeat=4)
    output = games.play(
        scene,
        *("--rl_studio_evaluate=1", "--rl_studio_policy=res://pace8.onnx", "--rl_studio_fixed_fps=60"),
        frames=100_000,
    )
    told = [json.loads(line[9:])["message"] for line in output.splitlines() if line.startswith("@WARNING ")]
    assert len(told) == 1 and "every 8 ticks" in told[0] and "every 4" in told[0]
