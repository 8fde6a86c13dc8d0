"""What must hold for the numbers of every batch, checked for all agents at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_studio_training.batch import Batch, KeyedArrays
from rl_studio_training.errors import GameFault
from rl_studio_training.layout import PolicyGroup
from rl_studio_training.seats import Seats


class BatchChecks:
    """Refuses numbers that would spoil the network.

    Args:
        groups: the rows of the game.
        seats: what to call each agent.
        name: what to call the game.
    """

    def __init__(self, groups: Sequence[PolicyGroup], seats: Seats, name: str) -> None:
        self._name = name
        self._groups = tuple(groups)
        self._seats = seats
        self._mask_starts = [_mask_starts(group) for group in groups]

    def check(self, batch: Batch, when: Callable[[], str]) -> None:
        """Looks at everything in `batch`, before the seats settle.

        Args:
            when: returns the place in the conversation, for messages.

        Raises:
            GameFault: NaN or infinity in a reward or an observation, or a mask that forbids everything; with the
                agent's path, the name and the index.
        """
        if not is_finite(batch.rewards):
            row = int(np.flatnonzero(~np.isfinite(batch.rewards))[0])
            raise self._problem(self._seats.name(row), f"the reward is {batch.rewards[row]}", when)
        for group, values, starts in zip(self._groups, batch.groups, self._mask_starts, strict=True):
            if bad := _not_finite(values.observations):
                row, what = bad
                raise self._problem(self._newcomer(group, row), what, when)
            if values.terminal_observations and (bad := _not_finite(values.terminal_observations)):
                row, what = bad
                ended = group.agents[batch.ended[group.agents]]
                agent = self._seats.name(int(ended[row]))
                raise self._problem(agent, f"at the end of the episode {what}", when)
            if values.masks is not None and len(starts):
                self._check_masks(group, values.masks, starts, when)

    def _check_masks(
        self, group: PolicyGroup, masks: NDArray[np.bool_], starts: NDArray[np.int64], when: Callable[[], str]
    ) -> None:
        is_open = np.logical_or.reduceat(masks, starts, axis=1)
        if not is_open.all():
            row, action = np.argwhere(~is_open)[0].tolist()
            name = [part.name for part in group.actions if part.kind == "discrete"][action]
            what = f'the action mask of "{name}" allows nothing'
            raise self._problem(self._newcomer(group, row), what, when)

    def _newcomer(self, group: PolicyGroup, row: int) -> str:
        return self._seats.name(int(group.agents[row]), newcomer=True)

    def _problem(self, agent: str, what: str, when: Callable[[], str]) -> GameFault:
        return GameFault(
            f"{self._name}: agent {agent}: {what} ({when()}).",
            code="data",
            hint="Look at what _get_observation(), the action mask and the rewards of that agent compute.",
        )


def _not_finite(arrays: KeyedArrays) -> tuple[int, str] | None:
    """The row of the first number that is NaN or infinite, and what it is."""
    for name, array in arrays.items():
        if array.dtype == np.float32 and not is_finite(array):
            flat = array.reshape(len(array), -1)
            row, index = np.argwhere(~np.isfinite(flat))[0].tolist()
            return row, f"{name}[{index}] is {flat[row, index]}"
    return None


def is_finite(array: NDArray[Any]) -> bool:
    """Whether there is neither NaN nor infinity in an array of floats."""
    # One pass without a temporary array; large numbers overflow it, and are looked at one by one.
    return math.isfinite(np.vdot(array, array)) or bool(np.isfinite(array).all())


def _mask_starts(group: PolicyGroup) -> NDArray[np.int64]:
    sizes = [part.size for part in group.actions if part.kind == "discrete"]
    return np.cumsum([0, *sizes[:-1]]) if sizes else np.empty(0, np.int64)
