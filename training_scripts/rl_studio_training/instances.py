"""How many games to run at once: measured, not guessed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from rl_studio_training.cores import available_cores
from rl_studio_training.errors import GameError

if TYPE_CHECKING:
    from rl_studio_training.fleet import GameFleet

WORTH = 1.1
"""More games must be this much faster to be preferred."""


def candidates(cores: int) -> list[int]:
    """The numbers of games worth a try on so many cores, ascending."""
    steps = {1, *(2**power for power in range(1, 16)), *(3 * 2**power for power in range(15)), cores}
    return sorted(number for number in steps if number <= max(cores, 1))


def choose(
    make_fleet: Callable[[int], GameFleet],
    *,
    on_status: Callable[[str], object],
    cores: int | None = None,
    seconds: float = 1.0,
    clock: Callable[[], float] = time.perf_counter,
) -> int:
    """Tries 1, 2, … games with random actions until more of them are no faster.

    Args:
        make_fleet: starts so many games; they are ended here.
        on_status: called with what is being measured, and with what came out.
        cores: most games to try; None for as many as there are cores.
        seconds: how long to measure each number.
        clock: seconds on a clock that never goes back.

    Returns:
        The number of games that was fastest.

    Raises:
        GameError: not even one game runs.
    """
    found: list[tuple[int, float]] = []
    best, fastest = 1, 0.0
    for count in candidates(available_cores() if cores is None else cores):
        on_status(f"Measuring how fast {count} {'games are' if count > 1 else 'game is'}")
        try:
            rate = _measure(make_fleet, count, seconds, clock)
        except GameError:
            if count == 1:
                raise
            break
        found.append((count, rate))
        if rate < fastest * WORTH:
            break
        best, fastest = count, rate
    rates = ", ".join(f"{count}: {rate:,.0f}".replace(",", " ") for count, rate in found)
    on_status(f"Agent steps per second by number of games: {rates}. Using {best}.")
    return best


def _measure(
    make_fleet: Callable[[int], GameFleet], count: int, seconds: float, clock: Callable[[], float]
) -> float:
    fleet = make_fleet(count)
    try:
        return measure_rate(fleet, seconds, clock)
    finally:
        fleet.close()


def measure_rate(fleet: GameFleet, seconds: float, clock: Callable[[], float] = time.perf_counter) -> float:
    """Plays `fleet` with random actions for some seconds, after a fifth of that to warm up.

    Returns:
        Agent steps per second.
    """
    space = fleet.groups[0].actions.space
    sections = range(len(fleet.sections))
    sizes = [rows.stop - rows.start for rows in fleet.section_rows]
    actions = [[np.array([space.sample() for _ in range(size)]) for _ in range(16)] for size in sizes]
    fleet.reset()
    for section in sections:
        fleet.send(section, actions[section][0])
    began, steps, turn = clock(), fleet.timing.steps, 0
    warming = True
    while True:
        turn += 1
        for section in sections:
            fleet.receive(section)
            fleet.send(section, actions[section][turn % 16])
        spent = clock() - began
        if warming and spent >= seconds / 5:
            warming, began, steps = False, clock(), fleet.timing.steps
        elif not warming and spent >= seconds:
            return (fleet.timing.steps - steps) / spent
