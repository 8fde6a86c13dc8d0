from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rl_studio_training import instances
from rl_studio_training.cores import available_cores
from rl_studio_training.errors import GameStartError
from rl_studio_training.fleet import GameFleet
from rl_studio_training.instances import candidates, choose, measure_rate
from training.conftest import MakeFleet


def pretend(monkeypatch: pytest.MonkeyPatch, rates: dict[int, float]) -> tuple[Any, list[int]]:
    """Fleets that are as fast as `rates` says, and those that were closed."""
    closed: list[int] = []

    def make_fleet(count: int) -> Any:
        if count not in rates:
            raise GameStartError("no room for another game")
        return SimpleNamespace(count=count, close=lambda: closed.append(count))

    monkeypatch.setattr(instances, "measure_rate", lambda fleet, *_: rates[fleet.count])
    return make_fleet, closed


def choose_of(
    monkeypatch: pytest.MonkeyPatch, rates: dict[int, float], cores: int = 8
) -> tuple[int, list[str]]:
    said: list[str] = []
    make_fleet, closed = pretend(monkeypatch, rates)
    best = choose(make_fleet, on_status=said.append, cores=cores)
    assert closed == [count for count in rates if count in closed]
    return best, said


def test_the_fastest_number_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    best, said = choose_of(monkeypatch, {1: 1000, 2: 1900, 3: 2600, 4: 2700, 6: 9000})
    assert best == 3, "four are not worth it, and six are not tried any more"
    assert said[-1] == (
        "Agent steps per second by number of games: 1: 1 000, 2: 1 900, 3: 2 600, 4: 2 700. Using 3."
    )


def test_more_games_must_be_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_of(monkeypatch, {1: 1000, 2: 1090})[0] == 1
    assert choose_of(monkeypatch, {1: 1000, 2: 1110}, cores=2)[0] == 2


def test_no_more_games_than_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_of(monkeypatch, {1: 1000}, cores=1)[0] == 1
    assert [candidates(cores) for cores in (1, 2, 5, 16)] == [
        [1],
        [1, 2],
        [1, 2, 3, 4, 5],
        [1, 2, 3, 4, 6, 8, 12, 16],
    ]


def test_a_machine_too_small_for_two_games_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_of(monkeypatch, {1: 1000})[0] == 1


def test_not_even_one_game_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GameStartError, match="no room"):
        choose_of(monkeypatch, {})


def test_fleets_are_closed_even_if_the_user_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    make_fleet, closed = pretend(monkeypatch, {1: 1.0})

    def stop(*_: Any) -> float:
        raise KeyboardInterrupt

    monkeypatch.setattr(instances, "measure_rate", stop)
    with pytest.raises(KeyboardInterrupt):
        choose(make_fleet, on_status=lambda _text: None, cores=2)
    assert closed == [1]


@pytest.mark.parametrize("mode", ["continuous", "discrete", "multidiscrete"])
def test_random_actions_measure_a_real_fleet(make_fleet: MakeFleet, mode: str) -> None:
    fleet: GameFleet = make_fleet([mode, mode], wire="binary")
    before = fleet.timing.steps
    rate = measure_rate(fleet, 0.1)
    assert rate > 0.0
    assert fleet.timing.steps > before


def test_there_is_at_least_one_core() -> None:
    assert available_cores() >= 1
