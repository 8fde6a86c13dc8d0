"""Imports of `.blend` files, which Godot hands to Blender: without that, it abandons the import of a whole project."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

SUFFIX = ".blend"

_SCRIPT = """extends SceneTree
# Runs before the editor is there. Changes its own process only; nothing is saved.

const SWITCH: String = "filesystem/import/blender/enabled"
const BLENDER: String = "filesystem/import/blender/blender_path"


func _init() -> void:
	if not _has_blender():
		ProjectSettings.set_setting(SWITCH, false)


func _has_blender() -> bool:
	var folder: String = OS.get_config_dir().path_join("Godot" if OS.get_name() in ["Windows", "macOS"] else "godot")
	var version: Dictionary = Engine.get_version_info()
	var names: PackedStringArray = ["editor_settings-4.tres", "editor_settings-4.%d.tres" % version["minor"]]
	for name: String in names:
		for line: String in FileAccess.get_file_as_string(folder.path_join(name)).split("\\n"):
			if line.begins_with(BLENDER):
				var path: String = line.get_slice("=", 1).strip_edges().trim_prefix('"').trim_suffix('"')
				return FileAccess.file_exists(path)
	return false
"""


def has_blend_files(root: Path) -> bool:
    """Whether Godot finds `.blend` files in a project."""
    for _folder, subfolders, names in os.walk(root):
        if ".gdignore" in names:
            subfolders.clear()
            continue
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        if any(name.lower().endswith(SUFFIX) for name in names):
            return True
    return False


@contextlib.contextmanager
def without_blend_files(root: Path) -> Iterator[list[str]]:
    """The arguments with which an editor leaves `.blend` files out where no Blender is set up for it.

    Args:
        root: the project; nothing of it is changed.
    """
    if not has_blend_files(root):
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="rls-blend-") as folder:
        script = Path(folder, "without_blender.gd")
        script.write_text(_SCRIPT, encoding="utf-8")
        yield ["-s", str(script)]
