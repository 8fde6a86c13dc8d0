"""What is known of one game since it was started: how far it came, whether it draws, and since when it is silent."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rl_studio.errors import StudioError
from rl_studio.godot import HiddenDisplay, hidden_display
from rl_studio_training import failures
from rl_studio_training.drawing import needs_drawing
from rl_studio_training.errors import GameError
from rl_studio_training.godot_env import StudioGodotEnv
from rl_studio_training.printed_errors import without_numbers
from rl_studio_training.stall_watch import StallWatch
from rl_studio_training.unrepeated import Unrepeated

Told = TypeVar("Told", bound=StudioError)


class GameRecord:
    """Of a game that was just launched and is not connected yet.

    Args:
        game: the game.
        seed: that it was started with.
        on_status: called with a sentence when the game does not answer, or waits for something.
        warn_once: called with a topic and a sentence about something odd in the game.
    """

    def __init__(
        self,
        game: StudioGodotEnv,
        seed: int,
        on_status: Callable[[str], object],
        warn_once: Callable[[str, str], None],
    ) -> None:
        self.game = game
        self.seed = seed
        self.watch = StallWatch(game.name, game.game, on_status)
        self._answers: int | None = None
        self._draws = game.settings.draws_unseen
        self._display: HiddenDisplay | None = None
        if self._draws and game.settings.drawing.way() == "x server":
            self._display = hidden_display()

        tell = Unrepeated(on_status, key=without_numbers)  # a game counts the seconds that it waits

        def hear(status: str) -> None:
            self.watch.heard()
            reason = "" if self.watch.has_connected else failures.first_error(game.game)
            tell(reason + status)

        game.call_while_waiting(self.watch.look)
        game.hand_on(hear, warn_once)

    def note_connected(self) -> None:
        """It has said what agents it has."""
        self.watch.heard()
        self.watch.has_connected = True

    def note_answer(self) -> None:
        """It has answered: to a reset at first, then to actions."""
        self.watch.heard()
        self._answers = 0 if self._answers is None else self._answers + 1

    def wants_to_draw(self, error: Exception) -> bool:
        """Whether it failed only because it cannot draw as it was started."""
        settings = self.game.settings
        return (
            self.game.game is not None
            and not self._draws
            and not settings.show_window
            and needs_drawing(error)
        )

    def in_full(self, error: Told) -> Told:
        """The error with all that is known; before anything else is done to the game."""
        full = failures.in_full(error, self.game.name, self.game.game, self._answers)
        if isinstance(full, GameError) and self._display is not None and not self._display.is_running():
            return failures.with_its_screen(full)
        return full
