"""Every number belongs to the agent that it is said to: over games, sections, policies, wires, masks and newcomers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rl_studio_training.episodes import Episode
from rl_studio_training.fleet import GameFleet
from rl_studio_training.fleet_core import FleetCore
from rl_studio_training.policy_fleet import PolicyFleet
from training.conftest import MakeCrews
from training.witness import Witness, lives, watch

MIXED = "red,blue,red,blue,blue,red"
"""The two policies take turns in the scene."""

GAMES = [(1, {}), (3, {}), (3, {"masks": "1"})]


def total(witnesses: list[Witness]) -> Counter[str]:
    return Counter(
        {
            name: sum(getattr(witness, name) for witness in witnesses)
            for name in ("acted", "ended", "newcomers", "replaced", "empty")
        }
    )


@pytest.mark.parametrize("wire", ["studio", "binary1", "binary"])
@pytest.mark.parametrize(("games", "masks"), GAMES)
@pytest.mark.parametrize("spaces", ["alike", "apart"])
def test_two_policies_of_a_fixed_crew(
    make_crews: MakeCrews, games: int, wire: str, masks: dict[str, str], spaces: str
) -> None:
    fleet = make_crews(PolicyFleet, games, wire=wire, crew=MIXED, spaces=spaces, **masks)
    assert [group.policy for group in fleet.groups] == ["red", "blue"]
    seen = total(watch(fleet, 20, come_and_go=False))
    assert seen["acted"] == 20 * games * 6
    assert (seen["newcomers"], seen["replaced"], seen["empty"]) == (0, 0, 0)
    assert seen["ended"] > 10 * games


@pytest.mark.parametrize("wire", ["studio", "binary1", "binary"])
@pytest.mark.parametrize("masks", [{}, {"masks": "1"}], ids=["", "masks"])
def test_policies_that_are_trained_as_one(make_crews: MakeCrews, wire: str, masks: dict[str, str]) -> None:
    fleet = make_crews(PolicyFleet, 3, wire=wire, crew=MIXED, options={"shared": True}, **masks)
    assert [len(group.rows) for group in fleet.groups] == [18]
    assert total(watch(fleet, 20, come_and_go=False))["acted"] == 20 * 18


@pytest.mark.parametrize("wire", ["studio", "binary1", "binary"])
def test_a_single_policy(make_crews: MakeCrews, wire: str) -> None:
    fleet = make_crews(GameFleet, 3, wire=wire, crew="red,red,red,red")
    assert total(watch(fleet, 20, come_and_go=False))["acted"] == 20 * 12


@pytest.mark.parametrize(("games", "masks"), GAMES)
@pytest.mark.parametrize("spaces", ["alike", "apart"])
@pytest.mark.parametrize("rows", [{"rows": "red:3,blue:2"}, {}], ids=["fixed", "growing"])
def test_two_policies_whose_agents_come_and_go(
    make_crews: MakeCrews,
    tmp_path: Path,
    games: int,
    masks: dict[str, str],
    spaces: str,
    rows: dict[str, str],
) -> None:
    told: list[tuple[str, Episode]] = []
    fleet = make_crews(
        PolicyFleet,
        games,
        crew=MIXED,
        unrest="0.3",
        most="5",
        spaces=spaces,
        options={"on_episode": lambda policy, episode: told.append((policy, episode))},
        **masks,
        **rows,
    )
    seen = total(watch(fleet, 60, come_and_go=True, grow_every=7))
    assert min(seen["newcomers"], seen["replaced"], seen["empty"], seen["ended"]) > 3 * games
    assert seen["acted"] == fleet.timing.steps
    assert [len(group.rows) for group in fleet.groups] == (
        [3 * games, 2 * games] if rows else [5 * games] * 2
    )
    assert Counter(
        (policy, e.reward, e.length, e.metrics["number"], e.success) for policy, e in told
    ) == Counter(
        (life["policy"], life["reward"], life["length"], life["number"], life["number"] % 2 == 0)
        for life in lives(tmp_path)
    )


@pytest.mark.parametrize("kind", [GameFleet, PolicyFleet])
def test_agents_of_one_policy_that_come_and_go(make_crews: MakeCrews, kind: type[FleetCore]) -> None:
    crew = "red,red" if kind is GameFleet else "red,blue"
    options = {} if kind is GameFleet else {"shared": True}
    fleet = make_crews(kind, 3, crew=crew, unrest="0.4", options=options)
    seen = total(watch(fleet, 60, come_and_go=True, grow_every=5))
    assert min(seen["newcomers"], seen["replaced"], seen["empty"]) > 10
    assert len(fleet.groups[0].rows) == 3 * (4 if kind is GameFleet else 8)


def test_games_that_begin_with_other_crews_get_the_same_rows(make_crews: MakeCrews) -> None:
    single = {1: {"crew": "red,red,red"}, 2: {"crew": "blue,green"}}
    fleet = make_crews(PolicyFleet, 3, crew="red,blue", unrest="0.3", single=single)
    assert {group.policy: len(group.rows) for group in fleet.groups} == {"red": 9, "blue": 3, "green": 3}
    assert [present.tolist() for present in fleet.present] == [
        [True, False, False, True, True, True, False, False, False],
        [True, False, True],
        [False, False, True],
    ]
    assert fleet.agents == {"red": 4, "blue": 2, "green": 1}
    seen = total(watch(fleet, 40, come_and_go=True, grow_every=9))
    assert seen["newcomers"] > 10


def test_a_game_that_dies_comes_back_into_the_rows_of_the_fleet(make_crews: MakeCrews) -> None:
    fleet = make_crews(
        PolicyFleet, 2, crew="red,blue,red", rows="red:3,blue:2", dies="5", dies_seed="1", single={}
    )
    red, blue = fleet.reset()
    witnesses = [Witness(fleet, policy, come_and_go=True) for policy in (0, 1)]
    for witness, batch in zip(witnesses, (red, blue), strict=True):
        witness.begin(batch)
    for step in range(1, 9):
        actions = [witness.act() for witness in witnesses]
        for section in (0, 1):
            fleet.send(
                section, [part[w._sections[section]] for w, part in zip(witnesses, actions, strict=True)]
            )
        for section in (0, 1):
            batches = fleet.receive(section)
            if (step, section) == (5, 1):
                check_lost(witnesses, batches)
                continue
            for witness, batch in zip(witnesses, batches, strict=True):
                witness.look(section, batch)


def check_lost(witnesses: list[Witness], batches: list[Any]) -> None:
    """Rows of the game that died: those with an agent are cut off, the empty ones are no samples."""
    for witness, batch in zip(witnesses, batches, strict=True):
        rows = witness._sections[1]
        had = witness.numbers[rows] > 0
        assert batch.acted.tolist() == batch.truncated.tolist() == had.tolist()
        assert batch.terminal_observations[:, 0].tolist() == witness.numbers[rows][had].tolist()
        assert batch.terminal_observations[:, 1].tolist() == witness.ages[rows][had].tolist()
        assert not batch.rewards.any() and batch.infos == {}
        witness._remember(rows, batch)
        assert (witness.numbers[rows][had] > 5000).all(), "those of the game that was started again"
        assert (batch.begins == had).all()
