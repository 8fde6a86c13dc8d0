"""Throw-away projects of the benchmark games: one game, driven by our nodes or by the stock plugin's."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Literal

from rl_studio.addon import install_addon
from rl_studio.godot import GodotBinary, ensure_imported
from rl_studio.project import Project
from shared.plugin import Plugin

GAMES = Path(__file__).resolve().parent.parent / "games"
SCENE = "train.tscn"
IMPORT_TIMEOUT_S = 180.0

Game = Literal["trivial", "arenas"]

_PROJECT = """\
config_version=5

[application]

config/name="Benchmark {game}"
run/main_scene="res://{side}/train.tscn"

[physics]

common/physics_ticks_per_second=60
2d/default_gravity=0.0
"""


def make_ours(game: Game, folder: Path, godot: GodotBinary) -> Project:
    """The game with our addon, imported; it also has the bare loop."""
    project = _copy(game, folder, "ours", drop="stock")
    shutil.copy(GAMES / "frame_counter.gd", project.root)
    install_addon(project, enable=False)
    ensure_imported(godot, project)
    return project


def make_stock(game: Game, folder: Path, godot: GodotBinary, plugin: Plugin) -> Project:
    """The game with the stock plugin, imported.

    Scripts of the plugin that this Godot cannot parse, and that the game does not use, do no harm.
    """
    project = _copy(game, folder, "stock", drop="ours", also_drop="bare")
    plugin.copy_into(project.root)
    argv = [str(godot.path), "--headless", "--path", str(project.root), "--import"]
    for _ in range(2):  # the first time classes may still be unknown
        subprocess.run(argv, capture_output=True, timeout=IMPORT_TIMEOUT_S, check=True)
    return project


def use_private_folders(folder: Path) -> None:
    """Lets all that we start from now on keep Godot's settings, caches and user:// below `folder` (Linux)."""
    for name in ("DATA", "CONFIG", "CACHE"):
        path = folder / name.lower()
        path.mkdir(parents=True)
        os.environ[f"XDG_{name}_HOME"] = str(path)


def _copy(game: Game, folder: Path, side: str, *, drop: str, also_drop: str = "") -> Project:
    root = folder / f"{game}-{side}"
    shutil.copytree(GAMES / game, root, ignore=shutil.ignore_patterns(drop, also_drop, "*.uid"))
    text = _PROJECT.format(game=game, side=side)
    (root / "project.godot").write_text(text, encoding="utf-8")
    return Project.open(root)
