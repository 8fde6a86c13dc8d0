"""How a game is started: environment and command line, and the import that has to come first."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from rl_studio.godot.binary import GodotBinary
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


def game_argv(
    binary: GodotBinary,
    project: Project,
    scene: str = "",
    *,
    headless: bool = True,
    fixed_fps: int | None = None,
    args: Mapping[str, str] | None = None,
) -> list[str]:
    """The command line that plays a scene of a project.

    Args:
        binary: the Godot editor binary.
        project: the game.
        scene: a `res://` path; empty for the main scene.
        headless: without a window, sound and drawing.
        fixed_fps: every frame counts as 1/`fixed_fps` s of game time and follows the last without a pause.
        args: the game's own arguments; each becomes `--key=value`. They are not set off by `--`, because the
            stock godot_rl_agents plugin looks at the engine's arguments only.

    Raises:
        ValueError: a key of `args` is not letters, digits, `_` and `-`, beginning with a letter.
    """
    argv = [str(binary.path)]
    if headless:
        argv.append("--headless")
    elif managed_root(binary.path) is not None:
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
