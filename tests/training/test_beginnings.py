"""What is said of a checkpoint whose agents were others: words, no dictionaries."""

from __future__ import annotations

from typing import Any

import pytest

from rl_studio_training.beginnings import changes, not_taken_over


def policy(observations: dict[str, Any], actions: dict[str, Any] | None = None) -> dict[str, Any]:
    move = {"move": {"action_type": "continuous", "size": 2}}
    return {"observation_space": observations, "action_space": move if actions is None else actions}


def box(*size: int) -> dict[str, Any]:
    return {"space": "box", "size": list(size)}


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (
            policy({"obs": box(18)}),
            policy({"obs": box(21)}),
            ['The observation "obs" was 18 numbers and is 21 numbers now.'],
        ),
        (
            policy({"obs": box(1)}),
            policy({"obs": box(1), "eye": box(36, 64, 3)}),
            ['The observation "eye" (a picture of 64 x 36 with 3 channels) is new.'],
        ),
        (
            policy({"obs": box(1), "lamp": {"space": "discrete", "size": 3}}),
            policy({"obs": box(1)}),
            ['The observation "lamp" (3 choices) is gone.'],
        ),
        (
            policy({"obs": box(1)}),
            policy({"obs": box(1)}, {"move": {"action_type": "discrete", "size": 5}}),
            ['The action "move" was 2 continuous numbers and is 5 choices now.'],
        ),
        (policy({"obs": box(1)}), policy({"obs": box(1)}), []),
        ({}, policy({"obs": box(1)}), ['The observation "obs" (1 number) is new.']),
    ],
)
def test_changes_are_told_in_words(before: dict[str, Any], now: dict[str, Any], words: list[str]) -> None:
    told = changes({"walker": before}, {"walker": now})
    assert told[: len(words)] == words and bool(told) == bool(words)


def test_policies_that_came_and_went_are_named() -> None:
    same = policy({"obs": box(1)})
    assert changes({"cat": same, "dog": same}, {"cat": same, "cow": same}) == [
        "The policy dog is not in this game any more.",
        "The policy cow is new in this game.",
    ]


def test_parts_that_do_not_fit_are_counted_and_the_first_are_named() -> None:
    assert not_taken_over(["a (2 here, 3 there)"]).startswith("One part of the checkpoint does not fit")
    told = not_taken_over([f"part{number}" for number in range(9)])
    assert told.startswith("9 parts of the checkpoint do not fit this run, so they begin anew: part0; part1")
    assert "and 3 more" in told
