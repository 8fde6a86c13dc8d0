"""The words for everything that can go wrong with a game: what, its last output, and the way out."""

from __future__ import annotations

from rl_studio_training.errors import GameCrashedError, GameStartError, GameTimeoutError
from rl_studio_training.game_process import GameProcess


def port_taken(port: int, owner: str | None) -> GameStartError:
    """We cannot listen where the game will look for us."""
    return GameStartError(
        f"Port {port} is taken" + (f": {owner}." if owner else "."),
        hint="Stop the other trainer, then start again.",
    )


def died_early(name: str, game: GameProcess) -> GameStartError:
    """The process ended before it connected."""
    return GameStartError(
        f"{name} {game.describe_end()} before it connected." + last_output(game),
        hint="Run the scene in the editor: it should start without errors.",
    )


def never_connected(name: str, game: GameProcess | None, port: int, timeout_s: float) -> GameStartError:
    """Nobody connected in time."""
    if game is None:
        return GameStartError(
            f"No game connected to port {port} within {timeout_s:g} seconds.",
            hint="Press Play in the Godot editor while the trainer waits.",
        )
    return GameStartError(
        f"{name} runs but did not connect within {timeout_s:g} seconds." + last_output(game),
        hint="The scene needs an RLSync node. If the game just loads slowly, raise startup_timeout_s.",
    )


def crashed(name: str, game: GameProcess | None) -> GameCrashedError:
    """The connection ended. Waits a moment for the process, to tell how it ended."""
    if game is None:
        return GameCrashedError("The game was closed.", hint="Keep it running until training has ended.")
    game.wait(2.0)
    return GameCrashedError(
        f"{name} {game.describe_end()}." + last_output(game),
        hint=f"Its whole output is in {game.log.path.name} in the run's folder.",
    )


def hung(name: str, game: GameProcess | None, timeout_s: float) -> GameTimeoutError:
    """The game does not answer any more."""
    return GameTimeoutError(
        f"{name} has not answered for {timeout_s:g} seconds." + last_output(game),
        hint="Is there an endless loop or a long load in it? Otherwise raise step_timeout_s.",
    )


def last_output(game: GameProcess | None) -> str:
    """The last lines a game printed, as the end of a message."""
    lines = game.log.last_lines() if game is not None else []
    return "\nIts last output:\n" + "\n".join(f"  {line}" for line in lines) if lines else ""
