"""What all agents of one game report at once, as arrays: the same for binary frames and for JSON games."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

KeyedArrays = dict[str, NDArray[Any]]
"""Observation name → array whose first dimension is the row."""


@dataclass(frozen=True, slots=True)
class GroupBatch:
    """The part of one policy group; n rows in the order of `PolicyGroup.agents`.

    Args:
        observations: per name (n, *shape); beside an end already the first one of the next episode. Zero in rows
            without an agent.
        terminal_observations: per name (m, *shape), m the rows of the group that ended, in order; empty dict
            when none ended or the game does not tell.
        masks: bool (n, mask_width), True = allowed, as all is in rows without an agent; None without masks.
    """

    observations: KeyedArrays
    terminal_observations: KeyedArrays = field(default_factory=dict)
    masks: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """One answer of a game to a reset or to actions.

    A row is a place for an agent. Agents come and go; one that left and one that came may share a row.

    Args:
        groups: one per `PolicyGroup` of the game, in the same order.
        rewards: float32 (rows,), in the order of the rows; always finite.
        terminated, truncated: bool (rows,); an episode that ended is one or the other.
        infos: {"metrics": {...}, "is_success": bool} (both optional) of each row that ended, by its number.
        game_s: seconds the game itself took, None if it does not say.
        acted: bool (rows,), rows whose agent acted since the last answer; only they have a reward or an end. None
            stands for all rows, and in the answer to a reset for none.
        present: bool (rows,), rows that have an agent now; only they have an observation. None stands for all.
    """

    groups: tuple[GroupBatch, ...]
    rewards: NDArray[np.float32]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    infos: dict[int, dict[str, Any]]
    game_s: float | None
    acted: NDArray[np.bool_] | None = None
    present: NDArray[np.bool_] | None = None

    @property
    def ended(self) -> NDArray[np.bool_]:
        """bool (rows,): terminated or truncated."""
        return self.terminated | self.truncated
