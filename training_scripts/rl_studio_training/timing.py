"""Where the time goes that a trainer spends on its games."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Timing:
    """Sums since the games started; take the difference of two copies for a span. All times in seconds.

    Args:
        waited_s: the trainer did nothing but wait for answers.
        game_s: the part of it in which a game simulated (all of it, for games that do not tell).
        codec_s: encoding, sending, reading and decoding.
        steps: agent steps received.
        restarts: games that died and were started again.
    """

    waited_s: float = 0.0
    game_s: float = 0.0
    codec_s: float = 0.0
    steps: int = 0
    restarts: int = 0

    @property
    def busy_s(self) -> float:
        """All time spent on games."""
        return self.waited_s + self.codec_s

    @property
    def wire_s(self) -> float:
        """What of `busy_s` no game simulated in: messages on their way, encoding and decoding."""
        return self.busy_s - self.game_s

    def __sub__(self, earlier: Timing) -> Timing:
        return Timing(
            self.waited_s - earlier.waited_s,
            self.game_s - earlier.game_s,
            self.codec_s - earlier.codec_s,
            self.steps - earlier.steps,
            self.restarts - earlier.restarts,
        )

    def add_wait(self, waited_s: float, game_s: float | None) -> None:
        """Counts a wait that one answer ended.

        Args:
            game_s: how long the game itself took; some of it may have passed before the wait. None: unknown.
        """
        self.waited_s += waited_s
        self.game_s += waited_s if game_s is None else min(waited_s, game_s)
