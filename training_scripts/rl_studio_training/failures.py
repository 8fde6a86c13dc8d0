"""The words for everything that can go wrong with a game: what, where, its last output, and the way out."""

from __future__ import annotations

import copy
import signal
from typing import TypeVar

from rl_studio.errors import StudioError
from rl_studio.words import counted
from rl_studio_training.errors import (
    GameCrashedError,
    GameError,
    GameFault,
    GameProtocolError,
    GameStartError,
    GameTimeoutError,
)
from rl_studio_training.game_process import GameProcess
from rl_studio_training.printed_errors import find_crash, find_errors, find_stack, last_words, without_numbers
from rl_studio_training.process_state import State, look

QUIT = "quit"
"""The code of a game's error when it ends itself."""

Told = TypeVar("Told", bound=StudioError)

_FAULTS_OF_PROGRAMS = tuple(
    getattr(signal, name).value
    for name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS")
    if hasattr(signal, name)
)
_WINDOWS_FAULT = 0x80000000
_FROM_OUTSIDE = (128 + 9, 128 + 15, 128 + 1, 128 + 2)
"""Exit codes of a shell script around a game that SIGKILL, SIGTERM, SIGHUP or SIGINT ended."""

_SAME_WHENEVER = (State.BUSY, State.RUNS, State.LOADING, State.DIALOG, State.PROGRAM, State.ASLEEP)
"""What a game that hangs does by itself; that it is slow or stopped comes from elsewhere."""

_MEND = "Mend that first; the game's whole output is in {log} in the run's folder."


def port_taken(port: int, owner: str | None) -> GameStartError:
    """We cannot listen where the game will look for us."""
    return GameStartError(
        f"Port {port} is taken" + (f": {owner}." if owner else "."),
        hint="Stop the other trainer, then start again.",
    )


def died_early(name: str, game: GameProcess) -> GameStartError:
    """The process ended before it connected."""
    message, place = _end_of(name, game)
    error = GameStartError(
        f"{message} before it connected." + last_output(game),
        hint="Run the scene in the editor: it should start without errors.",
    )
    error.place = place
    return error


def never_connected(name: str, game: GameProcess | None, port: int, timeout_s: float) -> GameStartError:
    """Nobody connected in time."""
    if game is None:
        return GameStartError(
            f"No game connected to port {port} within {timeout_s:g} seconds.",
            hint="Press Play in the Godot editor while the trainer waits.",
        )
    found = look(game.pid)
    why = f": {found}" if found.state in (State.DIALOG, State.PROGRAM, State.STOPPED, State.LOADING) else ""
    error = GameStartError(
        f"{name} runs but did not connect within {timeout_s:g} seconds{why}." + last_output(game),
        hint="The scene needs an RLSync node. If the game just loads slowly, raise startup_timeout_s.",
    )
    error.place = "it does not connect"
    return error


def crashed(name: str, game: GameProcess | None) -> GameCrashedError:
    """The connection ended. Waits a moment for the process, to tell how it ended."""
    if game is None:
        return GameCrashedError("The game was closed.", hint="Keep it running until training has ended.")
    game.wait(2.0)
    if game.exit_code == 0:
        return quit_by_itself(name, game)
    message, place = _end_of(name, game)
    error = GameCrashedError(
        f"{message}." + last_output(game),
        hint=f"Its whole output is in {game.log.path.name} in the run's folder.",
    )
    error.place = place
    return error


def quit_by_itself(name: str, game: GameProcess | None) -> GameCrashedError:
    """The game ended because it wanted to."""
    error = GameCrashedError(
        f"{name} ended itself (get_tree().quit())." + last_output(game),
        hint="While agents are trained the game goes on: call end_episode() of the agents, and do not quit.",
    )
    code = game.exit_code if game is not None else None
    error.place = "it quits" + (f" with exit code {code}" if code else "")
    return error


def hung(name: str, game: GameProcess | None, timeout_s: float) -> GameTimeoutError:
    """The game does not answer any more. Its process is ended to find out where it is."""
    if game is None:
        return GameTimeoutError(
            f"{name} has not answered for {timeout_s:g} seconds.",
            hint="Is it paused, or at a breakpoint in the editor? Otherwise raise step_timeout_s.",
        )
    found = look(game.pid)
    words = last_output(game)
    where = "" if found.state in (State.STOPPED, State.GONE) else find_stack(game.print_stack())
    error = GameTimeoutError(
        f"{name} has not answered for {timeout_s:g} seconds: {found}"
        + (f", at {where}." if where else ".")
        + words,
        hint=found.way_out,
    )
    error.place = str(found) if found.state in _SAME_WHENEVER else None
    return error


