"""Which rows of which game make up the rows of a policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.batch import Batch, GroupBatch, KeyedArrays
from rl_studio_training.fleet_batch import FleetGroup
from rl_studio_training.godot_env import StudioGodotEnv
from rl_studio_training.layout import GroupActions
from rl_studio_training.spaces import ActionCodec


@dataclass(frozen=True, slots=True)
class Share:
    """What one game contributes to a policy.

    Args:
        groups: numbers of its wire groups.
        counts: rows of each of them.
        sizes: the same with those that are too many for the fleet, which has no place for them until it grows.
        agents: int64, their numbers in the game, group by group; None if these are all rows in order.
    """

    groups: tuple[int, ...]
    counts: tuple[int, ...]
    sizes: tuple[int, ...]
    agents: NDArray[np.int64] | None

    def of(self, batch: Batch) -> Batch:
        """The part of a game's answer that concerns the policy, as if it had no other."""
        if self.agents is None and len(self.groups) == 1:
            return batch
        agents = self.agents if self.agents is not None else np.arange(len(batch.rewards))
        ended = batch.ended
        ends = np.flatnonzero(ended[agents]).tolist() if batch.infos else []
        groups = [batch.groups[number] for number in self.groups]
        if self.counts != self.sizes:
            groups = self._cut(groups, ended)
        return replace(
            batch,
            groups=(_merge(groups),),
            rewards=batch.rewards[agents],
            terminated=batch.terminated[agents],
            truncated=batch.truncated[agents],
            infos={row: batch.infos[agents[row]] for row in ends if agents[row] in batch.infos},
            acted=_some(batch.acted, agents),
            present=_some(batch.present, agents),
        )

    def _cut(self, groups: Sequence[GroupBatch], ended: NDArray[np.bool_]) -> list[GroupBatch]:
        """Without the rows that are too many."""
        assert self.agents is not None
        found = []
        first = 0
        for group, count in zip(groups, self.counts, strict=True):
            ends = int(np.count_nonzero(ended[self.agents[first : first + count]]))
            first += count
            found.append(
                GroupBatch(
                    {name: values[:count] for name, values in group.observations.items()},
                    {name: values[:ends] for name, values in group.terminal_observations.items()}
                    if ends
                    else {},
                    None if group.masks is None else group.masks[:count],
                )
            )
        return found


class FleetLayout:
    """Rows of each policy: first those of game 0, then those of game 1, ….

    Args:
        games: that have said what agents they have.
        policies: policy_name → policy; policies come in the order of their first agent.
        sections: numbers of the games that are stepped together.
    """

    def __init__(
        self,
        games: Sequence[StudioGodotEnv],
        policies: Mapping[str, str],
        sections: Sequence[Sequence[int]],
    ) -> None:
        self._names = policies
        self.policies = list(dict.fromkeys(policies.values()))
        self.rows_by_name = [{group.policy: group.count for group in game.groups} for game in games]
        """By game, the rows that a policy_name has in the fleet."""
        self.shares = [self._shares(number, game) for number, game in enumerate(games)]
        """By game and policy."""
        counts = [[sum(share.counts) for share in shares] for shares in self.shares]
        self.rows = [_slices([count[number] for count in counts]) for number in range(len(self.policies))]
        """By policy and game."""
        self.section_rows = [
            [slice(rows[section[0]].start, rows[section[-1]].stop) for section in sections]
            for rows in self.rows
        ]
        """By policy and section."""
        self.groups = [self._group(games[0], number) for number in range(len(self.policies))]

    def _shares(self, number: int, game: StudioGodotEnv) -> list[Share]:
        return [_share(game, self._names, policy, self.rows_by_name[number]) for policy in self.policies]

    def _group(self, game: StudioGodotEnv, number: int) -> FleetGroup:
        first = self.shares[0][number].groups[0]
        group = game.groups[first]
        return FleetGroup(
            self.policies[number],
            game.group_codecs[first],
            ActionCodec(group.actions),
            np.arange(self.rows[number][-1].stop),
            group.mask_width,
            group.has_masks,
        )

    def replace_game(self, number: int, game: StudioGodotEnv) -> None:
        """Another game, which has the same rows or more, takes the place of one."""
        self.shares[number] = self._shares(number, game)

    def name_of(self, games: Sequence[StudioGodotEnv], policy: int, row: int) -> str:
        """What to call the agent in a row: its path and its game."""
        for game, rows, shares in zip(games, self.rows[policy], self.shares, strict=True):
            if row < rows.stop:
                agents = shares[policy].agents
                own = row - rows.start
                return f"{game.seats.name(own if agents is None else int(agents[own]))} of {game.name}"
        raise IndexError(row)

    def split(self, number: int, batch: Batch) -> list[Batch]:
        """The parts of a game's answer, by policy."""
        return [share.of(batch) for share in self.shares[number]]

    def message(self, section: int, number: int, split: Sequence[GroupActions]) -> list[GroupActions]:
        """What one game of a section is sent: an item for each of its own groups.

        Args:
            split: by policy, what all rows of the section do.
        """
        found: dict[int, GroupActions] = {}
        for policy, share in enumerate(self.shares[number]):
            start = self.rows[policy][number].start - self.section_rows[policy][section].start
            for group, count, size in zip(share.groups, share.counts, share.sizes, strict=True):
                rows = slice(start, start + count)
                actions = GroupActions(split[policy].continuous[rows], split[policy].discrete[rows])
                found[group] = actions if count == size else _padded(actions, size)
                start += count
        return [found[group] for group in range(len(found))]


