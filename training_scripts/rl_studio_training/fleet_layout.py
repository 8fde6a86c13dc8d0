"""Which agents of which game make up the rows of a policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.batch import Batch, GroupBatch, KeyedArrays
from rl_studio_training.fleet_batch import FleetGroup
from rl_studio_training.godot_env import StudioGodotEnv
from rl_studio_training.spaces import ActionCodec


@dataclass(frozen=True, slots=True)
class Share:
    """What one game contributes to a policy.

    Args:
        groups: numbers of its wire groups.
        counts: agents of each of them.
        agents: int64, their numbers in the game, group by group; None if these are all agents in order.
    """

    groups: tuple[int, ...]
    counts: tuple[int, ...]
    agents: NDArray[np.int64] | None

    def of(self, batch: Batch) -> Batch:
        """The part of a game's answer that concerns the policy, as if it had no other."""
        if self.agents is None and len(self.groups) == 1:
            return batch
        agents = self.agents if self.agents is not None else np.arange(len(batch.rewards))
        ended = batch.ended
        ends = np.flatnonzero(ended[agents]).tolist() if batch.infos else []
        return replace(
            batch,
            groups=(_merge([batch.groups[number] for number in self.groups]),),
            rewards=batch.rewards[agents],
            terminated=batch.terminated[agents],
            truncated=batch.truncated[agents],
            infos={row: batch.infos[agents[row]] for row in ends if agents[row] in batch.infos},
        )


class FleetLayout:
    """Rows of each policy: first its agents in game 0, then those in game 1, ….

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
        self.policies = list(dict.fromkeys(policies.values()))
        self.shares = [[_share(game, policies, policy) for policy in self.policies] for game in games]
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

    def split(self, number: int, batch: Batch) -> list[Batch]:
        """The parts of a game's answer, by policy."""
        return [share.of(batch) for share in self.shares[number]]


def _share(game: StudioGodotEnv, policies: Mapping[str, str], policy: str) -> Share:
    numbers = tuple(number for number, group in enumerate(game.groups) if policies[group.policy] == policy)
    groups = [game.groups[number] for number in numbers]
    agents = np.concatenate([group.agents for group in groups])
    are_all = np.array_equal(agents, np.arange(game.num_envs))
    return Share(numbers, tuple(group.count for group in groups), None if are_all else agents)


def _slices(counts: Sequence[int]) -> list[slice]:
    ends = np.cumsum(counts).tolist()
    return [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]


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
