"""What can go wrong while the environment is set up."""

from __future__ import annotations

from rl_studio.errors import StudioError


class SetupError(StudioError):
    """The environment could not be set up; what was done is kept, and the next set-up goes on."""

    code = "setup"


class SetupCancelledError(SetupError):
    """The user, or the end of the editor, stopped it."""

    code = "cancelled"

    def __init__(self) -> None:
        super().__init__("The set-up was stopped.", hint="The next one goes on from here.")
