"""Numbers that would spoil the network are refused, in words that name the agent, the number and the moment."""

from __future__ import annotations

import math
from typing import Any

import pytest

import wire_codec
import wire_fixtures
from rl_studio_training.batch_checks import BatchChecks
from rl_studio_training.errors import GameFault
from rl_studio_training.game_notes import CrewNote
from rl_studio_training.seats import Seats
from training.test_binary_frames import FIXTURES, decode, fixtures, frames_of
from wire_batches import make_groups

WALKERS_SEEN = {"camera_2d": [[0] * 6] * 2, "obs": [[0.0] * 3, [1.0, 2.0, math.nan]]}
GUARD_SEEN = {"near": [[0.0, 0.0]], "rays": [[0.0]]}


def check_changed(name: str, born: CrewNote | None = None, **fields: Any) -> None:
    """Has a fixture checked, with other fields; rows are called A, B, C, …."""
    fixture = FIXTURES[name]
    groups = make_groups(fixture["groups"])
    payload = wire_codec.encode(
        fixture["kind"],
        fixture["groups"],
        {**fixture["fields"], **fields},
        fixture["before"],
        fixture["after"],
    )
    batch = decode(frames_of(fixture["groups"], fixture["before"]), fixture["kind"], payload)
    seats = Seats(groups, [f"/root/{chr(65 + row)}" for row in range(sum(group.count for group in groups))])
    if born is not None:
        seats.hear(born)
    BatchChecks(groups, seats, "Game 3").check(batch, lambda: "decision 7 of the game")


def test_good_numbers_pass() -> None:
    for name in fixtures("step", "observation"):
        check_changed(name)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rewards": [0.0, math.inf, math.nan]}, r"^Game 3: agent /root/B: the reward is inf"),
        (
            {"observations": [WALKERS_SEEN, GUARD_SEEN]},
            r"^Game 3: agent /root/B: obs\[2\] is nan \(decision 7 of the game\)\.$",
        ),
        (
            {
                "terminal_observations": [
                    {"camera_2d": [[0] * 6], "obs": [[0.0, -math.inf, 0.0]]},
                    GUARD_SEEN,
                ]
            },
            r"^Game 3: agent /root/B: at the end of the episode obs\[1\] is -inf",
        ),
        (
            {"masks": [[[1, 0, 0, 0, 1], [1, 1, 0, 0, 0]], None]},
            r'^Game 3: agent /root/B: the action mask of "turn" allows nothing',
        ),
    ],
)
def test_bad_numbers_are_told_with_agent_name_and_index(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(GameFault, match=words) as caught:
        check_changed("step_two_groups_ended", **fields)
    assert caught.value.code == "data"


BORN = CrewNote((("walker", 0, "/root/New"), ("walker", 1, "/root/Newer")))
"""Rows of walkers before: 0 and 2; after: 1 and 2; row 0 is left empty."""


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rewards": [math.nan, 0.0, 0.0]}, "agent /root/A: the reward is nan"),
        ({"rewards": [0.0, math.nan, 0.0]}, "agent /root/C: the reward is nan"),
        ({"rewards": [0.0, 0.0, math.nan]}, "agent /root/D: the reward is nan"),
        ({"observations": [WALKERS_SEEN, GUARD_SEEN]}, r"agent /root/C: obs\[2\] is nan"),
        (
            {"observations": [{**WALKERS_SEEN, "obs": [[math.nan] * 3] * 2}, GUARD_SEEN]},
            r"agent /root/Newer: obs\[0\] is nan",
        ),
        (
            {
                "terminal_observations": [
                    {"camera_2d": [[0] * 6], "obs": [[0.0, 0.0, math.nan]]},
                    GUARD_SEEN,
                ]
            },
            r"agent /root/A: at the end of the episode obs\[2\] is nan",
        ),
        (
            {"masks": [[[1, 1, 0, 0, 0], [1, 1, 1, 1, 1]], None]},
            'agent /root/Newer: the action mask of "turn"',
        ),
    ],
)
def test_where_agents_come_and_go_the_right_one_is_named(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(GameFault, match=words):
        check_changed("step_crew_changed", BORN, **fields)


def test_an_agent_whose_path_nobody_told_is_named_by_its_row() -> None:
    seats = Seats(make_groups(wire_fixtures.ROOMY), ["/root/A", "", "", "/root/B", ""])
    assert [seats.name(row) for row in range(5)] == [
        "/root/A",
        "in row 1 of 'walker'",
        "in row 2 of 'walker'",
        "/root/B",
        "in row 1 of 'Wächter'",
    ]