def row_map(before: FleetLayout, after: FleetLayout, policy: int) -> NDArray[np.int64]:
    """The row that each row of a policy was before, -1 where there was none.

    The games are the same ones, and none has fewer rows of any policy_name than before.
    """
    parts: list[NDArray[np.int64]] = []
    for number, (old, new) in enumerate(zip(before.shares, after.shares, strict=True)):
        first = before.rows[policy][number].start
        had = list(zip(old[policy].groups, old[policy].counts, strict=True))
        for group, count in zip(new[policy].groups, new[policy].counts, strict=True):
            kept = 0
            if had and had[0][0] == group:
                kept = had.pop(0)[1]
            parts += [np.arange(first, first + kept), np.full(count - kept, -1, np.int64)]
            first += kept
    return np.concatenate(parts)


def _share(
    game: StudioGodotEnv, policies: Mapping[str, str], policy: str, rows_by_name: Mapping[str, int]
) -> Share:
    numbers = tuple(number for number, group in enumerate(game.groups) if policies[group.policy] == policy)
    groups = [game.groups[number] for number in numbers]
    sizes = tuple(group.count for group in groups)
    counts = tuple(min(group.count, rows_by_name.get(group.policy, 0)) for group in groups)
    agents = np.concatenate([group.agents[:count] for group, count in zip(groups, counts, strict=True)])
    are_all = np.array_equal(agents, np.arange(game.num_envs))
    return Share(numbers, counts, sizes, None if are_all else agents)


def _slices(counts: Sequence[int]) -> list[slice]:
    ends = np.cumsum(counts).tolist()
    return [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]


def _some(rows: NDArray[np.bool_] | None, agents: NDArray[np.int64]) -> NDArray[np.bool_] | None:
    """Some of the rows; None if it holds for all of them."""
    if rows is None:
        return None
    part: NDArray[np.bool_] = rows[agents]
    return None if part.all() else part


def _padded(actions: GroupActions, size: int) -> GroupActions:
    """Agents that the fleet has no row for do nothing."""
    more = size - len(actions.continuous)
    return GroupActions(
        np.pad(actions.continuous, ((0, more), (0, 0))), np.pad(actions.discrete, ((0, more), (0, 0)))
    )


def _merge(groups: Sequence[GroupBatch]) -> GroupBatch:
    if len(groups) == 1:
        return groups[0]
    told = [group.terminal_observations for group in groups if group.terminal_observations]
    masks = [group.masks for group in groups if group.masks is not None]
    return GroupBatch(
        _join([group.observations for group in groups]),
        _join(told) if told else {},
        np.concatenate(masks) if masks else None,
    )


def _join(parts: Sequence[KeyedArrays]) -> KeyedArrays:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
