"""All games of a run as rows of arrays, for several policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from rl_studio_training.common_spaces import one_shared_policy, policies_by_name
from rl_studio_training.crew import Launch
from rl_studio_training.fleet_batch import FleetBatch
from rl_studio_training.fleet_core import FleetCore


class PolicyFleet(FleetCore):
    """A `FleetCore` whose agents follow one or several policies, those of `groups`, in that order.

    Args:
        shared: all agents follow one policy, whatever their policy_name.

    Raises:
        SpacesError: as `FleetCore`, and if a game whose agents neither come nor go lacks a policy that another has.
    """

    def __init__(self, launch: Launch, count: int, *, shared: bool = False, **options: Any) -> None:
        self._shared = shared
        super().__init__(launch, count, **options)

    def _policies(self) -> Mapping[str, str]:
        return one_shared_policy(self.games) if self._shared else policies_by_name(self.games)

    @property
    def section_rows(self) -> list[list[slice]]:
        """The rows of each policy in each section."""
        return self.layout.section_rows

    def reset(self, seed: int | None = None) -> list[FleetBatch]:
        """As `GameFleet.reset`, with a batch for each policy."""
        return self._reset(seed)

    def send(self, section: int, actions: Sequence[NDArray[Any]]) -> None:
        """As `GameFleet.send`, with an array for each policy."""
        self._send(section, actions)

    def receive(self, section: int) -> list[FleetBatch]:
        """As `GameFleet.receive`, with a batch for each policy."""
        return self._receive(section)
