"""Imports of throw-away projects, shared: Godot takes five to ten seconds for each.

Projects of the same files have the same import, and the list of classes is that of the addon in all of them.
All processes of a test session have one folder of imports.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

_CLASSES = ".godot/global_script_class_cache.cfg"
_LEFT_OUT = {".godot", ".rl_studio"}

_shared: Path | None = None


def share(folder: Path) -> None:
    """Keeps the imports of this process in `folder`, where others find them and leave theirs."""
    global _shared
    folder.mkdir(exist_ok=True)
    _shared = folder


def take(root: Path) -> bool:
    """Gives a project the import of an equal one; False if there was none."""
    found = _place() / _digest(root)
    if found.is_dir() and not (root / ".godot").exists():
        shutil.copytree(found, root, dirs_exist_ok=True)
        return True
    return False


def take_classes(root: Path) -> bool:
    """Gives a project that was never imported the list of the addon's classes; False if nobody has it yet."""
    found = _place() / "classes.cfg"
    if not found.is_file() or (root / ".godot").exists():
        return False
    (root / ".godot").mkdir()
    shutil.copy2(found, root / _CLASSES)
    return True


def keep(root: Path, run_import: Callable[[], None]) -> None:
    """Imports a project, and keeps for others what that has made."""
    if (root / ".godot" / "editor").exists():
        run_import()
        return
    key, before = _digest(root), set(root.rglob("*"))
    run_import()
    place = _place()
    draft = place / f"draft-{os.getpid()}"  # others find an import when it is whole
    shutil.copytree(root / ".godot", draft / ".godot")
    made = [path for path in root.rglob("*") if path not in before and path.is_file()]
    for path in made:
        inner = path.relative_to(root)
        if inner.parts[0] not in _LEFT_OUT:
            (draft / inner).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, draft / inner)
    if not (place / "classes.cfg").exists():
        classes = place / f"classes-{os.getpid()}"
        shutil.copy2(draft / _CLASSES, classes)
        classes.replace(place / "classes.cfg")
    try:
        draft.rename(place / key)
    except OSError:  # another process was faster
        shutil.rmtree(draft)


def _place() -> Path:
    return _shared or Path(_private().name)


@functools.cache
def _private() -> tempfile.TemporaryDirectory[str]:
    """Of this process, until it ends."""
    return tempfile.TemporaryDirectory(prefix="rl-studio-imports-")


def _digest(root: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        inner = path.relative_to(root)
        if path.is_file() and inner.parts[0] not in _LEFT_OUT:
            found.update(f"{inner}\0{path.stat().st_size}\0".encode())
            found.update(path.read_bytes())
    return found.hexdigest()
