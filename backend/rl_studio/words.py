"""Words that depend on numbers."""

from __future__ import annotations


def counted(count: int, one: str, many: str | None = None) -> str:
    """ "1 agent", "2 agents", "0 agents"; `many` is for words that get no plain s."""
    return f"{count} {one}" if count == 1 else f"{count} {many or one + 's'}"
