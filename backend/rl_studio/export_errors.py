"""How an export may fail."""

from __future__ import annotations

from rl_studio.errors import StudioError


class ExportError(StudioError):
    """Nothing was exported, and the game's files are as they were."""

    code = "export"


class ExportCancelledError(ExportError):
    """The caller gave up."""

    code = "cancelled"

    def __init__(self) -> None:
        super().__init__("The export was cancelled; the game's files are as they were.")
