"""OS.alert() in a game that nobody watches: real Godot, and a program that shows a dialog for ever."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rl_studio.godot import GodotBinary, headless_environment, without_dialogs
from rl_studio.godot.dialogs import PROGRAMS
from rl_studio.project import Project

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Godot starts a program for dialogs on Linux")

GAME = """extends SceneTree

func _init() -> void:
	OS.alert("You have won", "Well done")
	print("goes on")
	quit()
"""


def test_what_is_there_stays_in_the_path(tmp_path: Path) -> None:
    env = without_dialogs({"PATH": "/bin:/usr/bin", "A": "b"})
    first, *others = env.pop("PATH").split(":")
    assert (env, others) == ({"A": "b"}, ["/bin", "/usr/bin"])
    assert os.access(Path(first) / PROGRAMS[0], os.X_OK)
    again = without_dialogs(without_dialogs({"PATH": "/bin"}))
    assert again["PATH"] == f"{first}:/bin"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--warning", "--width", "500", "--title", "A b", "--text", "c d"], "OS.alert(): A b: c d\n"),
        (["--question", "hm"], "OS.alert(): --question hm\n"),
    ],
)
def test_the_text_is_printed(arguments: list[str], said: str) -> None:
    program = shutil.which(PROGRAMS[0], path=without_dialogs({"PATH": ""})["PATH"])
    assert program is not None
    assert subprocess.run([program, *arguments], capture_output=True, text=True).stdout == said


@pytest.mark.godot
def test_an_alert_does_not_stop_a_game(godot: GodotBinary, project: Project, tmp_path: Path) -> None:
    """With a dialog program that never ends in the PATH, as on a desktop."""
    dialog = tmp_path / "bin" / "zenity"
    dialog.parent.mkdir()
    dialog.write_text("#!/bin/sh\nexec sleep 100\n")
    dialog.chmod(0o755)
    (project.root / "alert.gd").write_text(GAME)
    env = headless_environment(private_dir=tmp_path / "xdg")
    env["PATH"] = f"{dialog.parent}:{env['PATH']}"
    argv = [str(godot.path), "--headless", "--path", str(project.root), "-s", "alert.gd"]
    began = time.monotonic()
    done = subprocess.run(argv, env=without_dialogs(env), capture_output=True, text=True, timeout=60)
    assert "OS.alert(): Well done: You have won\ngoes on" in done.stdout
    assert time.monotonic() - began < 30
    unguarded = subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            unguarded.wait(2.5)
    finally:
        os.killpg(unguarded.pid, signal.SIGKILL)
        unguarded.wait(10)
