"""All games of a run as rows of arrays, for one policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from rl_studio_training.common_spaces import common_policy
from rl_studio_training.crew import launcher
from rl_studio_training.episodes import EpisodeWindow
from rl_studio_training.fleet_batch import FleetBatch, FleetGroup
from rl_studio_training.fleet_core import FleetCore
from rl_studio_training.fleet_layout import FleetLayout

__all__ = ["FleetBatch", "FleetGroup", "GameFleet", "launcher"]


class GameFleet(FleetCore):
    """Rows are first those of game 0, then those of game 1, …; every agent follows the same policy.

    Raises:
        SpacesError: there are several policies; else as `FleetCore`.
    """

    def _policies(self) -> Mapping[str, str]:
        name = common_policy(self.games)
        return {name: name}

    def _take_layout(self, layout: FleetLayout) -> None:
        super()._take_layout(layout)
        (self.rows,) = layout.rows
        (self.section_rows,) = layout.section_rows
        self.n_rows: int = self.rows[-1].stop

    @property
    def episodes(self) -> EpisodeWindow:
        """The episodes that ended last."""
        (window,) = self.episodes_by_policy.values()
        return window

    def reset(self, seed: int | None = None) -> FleetBatch:
        """Begins a new episode for every agent.

        Args:
            seed: game i draws its random numbers from seed + i from here on; None goes on as it is. A game with
                the stock plugin only knows the seed it was started with.

        Returns:
            The first observations and masks of all rows. Nobody has acted.

        Raises:
            GameError, SpacesError: as `receive`.
        """
        return self._reset(seed)[0]

    def send(self, section: int, actions: NDArray[Any]) -> None:
        """Sends the actions of a section's rows, and returns at once; `receive` must follow.

        Args:
            actions: (rows of the section,) or (rows of the section, width), of the space of `groups[0].actions`.

        Raises:
            DivergedError: an action is NaN.
        """
        self._send(section, (actions,))

    def receive(self, section: int) -> FleetBatch:
        """Waits until all games of a section have answered; those that died are back when it returns.

        Raises:
            GameError: one died and may not be started again.
            SpacesError: one came back with other agents.
        """
        return self._receive(section)[0]
