"""What all agents of one game report at once, as arrays: the same for binary frames and for JSON games."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

KeyedArrays = dict[str, NDArray[Any]]
"""Observation name → array whose first dimension is the agent."""


@dataclass(frozen=True, slots=True)
class GroupBatch:
    """The part of one policy group; n agents in the order of `PolicyGroup.agents`.

    Args:
        observations: per name (n, *shape); beside an end already the first one of the next episode.
        terminal_observations: per name (m, *shape), m the agents of the group that ended, in order; empty dict
            when none ended or the game does not tell.
        masks: bool (n, mask_width), True = allowed; None without masks.
    """

    observations: KeyedArrays
    terminal_observations: KeyedArrays = field(default_factory=dict)
    masks: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """One answer of a game to a reset or to actions.

    Args:
        groups: one per `PolicyGroup` of the game, in the same order.
        rewards: float32 (agents,), in agent order; always finite.
        terminated, truncated: bool (agents,); an episode that ended is one or the other.
        infos: {"metrics": {...}, "is_success": bool} (both optional) of each agent that ended, by agent number.
        game_s: seconds the game itself took, None if it does not say.
    """

    groups: tuple[GroupBatch, ...]
    rewards: NDArray[np.float32]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    infos: dict[int, dict[str, Any]]
    game_s: float | None

    @property
    def ended(self) -> NDArray[np.bool_]:
        """bool (agents,): terminated or truncated."""
        return self.terminated | self.truncated
