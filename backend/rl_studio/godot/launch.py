"""How a game is started: environment and command line, and the import that has to come first."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from rl_studio.godot.binary import GodotBinary
from rl_studio.godot.hidden_display import DrawingWay, hidden_display
from rl_studio.godot.managed import managed_root
from rl_studio.godot.relocate import library_folder
from rl_studio.project import Project

_ARGUMENT = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def headless_environment(
    *, private_dir: Path | None = None, environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment for a Godot without a window.

    Args:
        private_dir: a folder for Godot's settings, caches and user://, in place of the user's own (Linux);
            None leaves them as they are.
        environ: what to start from; None for our own environment.
    """
    env = dict(os.environ if environ is None else environ)
    if private_dir is not None:
        for name in ("data", "config", "cache"):
            folder = private_dir / name
            folder.mkdir(parents=True, exist_ok=True)
            env[f"XDG_{name.upper()}_HOME"] = str(folder)
    return env


def window_environment(
    binary: GodotBinary, *, private_dir: Path | None = None, environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment for a Godot with a window.

    The managed copy has to be told where its OpenGL drivers are.

    Args:
        binary: the Godot to start.
        private_dir: see `headless_environment`.
        environ: see `headless_environment`.
    """
    env = headless_environment(private_dir=private_dir, environ=environ)
    root = managed_root(binary.path)
    if root is not None:
        env["LIBGL_DRIVERS_PATH"] = str(library_folder(root) / "dri")
    return env


def unseen_environment(
    binary: GodotBinary | None, way: DrawingWay, *, environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment for a game that draws without being seen; starts the X server if it takes one.

    Args:
        binary: the Godot to start; None for an exported game.
        way: see `drawing_way`.
        environ: what to start from; None for our own environment.

    Raises:
        DisplayError: the X server does not start.
    """
    env = (
        headless_environment(environ=environ)
        if binary is None
        else window_environment(binary, environ=environ)
    )
    if way == "x server":
        env["DISPLAY"] = hidden_display().name
        for name in ("WAYLAND_DISPLAY", "XAUTHORITY"):
            env.pop(name, None)
    return env


def unseen_flags(way: DrawingWay) -> list[str]:
    """The engine's arguments for a game that draws without being seen.

    The window has the size that the project gives it: what the game sees depends on it. It is never the whole screen.
    """
    flags = ["--audio-driver", "Dummy", "--windowed"]
    if way == "x server":
        # There is no graphics card behind it: Vulkan may not come up, or not without a word.
        return [*flags, "--display-driver", "x11", "--rendering-driver", "opengl3"]
    return [
        *flags,
        "--rl_studio_unseen=1",
    ]  # a window cannot be placed outside by an argument; the addon does it


def game_argv(
    binary: GodotBinary,
    project: Project,
    scene: str = "",
    *,
    headless: bool = True,
    unseen: DrawingWay | None = None,
    fixed_fps: int | None = None,
    args: Mapping[str, str] | None = None,
) -> list[str]:
    """The command line that plays a scene of a project.

    Args:
        binary: the Godot editor binary.
        project: the game.
        scene: a `res://` path; empty for the main scene.
        headless: without a window, sound and drawing.
        unseen: draw, but so that nobody sees it, whatever `headless` says; with `unseen_environment`.
        fixed_fps: every frame counts as 1/`fixed_fps` s of game time and follows the last without a pause.
        args: the game's own arguments; each becomes `--key=value`. They are not set off by `--`, because the
            stock godot_rl_agents plugin looks at the engine's arguments only.

    Raises:
        ValueError: a key of `args` is not letters, digits, `_` and `-`, beginning with a letter.
    """
    argv = [str(binary.path)]
    if unseen is not None:
        argv += unseen_flags(unseen)
    elif headless:
        argv.append("--headless")
    if "--headless" not in argv and "opengl3" not in argv and managed_root(binary.path) is not None:
        argv += ["--rendering-driver", "opengl3"]  # Vulkan does not come up from its private libraries
    if fixed_fps is not None:
        argv += ["--fixed-fps", str(fixed_fps)]
    argv += ["--path", str(project.root)]
    if scene and scene != project.main_scene:  # the main scene may be a uid://, which is no argument
        argv.append(scene)
    for key, value in (args or {}).items():
        if not _ARGUMENT.fullmatch(key):
            raise ValueError(f"{key!r} is not a name for a game argument")
        argv.append(f"--{key}={value}")
    return argv
