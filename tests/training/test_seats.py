"""Who sits where in a game, what messages call them, and how many wait."""

from __future__ import annotations

import numpy as np
import pytest

from rl_studio_training.connection import BadFrameError
from rl_studio_training.game_notes import CrewNote
from rl_studio_training.layout import ActionPart, ObservationPart, PolicyGroup, make_groups
from rl_studio_training.seats import Seats

SEEN = (ObservationPart("obs", (1,), np.dtype(np.float32)),)
MOVE = (ActionPart("move", "continuous", 1),)


def groups(*names: str) -> tuple[PolicyGroup, ...]:
    return make_groups(names, [SEEN] * len(names), [MOVE] * len(names))


def marks(text: str) -> np.ndarray:
    return np.array([mark == "x" for mark in text])


def test_a_newcomer_is_called_by_its_own_path_and_who_left_by_theirs() -> None:
    seats = Seats(groups("a", "a", "b"), ["/A", "", "/B"])
    seats.hear(CrewNote((("a", 0, "/New"), ("a", 1, "/Newer"))))
    assert [seats.name(row) for row in range(3)] == ["/A", "in row 1 of 'a'", "/B"]
    assert [seats.name(row, newcomer=True) for row in range(3)] == ["/New", "/Newer", "/B"]
    seats.settle(None)
    assert seats.paths == ["/New", "/Newer", "/B"]
    assert [seats.name(row) for row in range(3)] == ["/New", "/Newer", "/B"]


def test_agents_are_counted_by_policy() -> None:
    seats = Seats(groups("a", "a", "b"), ["/A", "", "/B"])
    assert (seats.agents("a"), seats.agents("b"), seats.agents("c")) == (1, 1, 0)
    seats.settle(marks("xx."))
    assert (seats.agents("a"), seats.agents("b")) == (2, 0)
    seats.settle(None)
    assert (seats.agents("a"), seats.agents("b")) == (2, 1)
    assert seats.present.tolist() == [True] * 3


def test_those_who_wait_are_the_ones_of_the_last_note() -> None:
    seats = Seats(groups("a"), ["/A"])
    seats.hear(CrewNote((), {"a": 2, "b": 0}))
    assert seats.waiting == {"a": 2}
    seats.hear(CrewNote((("a", 0, "/C"),)))
    assert seats.waiting == {}


def test_everybody_stays_in_their_rows_when_there_are_more() -> None:
    seats = Seats(groups("a", "a", "b"), ["/A", "", "/B"])
    seats.resize(groups("a", "a", "a", "b", "b", "c"))
    assert seats.paths == ["/A", "", "", "/B", "", ""]
    assert seats.present.tolist() == marks("x..x..").tolist()
    seats.hear(CrewNote((("b", 1, "/D"),)))
    seats.settle(marks("x..xx."))
    assert seats.name(4) == "/D"


@pytest.mark.parametrize("newcomer", [("a", 2, "/X"), ("moon", 0, "/X")])
def test_a_newcomer_without_a_row_is_refused(newcomer: tuple[str, int, str]) -> None:
    seats = Seats(groups("a", "a"), ["/A", "/B"])
    with pytest.raises(
        BadFrameError, match=f"row {newcomer[1]} of '{newcomer[0]}', which the game does not have"
    ):
        seats.hear(CrewNote((newcomer,)))
