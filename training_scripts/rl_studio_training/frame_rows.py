"""Which rows of a game have an agent, and where what those agents say lies in a binary frame of version 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_studio_training import frame_blocks as blocks
from rl_studio_training.batch import GroupBatch, KeyedArrays
from rl_studio_training.layout import PolicyGroup


@dataclass(frozen=True, slots=True)
class FrameRows:
    """The rows that have an agent, and where what they say lies in a frame.

    Args:
        rows: of each group, which ones; None if all of them.
        present: bool, over the rows of all groups; None if all of them.
        count: how many in all.
        layouts: of what they see, `end` bytes in all.
        action_header: what the frame of their actions begins with.
    """

    rows: tuple[NDArray[np.int64] | None, ...]
    present: NDArray[np.bool_] | None
    count: int
    layouts: tuple[blocks.GroupLayout, ...]
    end: int
    action_header: bytes

    @classmethod
    def of(cls, version: int, groups: Sequence[PolicyGroup], rows: Sequence[NDArray[np.int64]]) -> FrameRows:
        """Those whose numbers in their groups are `rows`, ascending."""
        counts = [len(found) for found in rows]
        count = sum(counts)
        layouts, end = blocks.lay_out(groups, counts)
        present: NDArray[np.bool_] | None = None
        if count < sum(group.count for group in groups):
            present = np.concatenate(
                [_marked(group.count, found) for group, found in zip(groups, rows, strict=True)]
            )
        parts = (
            None if len(found) == group.count else found for group, found in zip(groups, rows, strict=True)
        )
        return cls(tuple(parts), present, count, layouts, end, blocks.action_header(version, count))

    def spread(self, values: NDArray[Any]) -> NDArray[Any]:
        """One value for each row of all groups, zero in rows without an agent; the same array if there are none."""
        if self.present is None:
            return values
        full = np.zeros(len(self.present), values.dtype)
        full[self.present] = values
        return full

    def read(self, payload: bytearray, start: int, terminal: Sequence[KeyedArrays]) -> tuple[GroupBatch, ...]:
        """What all groups see."""
        if self.present is None:
            pairs = zip(self.layouts, terminal, strict=True)
            return tuple([layout.read(payload, start, values) for layout, values in pairs])
        return tuple(
            layout.read(payload, start, values)
            if rows is None
            else _spread_group(layout.read(payload, start, values), rows, layout.group)
            for layout, rows, values in zip(self.layouts, self.rows, terminal, strict=True)
        )


def _marked(count: int, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    marks = np.zeros(count, np.bool_)
    marks[numbers] = True
    return marks


def _spread_group(values: GroupBatch, rows: NDArray[np.int64], group: PolicyGroup) -> GroupBatch:
    """The same with all rows of the group: zeros where there is no agent, and masks that allow everything."""
    observations: KeyedArrays = {}
    for name, array in values.observations.items():
        observations[name] = np.zeros((group.count, *array.shape[1:]), array.dtype)
        observations[name][rows] = array
    masks = None
    if values.masks is not None:
        masks = np.ones((group.count, group.mask_width), np.bool_)
        masks[rows] = values.masks
    return GroupBatch(observations, values.terminal_observations, masks)
