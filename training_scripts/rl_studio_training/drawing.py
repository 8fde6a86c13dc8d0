"""Games that look at pictures have to draw, though nobody looks at them: whether, and how on this machine."""

from __future__ import annotations

from rl_studio.godot import (
    DisplayError,
    DrawingWay,
    GodotBinary,
    cannot_draw,
    drawing_way,
    misses_picture,
    unseen_environment,
)
from rl_studio_training.errors import GameFault

NEEDS_DRAWING = "needs_drawing"
"""The code of a game's error when a picture cannot be read because nothing is drawn."""

_HOW = {
    "x server": "on an X server of their own that shows nothing (Xvfb)",
    "window": "in windows outside of the screen",
}


class Drawing:
    """Whether the games of a run draw. All that start games of the run share it, so that what one finds out all know.

    It may be pickled: in another process, on another machine, games draw in the way that is possible there.
    """

    def __init__(self) -> None:
        self.is_on = False

    def turn_on(self, error: Exception) -> str:
        """From here on games are started so that they draw.

        Args:
            error: what a game said that could not draw.

        Returns:
            A sentence about it.

        Raises:
            GameFault: nothing can be drawn on this machine.
        """
        way = drawing_way()
        if way is None:
            raise _cannot_draw(str(error))
        self.is_on = True
        return f"The agents look at pictures, and without a screen Godot draws none. The games draw now, {_HOW[way]}."

    def way(self) -> DrawingWay:
        """How games draw on this machine.

        Raises:
            GameFault: they cannot.
        """
        way = drawing_way()
        if way is None:
            raise _cannot_draw("The agents of this run look at pictures, which Godot has to draw.")
        return way

    def environment(self, godot: GodotBinary | None) -> dict[str, str]:
        """The environment for a game that draws; starts the X server if it takes one.

        Raises:
            GameFault: the X server does not start.
        """
        try:
            return unseen_environment(godot, self.way())
        except DisplayError as error:
            raise GameFault(error.message, code=error.code, hint=error.hint) from error


def needs_drawing(error: Exception) -> bool:
    """Whether a game could not read a picture because nothing is drawn."""
    return getattr(error, "code", "") == NEEDS_DRAWING or misses_picture(str(error))


def _cannot_draw(what: str) -> GameFault:
    message, hint = cannot_draw(what)
    return GameFault(message, code=NEEDS_DRAWING, hint=f"{hint} With show_window you see the games then.")
