"""What must hold for the numbers of every batch, checked for all agents at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.batch import Batch, KeyedArrays
from rl_studio_training.errors import GameProtocolError
from rl_studio_training.layout import PolicyGroup


class BatchChecks:
    """Refuses numbers that would spoil the network.

    Args:
        groups: the agents of the game.
        agent_paths: what to call each agent.
        name: what to call the game.
    """

    def __init__(self, groups: Sequence[PolicyGroup], agent_paths: Sequence[str], name: str) -> None:
        self._name = name
        self._groups = tuple(groups)
        self._paths = agent_paths
        self._mask_starts = [_mask_starts(group) for group in groups]

    def check(self, batch: Batch) -> None:
        """Looks at everything in `batch`.

        Raises:
            GameProtocolError: NaN or infinity in a reward or an observation, or a mask that forbids everything; with
                the agent's path, the name and the index.
        """
        if not is_finite(batch.rewards):
            agent = int(np.flatnonzero(~np.isfinite(batch.rewards))[0])
            raise self._problem(agent, f"the reward is {batch.rewards[agent]}")
        for group, values, starts in zip(self._groups, batch.groups, self._mask_starts, strict=True):
            self._check_finite(values.observations, group.agents, "")
            if values.terminal_observations:
                ended = group.agents[batch.ended[group.agents]]
                self._check_finite(values.terminal_observations, ended, "at the end of the episode ")
            if values.masks is not None and len(starts):
                self._check_masks(group, values.masks, starts)

    def _check_finite(self, arrays: KeyedArrays, agents: NDArray[np.int64], when: str) -> None:
        for name, array in arrays.items():
            if array.dtype == np.float32 and not is_finite(array):
                flat = array.reshape(len(array), -1)
                row, index = np.argwhere(~np.isfinite(flat))[0].tolist()
                raise self._problem(int(agents[row]), f"{when}{name}[{index}] is {flat[row, index]}")

    def _check_masks(self, group: PolicyGroup, masks: NDArray[np.bool_], starts: NDArray[np.int64]) -> None:
        is_open = np.logical_or.reduceat(masks, starts, axis=1)
        if not is_open.all():
            row, action = np.argwhere(~is_open)[0].tolist()
            name = [part.name for part in group.actions if part.kind == "discrete"][action]
            raise self._problem(int(group.agents[row]), f'the action mask of "{name}" allows nothing')

    def _problem(self, agent: int, what: str) -> GameProtocolError:
        return GameProtocolError(
            f"{self._name}: agent {self._paths[agent]}: {what}.",
            hint="Look at what _get_observation(), the action mask and the rewards of that agent compute.",
        )


def is_finite(array: NDArray[Any]) -> bool:
    """Whether there is neither NaN nor infinity in an array of floats."""
    # One pass without a temporary array; large numbers overflow it, and are looked at one by one.
    return math.isfinite(np.vdot(array, array)) or bool(np.isfinite(array).all())


def _mask_starts(group: PolicyGroup) -> NDArray[np.int64]:
    sizes = [part.size for part in group.actions if part.kind == "discrete"]
    return np.cumsum([0, *sizes[:-1]]) if sizes else np.empty(0, np.int64)
