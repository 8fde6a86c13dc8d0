"""The error of setting up the studio's own Godot, and the type of its progress callback."""

from __future__ import annotations

from collections.abc import Callable

from rl_studio.errors import StudioError

Progress = Callable[[str, float | None, str], None]
"""Called with (stage, fraction 0..1 or None if unknown, message) as work goes on, in the caller's thread.
An exception it raises stops the work at once."""


class GodotInstallError(StudioError):
    """The studio's own Godot could not be set up; running it again goes on where it stopped."""

    code = "godot_install"


def silent(stage: str, fraction: float | None, message: str) -> None:
    """A `Progress` that does nothing."""
