"""A screen that nobody sees, for games that look at pictures: without a screen Godot draws nothing."""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from typing import IO, Literal

from rl_studio.children import die_with_parent
from rl_studio.errors import StudioError

DrawingWay = Literal["x server", "window"]
"""How games draw unseen: on an X server of their own, or in a window outside of the user's screen."""

X_SERVER = "Xvfb"
START_TIMEOUT_S = 15.0

# Room for the window of any usual project: without a window manager it may not be larger than the screen.
_SCREEN = "2560x1440x24"


_CANNOT_SEE = re.compile(
    r"nothing is drawn without a window"
    r"|is an empty Image; without a window|_get_observation returned Object for \"[^\"]*2d"  # of older addons
)


class DisplayError(StudioError):
    """Nothing can be drawn on this machine."""

    code = "display"


def drawing_way(environ: Mapping[str, str] | None = None) -> DrawingWay | None:
    """How a game can draw here without disturbing anybody; None if it cannot.

    Args:
        environ: None for our own environment.
    """
    env = os.environ if environ is None else environ
    if has_x_server(env):
        return "x server"
    if sys.platform in ("win32", "darwin") or env.get("DISPLAY") or env.get("WAYLAND_DISPLAY"):
        return "window"
    return None


def has_x_server(environ: Mapping[str, str] | None = None) -> bool:
    """Whether an X server that shows nothing is installed."""
    env = os.environ if environ is None else environ
    system = sys.platform.startswith(("linux", "freebsd"))
    return system and shutil.which(X_SERVER, path=env.get("PATH", os.defpath)) is not None


def misses_picture(message: str) -> bool:
    """Whether a game says that it cannot read a picture because nothing is drawn."""
    return _CANNOT_SEE.search(message) is not None


def cannot_draw(what: str) -> tuple[str, str]:
    """What to tell where nothing can be drawn: a message that begins with `what`, and the way out."""
    message = (
        f"{what.rstrip('.')}. To show a picture Godot has to draw it, and on this machine it cannot: there is neither "
        f"a screen nor {X_SERVER}, which does without one."
    )
    return message, f"{how_to_get_x_server()}, or go where there is a screen."


def how_to_get_x_server() -> str:
    """What to do where there is none."""
    if shutil.which("apt-get"):
        return f"Install {X_SERVER} (sudo apt-get install xvfb)"
    return f"Install {X_SERVER} (the package is called xvfb, xorg-x11-server-Xvfb or xorg-server-xvfb)"


class HiddenDisplay:
    """An X server of our own that shows nothing. Whoever made it calls `close`; if nobody does, our end does.

    On Linux the kernel ends it when the thread that made it ends, however that comes.

    Raises:
        DisplayError: it cannot be started.
    """

    def __init__(self) -> None:
        program = shutil.which(X_SERVER)
        if program is None:
            raise DisplayError(f"{X_SERVER} is not installed.", hint=how_to_get_x_server())
        receiver, sender = os.pipe()
        argv = [program, "-displayfd", str(sender), "-screen", "0", _SCREEN, "-nolisten", "tcp", "-noreset"]
        with os.fdopen(receiver, "rb") as numbers, tempfile.TemporaryFile() as words:
            try:
                self._process = subprocess.Popen(
                    [*die_with_parent(program), *argv],
                    stdin=subprocess.DEVNULL,
                    stdout=words,
                    stderr=words,
                    pass_fds=(sender,),
                    start_new_session=True,  # Ctrl+C is for us, and games may draw until they have ended
                )
            except OSError as error:
                raise DisplayError(f"{program} cannot be started: {error.strerror or error}.") from error
            finally:
                os.close(sender)
            atexit.register(self.close)
            try:
                self.name = f":{self._read_number(numbers, words)}"
            except BaseException:
                self.close()
                raise

    def _read_number(self, numbers: IO[bytes], words: IO[bytes]) -> int:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if select.select([numbers], [], [], 0.1)[0]:
                line = numbers.readline().strip()
                if line.isdigit():
                    return int(line)
                break  # it has closed its end without a number
        self.close()
        words.seek(0)
        said = [line for line in words.read().decode(errors="replace").splitlines() if line.strip()]
        raise DisplayError(f"{X_SERVER} does not start: {said[-1] if said else 'it said nothing'}")

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        """Ends the server, and with it all that still draws on it. May be called again."""
        atexit.unregister(self.close)
        if self.is_running():
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(2.0)
                return
            self._process.kill()
        self._process.wait()


_lock = threading.Lock()
_shared: HiddenDisplay | None = None


def hidden_display() -> HiddenDisplay:
    """The one of this process: started when it is first wanted, and again if it has died.

    Raises:
        DisplayError: it cannot be started.
    """
    global _shared
    with _lock:
        if _shared is None or not _shared.is_running():
            _shared = HiddenDisplay()
        return _shared
