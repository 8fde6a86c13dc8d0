"""Numbers of others that are what they should be: JSON has one kind of number only, of any size."""

from __future__ import annotations

import math
from typing import Any, TypeGuard

MAX_COUNT = 2**53
"""The largest count that is exact in every language that reads it."""


def is_count(value: Any) -> TypeGuard[int | float]:
    """Whether `value` counts something: a whole number of at least 0, and no larger than `MAX_COUNT`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= MAX_COUNT and value == int(value)


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether `value` is a finite number that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
