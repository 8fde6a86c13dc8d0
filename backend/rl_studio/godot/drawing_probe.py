"""Finds out whether Godot draws on this machine without a window that anybody sees."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rl_studio.children import ProcessTimeoutError, run_lines
from rl_studio.godot.binary import GodotBinary
from rl_studio.godot.dialogs import without_dialogs
from rl_studio.godot.hidden_display import DisplayError
from rl_studio.godot.launch import unseen_environment, unseen_flags

_DRAWS = "@DRAWS "
_SCRIPT = f"""extends SceneTree

func _init() -> void:
	print("{_DRAWS}", RenderingServer.get_video_adapter_name())
	quit()
"""
_TIMEOUT_S = 30.0


def probe_drawing(binary: GodotBinary) -> str:
    """Lets Godot start on an X server of its own. Takes about a second.

    Returns:
        What draws, in the words of the driver.

    Raises:
        DisplayError: it does not draw; with Godot's last words.
    """
    with tempfile.TemporaryDirectory(prefix="rls-draws-") as folder:
        project = Path(folder)
        (project / "project.godot").write_text("config_version=5\n", encoding="utf-8")
        (project / "probe.gd").write_text(_SCRIPT, encoding="utf-8")
        argv = [str(binary.path), *unseen_flags("x server"), "--path", folder, "-s", "probe.gd"]
        env = without_dialogs(unseen_environment(binary, "x server"))
        try:
            finished = run_lines(argv, timeout_s=_TIMEOUT_S, env=env)
        except ProcessTimeoutError as error:
            raise DisplayError(f"Godot did not start on it within {error.timeout_s:g} s.") from error
        except OSError as error:
            raise DisplayError(f"{binary.path} cannot be started: {error.strerror or error}.") from error
    for line in finished.tail:
        if line.startswith(_DRAWS):
            return line.removeprefix(_DRAWS).strip()
    words = [line.strip() for line in finished.tail if "ERROR" in line or "OS.alert" in line]
    raise DisplayError(
        "Godot does not draw on it" + (f": {words[0]}" if words else f" (exit code {finished.code}).")
    )
