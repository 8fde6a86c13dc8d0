"""Godot itself: finding it, setting it up, starting it."""

from rl_studio.godot.binary import GodotBinary
from rl_studio.godot.find import GodotNotFoundError, download_hint, find_godot
from rl_studio.godot.importing import ProjectImportError, ensure_imported
from rl_studio.godot.install import install_godot
from rl_studio.godot.install_error import GodotInstallError, Progress
from rl_studio.godot.launch import game_argv, headless_environment, window_environment
from rl_studio.godot.managed import can_install
from rl_studio.godot.templates import install_export_templates, release_template
from rl_studio.godot.version import GodotVersion, parse_version

__all__ = [
    "GodotBinary",
    "GodotInstallError",
    "GodotNotFoundError",
    "GodotVersion",
    "Progress",
    "ProjectImportError",
    "can_install",
    "download_hint",
    "ensure_imported",
    "find_godot",
    "game_argv",
    "headless_environment",
    "install_export_templates",
    "install_godot",
    "parse_version",
    "release_template",
    "window_environment",
]