def last_output(game: GameProcess | None) -> str:
    """The last lines a game printed, as the end of a message."""
    lines = last_words(game.log.lines()) if game is not None else []
    return "\nIts last output:\n" + "\n".join(f"  {line}" for line in lines) if lines else ""


def first_error(game: GameProcess | None) -> str:
    """What a game printed first of what is wrong with its scripts, as the beginning of a message; "" if nothing is."""
    printed = find_errors(game.log.lines()) if game is not None and not _was_ended_from_outside(game) else []
    if not printed:
        return ""
    more = f" (and {len(printed) - 1} more)" if len(printed) > 1 else ""
    text = f"{printed[0]}{more}"
    return f"{text} " if text.endswith((".", ".)")) else f"{text}. "


def in_full(error: Told, name: str, game: GameProcess | None, steps: int | None) -> Told:
    """The same error with all that is known: what the game itself printed comes first, then what we noticed, and when.

    Args:
        name: what messages call the game.
        game: the one that the error is about, before anything else is done to it.
        steps: decisions since it was started; None if it has not come as far as the first.
    """
    if isinstance(error, GameFault) and error.code == QUIT:
        error = quit_by_itself(name, game)  # type: ignore[assignment]
    place = getattr(error, "place", None)
    if place is None and type(error) in (GameError, GameProtocolError):
        place = without_numbers(error.message.partition("\n")[0].removeprefix(name).lstrip(": "))
    reason = first_error(game)
    hint = error.hint
    if game is not None and reason and not isinstance(error, GameTimeoutError):
        hint = _MEND.format(log=game.log.path.name)
    return _reworded(error, reason + _at_step(error.message, steps), hint, place)


def for_the_second_time(error: Told) -> Told:
    """The last word about a game that has died like this before."""
    place = str(getattr(error, "place", ""))
    where = "" if place in error.message else f" ({place})"
    return _with_sentence(
        error,
        f"It is the second time that a game of this run dies like this{where}, so it is a fault of the game.",
    )


def with_its_screen(error: Told) -> Told:
    """A game that drew on an X server which has ended: that is not its doing."""
    gone = _with_sentence(error, "The X server that it drew on (Xvfb) has ended.")
    return _reworded(gone, gone.message, gone.hint, None)


def too_often(error: Told, count: int) -> Told:
    """The last word about games that died too often."""
    return _with_sentence(
        error, f"Games of this run were started again {counted(count, 'time')}, which is the limit."
    )


def _end_of(name: str, game: GameProcess) -> tuple[str, str | None]:
    """How a process ended, as the beginning of a sentence, and where: None if that was not its own doing."""
    code = game.exit_code
    lines = game.log.lines()
    crash = find_crash(lines)
    if crash is not None or (code is not None and (-code in _FAULTS_OF_PROGRAMS or code >= _WINDOWS_FAULT)):
        number = crash.signal if crash is not None else -(code or 0)
        what = _name_of(number) if number > 0 else f"code {code:#x}"
        at = f", at {crash.place}" if crash is not None and crash.place else ""
        where = crash and (crash.place or " < ".join(crash.frames))
        return f"{name} crashed with {what}{at}", f"{what}: {where or _words(lines)}"
    message = f"{name} {game.describe_end()}"
    if code is None:
        return message, "it closes its connection"
    if _was_ended_from_outside(game):
        return message, None
    printed = find_errors(lines)
    where = printed[-1].place if printed else _words(lines)
    return message, f"exit code {code}" + (f": {where}" if where else "")


def _words(lines: list[str]) -> str:
    """What a game printed last, for comparison with another time."""
    return without_numbers(" / ".join(line.strip() for line in last_words(lines, 3)))


def _was_ended_from_outside(game: GameProcess) -> bool:
    """Whether somebody else ended it: the user, or a system that is short of memory."""
    code = game.exit_code
    return code is not None and (code in _FROM_OUTSIDE or (code < 0 and -code not in _FAULTS_OF_PROGRAMS))


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _at_step(message: str, steps: int | None) -> str:
    if steps is None or "decision " in message:
        return message
    head, line, tail = message.partition("\n")
    when = f"after {counted(steps, 'step')}" if steps else "in its first step"
    return f"{head.rstrip('.')} ({when}).{line}{tail}"


def _with_sentence(error: Told, sentence: str) -> Told:
    head, line, tail = error.message.partition("\n")
    return _reworded(error, f"{head} {sentence}{line}{tail}", error.hint, getattr(error, "place", None))


def _reworded(error: Told, message: str, hint: str | None, place: str | None) -> Told:
    fresh = copy.copy(error)
    fresh.args = (message,)
    fresh.message = message
    fresh.hint = hint
    if isinstance(fresh, GameError):
        fresh.place = place
    return fresh
