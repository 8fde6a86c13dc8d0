"""Agents that come and go: who waits, who gets rows, games that come back with others, and what games say meanwhile."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rl_studio_training.errors import GameFault, SpacesError
from rl_studio_training.fleet import GameFleet
from rl_studio_training.fleet_batch import FleetBatch, join_sections
from rl_studio_training.fleet_core import FleetCore
from rl_studio_training.policy_fleet import PolicyFleet
from training.conftest import MakeCrews
from training.witness import Witness, watch


def step(fleet: Any) -> list[Any]:
    """One step of all sections, in which everybody stands still."""
    for section in range(len(fleet.sections)):
        sizes = [rows[section].stop - rows[section].start for rows in fleet.section_rows]
        shapes = [group.actions.space.shape for group in fleet.groups]
        fleet.send(
            section, [np.zeros((n, *shape), np.float32) for n, shape in zip(sizes, shapes, strict=True)]
        )
    return [fleet.receive(section) for section in range(len(fleet.sections))]


# --- rows


def test_who_waits_is_known_and_gets_a_row(make_crews: MakeCrews) -> None:
    fleet = make_crews(PolicyFleet, 2, crew="red,blue", unrest="0.6", most="3")
    fleet.reset()
    while sum(fleet.waiting.values()) < 3:
        assert not fleet.wants_rows or sum(fleet.waiting.values())
        step(fleet)
    assert fleet.wants_rows
    waiting, agents = fleet.waiting, fleet.agents
    before = [len(group.rows) for group in fleet.groups]
    maps = fleet.grow()
    assert maps is not None
    after = [len(group.rows) for group in fleet.groups]
    assert after != before and [len(rows) for rows in maps] == after
    assert all(old % 2 == 0 for old in after), "both games have the same number"
    for rows, old in zip(maps, before, strict=True):
        assert rows.dtype == np.int64 and sorted(rows[rows >= 0].tolist()) == list(range(old))
    assert (fleet.wants_rows, fleet.grow()) == (False, None)
    assert (fleet.agents, fleet.waiting) == (agents, waiting), "they sit down with the next answer"
    step(fleet)
    assert sum(fleet.agents.values()) > sum(agents.values())


def test_rows_do_not_grow_while_an_answer_is_due(make_crews: MakeCrews) -> None:
    fleet = make_crews(GameFleet)
    fleet.reset()
    fleet.send(0, np.zeros((2, 2), np.float32))
    with pytest.raises(RuntimeError, match="pending"):
        fleet.grow()


def test_fixed_rows_do_not_grow(make_crews: MakeCrews) -> None:
    fleet = make_crews(PolicyFleet, crew="red,blue", rows="red:1,blue:1", unrest="0.6")
    fleet.reset()
    while not fleet.waiting["red"]:
        step(fleet)
    assert (fleet.wants_rows, fleet.grow()) == (False, None)


def test_rows_that_grow_are_those_of_the_fleet(make_crews: MakeCrews) -> None:
    fleet = make_crews(GameFleet, 3, crew="red,red", unrest="0.6")
    watch(fleet, 8, come_and_go=True)
    assert fleet.grow() is not None
    size = len(fleet.groups[0].rows)
    assert fleet.n_rows == size == fleet.rows[-1].stop == fleet.section_rows[-1].stop
    assert size % 3 == 0 and size > 6


def test_rows_of_a_fixed_crew_have_no_masks_of_their_own(make_crews: MakeCrews) -> None:
    for wire in ("studio", "binary1", "binary"):
        fleet = make_crews(GameFleet, 2, crew="red,red", wire=wire)
        batch = fleet.reset()
        assert batch.present is None and batch.begins.all()
        (batch, _) = [fleet.send(s, np.zeros((2, 2), np.float32)) or fleet.receive(s) for s in (0, 1)]
        assert (batch.acted, batch.present, batch.n_acted) == (None, None, 2)
        assert (fleet.agents, fleet.waiting, fleet.wants_rows) == ({"red": 4}, {"red": 0}, False)


def test_sections_are_joined_with_those_who_acted() -> None:
    def part(ended: list[bool], acted: list[bool] | None, present: list[bool] | None) -> FleetBatch:
        n = len(ended)
        ends = np.array(ended)
        return FleetBatch(
            np.zeros((n, 1), np.float32),
            np.zeros(n, np.float32),
            ends,
            np.zeros(n, bool),
            ends,
            acted=None if acted is None else np.array(acted),
            present=None if present is None else np.array(present),
        )

    joined = join_sections(
        [part([False, True], None, [True, False]), part([True, False, False], [True, False, False], None)]
    )
    assert joined.acted is not None and joined.present is not None
    assert joined.acted.tolist() == [True, True, True, False, False]
    assert joined.present.tolist() == [True, False, True, True, True]
    assert joined.begins.tolist() == [False, False, True, True, True]
    assert joined.n_acted == 3
    plain = join_sections([part([False], None, None)] * 2)
    assert (plain.acted, plain.present) == (None, None)


# --- games that come back with others


@pytest.mark.parametrize("again", ["red,red,red,red,blue", "red", "blue,blue", "blue,red,red,red"])
@pytest.mark.parametrize("shared", [False, True])
def test_a_game_may_come_back_with_another_crew(make_crews: MakeCrews, again: str, shared: bool) -> None:
    fleet: FleetCore = make_crews(
        PolicyFleet,
        2,
        crew="red,red,blue",
        crew_again=again,
        dies="4",
        dies_seed="1",
        options={"shared": shared},
    )
    sizes = [len(group.rows) for group in fleet.groups]
    first = fleet.reset()  # type: ignore[attr-defined]
    witnesses = [Witness(fleet, policy, come_and_go=True) for policy in range(len(first))]
    for witness, batch in zip(witnesses, first, strict=True):
        witness.begin(batch)
    for turn in range(1, 12):
        if turn == 8:  # there are rows for all of the new ones from here on
            maps = fleet.grow()
            assert (maps is None) == (again.count("red") <= 2 and again.count("blue") <= 1)
            for witness, rows in zip(witnesses, maps or (), strict=bool(maps)):
                witness.carry(rows)
        play(fleet, witnesses, odd=turn in (4, 8))
        if turn == 5:
            assert [len(group.rows) for group in fleet.groups] == sizes
            in_rows = min(again.count("red"), 2) + min(again.count("blue"), 1)
            assert sum(fleet.agents.values()) == 3 + in_rows
            assert sum(fleet.waiting.values()) == len(again.split(",")) - in_rows
    assert sum(fleet.agents.values()) == 3 + len(again.split(","))
    assert not any(fleet.waiting.values())


def play(fleet: Any, witnesses: list[Witness], *, odd: bool) -> None:
    """One step; in an odd one the second game has died, or shows agents that it has had for a while."""
    actions = [witness.act() for witness in witnesses]
    for section in (0, 1):
        fleet.send(section, [part[w._sections[section]] for w, part in zip(witnesses, actions, strict=True)])
    for section in (0, 1):
        for witness, batch in zip(witnesses, fleet.receive(section), strict=True):
            if not odd or section == 0:
                witness.look(section, batch)
                continue
            rows = witness._sections[1]
            known = witness.numbers[rows] > 0
            assert (
                np.ones(len(known), bool) if batch.acted is None else batch.acted
            ).tolist() == known.tolist()
            assert not batch.rewards[~known].any() and not batch.ended[~known].any()
            last = batch.terminal_observations
            numbers = [] if last is None else last[:, 0].tolist()
            assert numbers == witness.numbers[rows][batch.ended].tolist()
            witness._remember(rows, batch)
            assert batch.begins[~known].tolist() == (witness.numbers[rows][~known] > 0).tolist()


@pytest.mark.parametrize("shared", [False, True])
def test_a_game_that_dies_right_after_rows_were_added_cuts_those_who_were_there(
    make_crews: MakeCrews, shared: bool
) -> None:
    fleet = make_crews(
        PolicyFleet, 3, crew="red,blue", unrest="0.7", dies="7", dies_seed="1", options={"shared": shared}
    )
    first = fleet.reset()
    witnesses = [Witness(fleet, policy, come_and_go=True) for policy in range(len(first))]
    for witness, batch in zip(witnesses, first, strict=True):
        witness.begin(batch)
    for turn in range(1, 8):
        if turn == 7:
            maps = fleet.grow()
            assert maps is not None
            for witness, rows in zip(witnesses, maps, strict=True):
                witness.carry(rows)
        actions = [witness.act() for witness in witnesses]
        for section in (0, 1):
            fleet.send(
                section, [part[w._sections[section]] for w, part in zip(witnesses, actions, strict=True)]
            )
        for section in (0, 1):
            for witness, batch in zip(witnesses, fleet.receive(section), strict=True):
                rows = witness._sections[section]
                if turn < 7 or section == 1:
                    witness.look(section, batch)
                    continue
                own = fleet.layout.rows[witness._policy][1]
                had = witness.numbers[own] > 0
                assert batch.truncated[own].tolist() == had.tolist()
                assert batch.terminal_observations is not None
                last = batch.terminal_observations[
                    np.isin(np.flatnonzero(batch.ended), np.arange(own.start, own.stop))
                ]
                assert last[:, 0].tolist() == witness.numbers[own][had].tolist()
                assert last[:, 1].tolist() == witness.ages[own][had].tolist()


def test_a_game_must_not_come_back_with_a_policy_that_nobody_knows(make_crews: MakeCrews) -> None:
    fleet = make_crews(PolicyFleet, crew="red,blue", crew_again="red,green", dies="1", dies_seed="0")
    fleet.reset()
    with pytest.raises(SpacesError, match="Since its restart Game 0 has an agent of the policy green"):
        step(fleet)


# --- what games say


def test_what_is_odd_in_games_is_told_once_for_all_of_them(make_crews: MakeCrews) -> None:
    said: list[str] = []
    warned: list[str] = []
    fleet = make_crews(
        PolicyFleet,
        3,
        crew="red,red",
        lonely="2",
        options={"on_status": said.append, "on_warning": warned.append},
    )
    watch(fleet, 6, come_and_go=True)
    (warning,) = [text for text in warned if "gone" in text]
    assert warning in [f"Game {number}: all agents were gone" for number in range(3)]
    for number in range(3):
        assert f"Game {number}: no agent for 3.0 seconds" in said
        assert f"Game {number} goes on" in said


def test_nan_of_a_newcomer_is_told_with_its_own_path(make_crews: MakeCrews) -> None:
    fleet = make_crews(PolicyFleet, crew="red,red", lonely="3", spoils="3")
    fleet.reset()
    step(fleet)
    step(fleet)
    with pytest.raises(
        GameFault, match=r"agent /root/Crew/red3: obs\[1\] is nan \(decision 3 of the game\)"
    ) as caught:
        step(fleet)
    assert caught.value.code == "data"
