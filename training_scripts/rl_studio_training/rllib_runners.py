"""Whether RLlib's env runners still play, and why not: RLlib itself goes on with fewer of them, or with none."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import ray
from ray.exceptions import ActorDiedError, RayError, RayTaskError
from ray.rllib.algorithms import Algorithm

from rl_studio.errors import StudioError
from rl_studio_training import rllib_faults
from rl_studio_training.errors import GameCrashedError, GameError
from rl_studio_training.restarts import MAX_RESTARTS
from rl_studio_training.rllib_metrics import Iteration

ANSWER_S = 5.0
"""How long a runner may take to say that it is there."""

LOOK_EVERY_S = 1.0
"""How often runners that are gone are asked whether they are back."""

PATIENCE = 3.0
"""How many times `sample_timeout_s` may pass without a step of any runner before a run fails."""


class RunnersLostError(GameError):
    """No env runner plays any more."""

    code = "runners"


class RunnerWatch:
    """Watches the runners of an algorithm from one iteration to the next.

    Args:
        sample_timeout_s: how long RLlib waits for a runner.
        on_warning: called with a sentence when training goes on with fewer runners.
        clock: seconds on a clock that never goes back.
    """

    def __init__(
        self,
        algorithm: Algorithm,
        sample_timeout_s: float,
        on_warning: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._group = algorithm.env_runner_group
        self._limit_s = PATIENCE * sample_timeout_s
        self._on_warning = on_warning
        self._clock = clock
        self._last_step_at = clock()
        self._alone_since: float | None = None
        self._next_look_at = 0.0
        self._reason: Exception | None = None
        self._game_restarts = 0
        self._missing: set[int] = set()
        rllib_faults.forget()

    @property
    def reason(self) -> Exception | None:
        """Why the run must end, as far as that is known; None as long as it may go on."""
        if self._reason is None and self._group.num_remote_workers():
            self._reason = rllib_faults.told()
        return None if self._reason is None else root_cause(self._reason)

    def is_hopeless(self) -> bool:
        """Whether a runner has a fault that ends the run, or none plays any more, nor will one again. RLlib would wait
        for ever.

        May be called in another thread, as often as you like; `check` raises the reason then.
        """
        now = self._clock()
        if self._reason is not None or now < self._next_look_at:
            return self._reason is not None
        self._next_look_at = now + LOOK_EVERY_S
        if self.reason is not None:
            return True
        remote = self._group.num_remote_workers()
        if not remote or self._group.healthy_worker_ids():
            self._alone_since = None
            return False
        if self._alone_since is None:
            self._alone_since = now
        deaths = [self._death_of(number) for number in range(1, remote + 1)]
        if all(deaths):
            self._reason = deaths[0]
        elif now - self._alone_since > self._limit_s:
            self._reason = _silence(now - self._alone_since)
        return self._reason is not None

    def check(self, iteration: Iteration) -> None:
        """Takes in an iteration.

        Raises:
            GameError: games or runners died too often, or no runner plays any more.
            GameFault, SpacesError, DivergedError: a runner has told so.
        """
        if self.reason is not None:
            raise self.reason
        self._check_restarts(iteration)
        if iteration.timesteps:
            self._last_step_at = self._clock()
        remote = self._group.num_remote_workers()
        if not remote:
            return
        missing = set(range(1, remote + 1)) - set(self._group.healthy_worker_ids())
        if missing - self._missing:
            self._on_warning(
                f"{_name(missing - self._missing)} died; {remote - len(missing)} of {remote} play on."
            )
        self._missing = missing
        waited_s = self._clock() - self._last_step_at
        if waited_s > self._limit_s:
            raise _silence(waited_s)

    def _check_restarts(self, iteration: Iteration) -> None:
        for event in iteration.events:
            self._game_restarts += event["event"] == "game_restarted"
            if self._game_restarts > MAX_RESTARTS:
                raise GameCrashedError(
                    f"Games died {self._game_restarts} times, the limit is {MAX_RESTARTS}. The last time: "
                    f"{event['message']}",
                    hint="Their whole output is in the folders runner-<number> of the run.",
                )
        restarts = iteration.result.get("fault_tolerance", {}).get("num_remote_worker_restarts", 0)
        if restarts > MAX_RESTARTS:
            raise RunnersLostError(
                f"Env runners died {restarts} times, the limit is {MAX_RESTARTS}.",
                hint="Their games' output is in the folders runner-<number> of the run.",
            )

    def _death_of(self, number: int) -> Exception | None:
        """Why a runner is dead for good; None if it may come back."""
        try:
            ray.get(self._group._worker_manager.actors()[number].ping.remote(), timeout=ANSWER_S)
        except RayError as error:  # also of a time-out
            died: Exception | None = error if isinstance(error, ActorDiedError) else None
            return died
        return None


def _silence(seconds: float) -> RunnersLostError:
    return RunnersLostError(
        f"No env runner has sent a step for {seconds:.0f} seconds.",
        hint="If a part of a batch just takes so long, raise sample_timeout_s or lower train_batch_size. "
        "On a cluster, see `ray status`: are there cores for the runners?",
    )


def root_cause(error: Exception) -> Exception:
    """The error for the user behind what Ray and RLlib make of it, else `error` itself."""
    for found in _chain(error):
        if isinstance(found, StudioError):
            return found
    if isinstance(error, ActorDiedError):
        return RunnersLostError(
            f"No env runner plays any more. {error}", hint="Their logs are in Ray's folder of logs."
        )
    return error


def _chain(error: BaseException) -> list[BaseException]:
    """`error` and all errors behind it, each once."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting:
        each = waiting.pop(0)
        if not isinstance(each, BaseException) or each in found:
            continue
        found.append(each)
        waiting += [each.__cause__, each.__context__]
        if isinstance(each, RayTaskError):
            waiting.append(each.cause)
        if isinstance(each, RayError):
            waiting += each.args
    return found


def _name(numbers: set[int]) -> str:
    words = ", ".join(map(str, sorted(numbers)))
    return f"Env runner{'s' if len(numbers) > 1 else ''} {words}"
