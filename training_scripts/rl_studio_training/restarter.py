"""Decides about each game that died whether it starts again, says so, and waits until then."""

from __future__ import annotations

from collections.abc import Callable

from rl_studio_training import failures
from rl_studio_training.connection import WAIT_SLICE_S
from rl_studio_training.errors import GameDataError, GameError, GameFault
from rl_studio_training.restarts import RestartPolicy


class Restarter:
    """For all games of a run.

    Args:
        policy: how often and how soon.
        on_status: called with a sentence about a game that starts again.
        on_wait: called about ten times a second while waiting; whatever it raises ends the wait.
        wait: sleeps for some seconds.
    """

    def __init__(
        self,
        policy: RestartPolicy,
        on_status: Callable[[str], object],
        on_wait: Callable[[], object],
        wait: Callable[[float], object],
    ) -> None:
        self.policy = policy
        self._on_status = on_status
        self._on_wait = on_wait
        self._wait = wait

    def begin_after(self, error: GameError, *, is_ours: bool) -> int:
        """Returns when a game that died of `error` starts again: now.

        Args:
            is_ours: whether we started it.

        Returns:
            The number of this restart, from 1.

        Raises:
            GameError: it may not start again; why it died.
        """
        if not is_ours or isinstance(error, GameFault | GameDataError):
            raise error
        if self.policy.is_second_time(error.place):
            raise failures.for_the_second_time(error)
        if self.policy.is_exhausted:
            raise failures.too_often(error, self.policy.count) if self.policy.count else error
        self._announce(error)
        return self.policy.begin()

    def _announce(self, error: GameError) -> None:
        delay_s = self.policy.delay_s()
        when = f"in {delay_s:.0f} s" if delay_s >= 0.5 else "now"
        what = error.message.partition("\n")[0]
        number, limit = self.policy.count + 1, self.policy.limit
        self._on_status(f"{what} It starts again {when} (restart {number} of {limit})")
        while (delay_s := self.policy.delay_s()) > 0.0:
            self._on_wait()
            self._wait(min(delay_s, WAIT_SLICE_S))
