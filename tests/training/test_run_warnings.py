"""What a training says of the game it is in: how long decisions last, and what is odd in what agents see."""

from __future__ import annotations

import pytest

from rl_studio_training import sample_watch
from training.test_resume import Begin, Run, begin, small

__all__ = ["begin"]


def warnings(run: Run, about: str) -> list[str]:
    return [event["message"] for event in run.events("warning") if about in event["message"]]


def test_another_action_repeat_than_the_scenes_is_told_and_kept(begin: Begin) -> None:
    run = begin(small(action_repeat=8), game={"wire": "binary", "repeats": "8,4"})
    run.training.run()
    (warning,) = warnings(run, "action_repeat")
    assert "the scene's RLSync has 4, this run trains with 8" in warning
    started = run.events("started")[0]
    assert (started["action_repeat"], started["scene_action_repeat"]) == (8, 4)
    assert run.last["action_repeat"] == 8


def test_without_one_the_scene_decides(begin: Begin) -> None:
    run = begin(small(), game={"wire": "binary", "repeats": "4,4"})
    run.training.run()
    assert warnings(run, "action_repeat") == []
    assert (run.last["action_repeat"], run.last["config"]["action_repeat"]) == (4, None)


def test_a_number_that_never_changes_is_told_once(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_watch, "ENOUGH_ROWS", 100)
    run = begin(small())
    run.training.run()
    (warning,) = warnings(run, "never change")
    assert "The observation 'obs' of walker" in warning
    assert "number 2 was always 0.5," in warning
