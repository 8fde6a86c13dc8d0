"""How long texts of a run may be, whatever its files say: they have to fit into messages of the protocol."""

from __future__ import annotations

MAX_TEXT = 4000
"""Characters of a message that is shown with a run."""

MAX_LINE = 500
"""Characters of a line of the log that is shown with a run."""


def cut(text: str, limit: int = MAX_TEXT) -> str:
    """`text` as it is, or its beginning if it is longer than `limit`."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
