"""The errors a user may see.

StudioError
├── ProjectError          no Godot project, a path outside of it
├── ConfigError           a configuration value is wrong; lists each of them
├── GodotNotFoundError    (rl_studio.godot) no usable Godot
├── RunError              (rl_studio.runs) no such run, not stoppable, …
└── ExportError           (rl_studio.export_errors) no checkpoint, above tolerance, …

Each class has a stable wire `code`; `hint` says what to do about it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class StudioError(Exception):
    """Base of all errors with a message for the user.

    Args:
        message: what went wrong, with the value that did it.
        hint: the way out, one sentence; None if there is none.
        data: JSON-compatible details for programs.
    """

    code = "error"

    def __init__(self, message: str, *, hint: str | None = None, data: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.data = data or {}

    def to_wire(self) -> dict[str, Any]:
        """The error as the backend protocol sends it: code, message, hint, data."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "data": self.data}


class ProjectError(StudioError):
    """The folder is no Godot project, or a path leaves it."""

    code = "project"


class ConfigError(StudioError):
    """One or more configuration values are wrong; `data["errors"]` is a list of {key, message, value}."""

    code = "invalid_config"


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `word`, or None when nothing comes near; for "did you mean"."""
    matches = difflib.get_close_matches(word, list(candidates), n=1, cutoff=0.5)
    return matches[0] if matches else None
