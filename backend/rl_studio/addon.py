"""Puts the Godot addon into a project: a plain copy, so it works on every system and in every checkout."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from rl_studio import storage
from rl_studio.errors import StudioError
from rl_studio.files import read_text, write_text
from rl_studio.project import Project
from rl_studio.resources import addon_dir, docs_dir
from rl_studio.setup import own_wheel

PLUGIN = "res://addons/rl_studio/plugin.cfg"
_VERSION = re.compile(r'^version="([^"]*)"', re.MULTILINE)
_ENABLED = re.compile(r"^enabled=PackedStringArray\((.*)\)\s*$")


class AddonError(StudioError):
    """The addon could not be copied or enabled."""

    code = "addon"


@dataclass(frozen=True, slots=True)
class InstalledAddon:
    """What `install_addon` did.

    Attributes:
        path: the addon's folder in the project.
        version: the version that is there now.
        replaced: the version that was there before, None if there was none.
        enabled: whether project.godot enables the plugin.
    """

    path: Path
    version: str
    replaced: str | None
    enabled: bool


def addon_version(folder: Path) -> str | None:
    """The version in the plugin.cfg of an addon folder; None if there is no such file."""
    try:
        match = _VERSION.search(read_text(folder / "plugin.cfg"))
    except FileNotFoundError:
        return None
    return match.group(1) if match else ""


def install_addon(project: Project, *, enable: bool = True) -> InstalledAddon:
    """Copies our addon into `project` in place of an older copy, and enables it.

    The new copy is made beside the old one and then swapped in: an interrupted install leaves one of them
    whole.

    Args:
        project: the project to get the addon.
        enable: also list the plugin in project.godot.

    Raises:
        AddonError: the files cannot be written.
        ReadOnlyError: the project is read-only.
    """
    target = project.root / "addons" / "rl_studio"
    storage.require_writable(target.parent, "The project")
    replaced = addon_version(target)
    try:
        _swap_in(addon_dir(), target)
        if enable:
            _enable(project)
    except OSError as error:
        known = storage.explain(error, target)
        raise AddonError(
            f"The addon could not be copied: {known.message if known else error}",
            hint=known.hint
            if known
            else "Close the Godot editor and check that the project folder can be written to.",
        ) from error
    return InstalledAddon(target, addon_version(target) or "", replaced, is_enabled(project))


def put_manual_into(addon: Path) -> None:
    """Puts the pages of the documentation into a copy of the addon, where its Help buttons look for them.

    Raises:
        OSError: they cannot be written.
    """
    manual = addon / "manual"
    manual.mkdir(exist_ok=True)
    for page in docs_dir().glob("*.md"):
        shutil.copyfile(page, manual / page.name)
    write_text(manual / ".gdignore", "")  # no resources of the game


def is_enabled(project: Project) -> bool:
    """Whether project.godot lists the plugin as enabled."""
    return PLUGIN in read_text(project.root / "project.godot")


def disable_addon(project: Project) -> None:
    """Takes the plugin out of the list in project.godot; what was added for it goes as well.

    Raises:
        OSError: the file cannot be written.
    """
    path = project.root / "project.godot"
    text = read_text(path)
    if PLUGIN in text:
        write_text(path, _without_plugin(text))


def _swap_in(source: Path, target: Path) -> None:
    # The dot keeps Godot from seeing two copies of every class while both exist.
    fresh = target.with_name(".rl_studio.new")
    old = target.with_name(".rl_studio.old")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        shutil.copytree(source, fresh, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        own_wheel.put_into(fresh)  # so that this copy, too, can set Python up
        put_manual_into(fresh)
        if target.exists():
            target.replace(old)
        fresh.replace(target)
    except BaseException:
        if old.exists() and not target.exists():
            old.replace(target)
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _enable(project: Project) -> None:
    path = project.root / "project.godot"
    text = read_text(path)
    if PLUGIN not in text:
        write_text(path, _with_plugin(text))


def _with_plugin(text: str) -> str:
    lines = text.removesuffix("\n").split("\n")
    section = ""
    for index, line in enumerate(lines):
        if line.startswith("["):
            section = line.strip()
        match = _ENABLED.match(line)
        if section == "[editor_plugins]" and match:
            others = match.group(1).strip()
            listed = f'{others}, "{PLUGIN}"' if others else f'"{PLUGIN}"'
            lines[index] = f"enabled=PackedStringArray({listed})"
            return "\n".join(lines) + "\n"
    entry = f'enabled=PackedStringArray("{PLUGIN}")'
    if "[editor_plugins]" in lines:
        lines.insert(lines.index("[editor_plugins]") + 1, entry)
        return "\n".join(lines) + "\n"
    return text.rstrip("\n") + f"\n\n[editor_plugins]\n\n{entry}\n"


def _without_plugin(text: str) -> str:
    text = re.sub(rf'"{re.escape(PLUGIN)}"(, )?', "", text).replace(", )", ")")
    return text.replace("\n\n[editor_plugins]\n\nenabled=PackedStringArray()\n", "\n")
