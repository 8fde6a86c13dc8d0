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
        key: what makes two sentences the same.
        clock: seconds on a clock that never goes back.
    """

    def __init__(
        self,
        say: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
        key: Callable[[str], str] = str,
    ) -> None:
        self._say = say
        self._key = key
        self._clock = clock
        self._said: dict[str, float] = {}
        self._lock = threading.Lock()

    def __call__(self, sentence: str) -> None:
        key = self._key(sentence)
        with self._lock:
            now = self._clock()
            if now - self._said.get(key, -math.inf) < SILENCE_S:
                return
            self._said.pop(key, None)  # to the end, so that the oldest is the first
            self._said[key] = now
            if len(self._said) > _MOST:
                del self._said[next(iter(self._said))]
        self._say(sentence)
