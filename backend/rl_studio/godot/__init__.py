"""Godot itself: finding it, setting it up, starting it."""

from rl_studio.godot.binary import GodotBinary
from rl_studio.godot.dialogs import without_dialogs
from rl_studio.godot.drawing_probe import probe_drawing
from rl_studio.godot.find import GodotNotFoundError, download_hint, find_godot
from rl_studio.godot.hidden_display import (
    DisplayError,
    DrawingWay,
    HiddenDisplay,
    cannot_draw,
    drawing_way,
    hidden_display,
    how_to_get_x_server,
    misses_picture,
)
from rl_studio.godot.importing import ProjectImportError, ensure_imported, is_imported, note_import
from rl_studio.godot.install import install_godot
from rl_studio.godot.install_error import GodotInstallError, Progress
from rl_studio.godot.launch import (
    game_argv,
    headless_environment,
    unseen_environment,
    unseen_flags,
    window_environment,
)
from rl_studio.godot.managed import can_install
from rl_studio.godot.scene_look import (
    Finding,
    SceneFaultError,
    has_errors,
    look_at_scene,
    prepare_scene,
    require_trainable,
    scene_error,
)
from rl_studio.godot.script_errors import ErrorCounts, ErrorReader, PrintedError
from rl_studio.godot.templates import install_export_templates, release_template
from rl_studio.godot.version import GodotVersion, parse_version

__all__ = [
    "DisplayError",
    "DrawingWay",
    "ErrorCounts",
    "ErrorReader",
    "Finding",
    "GodotBinary",
    "GodotInstallError",
    "GodotNotFoundError",
    "GodotVersion",
    "HiddenDisplay",
    "PrintedError",
    "Progress",
    "ProjectImportError",
    "SceneFaultError",
    "can_install",
    "cannot_draw",
    "download_hint",
    "drawing_way",
    "ensure_imported",
    "find_godot",
    "game_argv",
    "has_errors",
    "headless_environment",
    "hidden_display",
    "how_to_get_x_server",
    "install_export_templates",
    "install_godot",
    "is_imported",
    "look_at_scene",
    "misses_picture",
    "note_import",
    "parse_version",
    "prepare_scene",
    "probe_drawing",
    "release_template",
    "require_trainable",
    "scene_error",
    "unseen_environment",
    "unseen_flags",
    "window_environment",
    "without_dialogs",
]
