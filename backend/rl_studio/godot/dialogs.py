"""Keeps OS.alert() of a game from waiting for somebody who closes its dialog.

On Linux Godot looks through the PATH for a program that shows dialogs, also without a window, and waits until it ends.
Ours comes first: it prints the text, so that it is in the game's log, and ends.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from rl_studio.files import write_bytes_atomic
from rl_studio.userdata import data_dir

PROGRAMS = ("zenity", "kdialog", "Xdialog", "xmessage")
"""What Godot looks for, in each folder of the PATH in this order."""

SAYS = "OS.alert():"
"""What the line in the log begins with."""

_SCRIPT = f"""#!/bin/sh
# In games that train nobody closes a dialog: OS.alert() prints instead.
all=$*
while [ $# -gt 0 ]; do
	case $1 in
		--title) title=$2 ;;
		--text) text=$2 ;;
	esac
	shift
done
printf '{SAYS} %s\\n' "${{title:+$title: }}${{text:-$all}}"
"""


def without_dialogs(environ: Mapping[str, str]) -> dict[str, str]:
    """A copy of `environ` in which OS.alert() prints. The same on systems where that cannot be done."""
    env = dict(environ)
    folder = data_dir() / "no-dialogs"
    if not sys.platform.startswith(("linux", "freebsd")) or os.pathsep in str(folder):
        return env
    folders = env.get("PATH", os.defpath).split(os.pathsep)
    if str(folder) not in folders and _is_ready(folder / PROGRAMS[0]):
        env["PATH"] = os.pathsep.join([str(folder), *folders])
    return env


def _is_ready(program: Path) -> bool:
    """Makes the program unless it is there; returns whether it is."""
    text = _SCRIPT.encode()
    try:
        if not os.access(program, os.X_OK) or program.read_bytes() != text:
            write_bytes_atomic(program, text, mode=0o755)
    except OSError:
        return False
    return True
