"""Keeps a sentence from being said over and over."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

SILENCE_S = 10.0
"""How long a sentence is not said again."""

_MOST = 200


class Unrepeated:
    """Passes sentences on, the same one at most once in `SILENCE_S` seconds.

    Args:
        say: called with a sentence.
        clock: seconds on a clock that never goes back.
    """

    def __init__(self, say: Callable[[str], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._clock = clock
        self._said: dict[str, float] = {}
        self._lock = threading.Lock()

    def __call__(self, sentence: str) -> None:
        with self._lock:
            now = self._clock()
            if now - self._said.get(sentence, -math.inf) < SILENCE_S:
                return
            self._said.pop(sentence, None)  # to the end, so that the oldest is the first
            self._said[sentence] = now
            if len(self._said) > _MOST:
                del self._said[next(iter(self._said))]
        self._say(sentence)
