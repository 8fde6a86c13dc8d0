"""How many rows a fleet's policies have, and what moves along when they get more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.batch import KeyedArrays
from rl_studio_training.fleet_layout import FleetLayout
from rl_studio_training.godot_env import StudioGodotEnv


def level_rows(games: Sequence[StudioGodotEnv]) -> None:
    """Gives all games as many rows of each policy_name as the one that has most.

    Raises:
        GameError: a game is gone.
    """
    rows: dict[str, int] = {}
    for game in games:
        for group in game.groups:
            rows[group.policy] = max(rows.get(group.policy, 0), group.count)
    for game in games:
        game.set_rows(rows, games)


def wanted_rows(games: Sequence[StudioGodotEnv], layout: FleetLayout) -> dict[str, int]:
    """By policy_name, the rows that every game should have where the fleet has fewer."""
    wanted: dict[str, int] = {}
    for number, game in enumerate(games):
        for group in game.groups if game.takes_rows else ():
            name = group.policy
            need = group.count
            if name not in game.fixed_rows:
                need = max(need, game.seats.agents(name) + game.seats.waiting.get(name, 0))
            if need > layout.rows_by_name[number].get(name, 0):
                wanted[name] = max(need, wanted.get(name, 0))
    return wanted


def agents_of(games: Sequence[StudioGodotEnv], policies: Mapping[str, str]) -> dict[str, int]:
    """By policy, how many agents there are in all games, those that wait included.

    Args:
        policies: policy_name → policy.
    """
    found = dict.fromkeys(policies.values(), 0)
    for game in games:
        for name, policy in policies.items():
            found[policy] += game.seats.agents(name) + game.seats.waiting.get(name, 0)
    return found


def agents_at_start(games: Sequence[StudioGodotEnv], layout: FleetLayout) -> list[NDArray[np.bool_]]:
    """By policy, bool (rows,): the rows that have an agent, before any answer has told."""
    found = []
    for policy in range(len(layout.policies)):
        own = [shares[policy].agents for shares in layout.shares]
        there = [game.seats.present for game in games]
        parts = [one if rows is None else one[rows] for one, rows in zip(there, own, strict=True)]
        found.append(np.concatenate(parts))
    return found


def carry_seen(
    before: FleetLayout,
    after: FleetLayout,
    number: int,
    seen: Sequence[KeyedArrays],
    maps: Sequence[NDArray[np.int64]],
) -> list[KeyedArrays]:
    """What the agents of a game saw last, by policy, in the rows that they have now; zero in new ones.

    Args:
        maps: by policy, the former number of each row, -1 for a new one.
    """
    found = []
    for policy, (arrays, rows) in enumerate(zip(seen, maps, strict=True)):
        own = rows[after.rows[policy][number]]
        is_old = own >= 0
        moved: KeyedArrays = {}
        for name, values in arrays.items():
            moved[name] = np.zeros((len(own), *values.shape[1:]), values.dtype)
            moved[name][is_old] = values[own[is_old] - before.rows[policy][number].start]
        found.append(moved)
    return found
