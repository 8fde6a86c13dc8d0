"""Imports of throw-away projects, shared: Godot takes five to ten seconds for each.

Projects of the same files have the same import, and the list of classes is that of the addon in all of them.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

_CLASSES = ".godot/global_script_class_cache.cfg"
_LEFT_OUT = {".godot", ".rl_studio"}

_folder = tempfile.TemporaryDirectory(prefix="rl-studio-imports-")  # until this process ends
_known: dict[str, Path] = {}
_with_classes: list[Path] = []


def take(root: Path) -> bool:
    """Gives a project the import of an equal one; False if there was none."""
    found = _known.get(_digest(root))
    if found is not None and not (root / ".godot").exists():
        shutil.copytree(found, root, dirs_exist_ok=True)
        return True
    return False


def take_classes(root: Path) -> bool:
    """Gives a project that was never imported the list of the addon's classes; False if nobody has it yet."""
    if not _with_classes or (root / ".godot").exists():
        return False
    (root / ".godot").mkdir()
    shutil.copy2(_with_classes[0], root / _CLASSES)
    return True


def keep(root: Path, run_import: Callable[[], None]) -> None:
    """Imports a project, and keeps for others what that has made."""
    if (root / ".godot" / "editor").exists():
        run_import()
        return
    key, before = _digest(root), set(root.rglob("*"))
    run_import()
    kept = Path(_folder.name) / str(len(_known))
    kept.mkdir()
    shutil.copytree(root / ".godot", kept / ".godot")
    made = [path for path in root.rglob("*") if path not in before and path.is_file()]
    for path in made:
        place = kept / path.relative_to(root)
        if place.parts[len(kept.parts)] not in _LEFT_OUT:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place)
    _known[key] = kept
    if not _with_classes:
        _with_classes.append(kept / _CLASSES)


def _digest(root: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        inner = path.relative_to(root)
        if path.is_file() and inner.parts[0] not in _LEFT_OUT:
            found.update(f"{inner}\0{path.stat().st_size}\0".encode())
            found.update(path.read_bytes())
    return found.hexdigest()
