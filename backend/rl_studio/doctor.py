"""Looks at everything the studio needs and says what is here, what is missing, and what mends it.

Nothing heavy is imported: versions come from the metadata of the installed packages.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from rl_studio import __version__, addon, packages
from rl_studio.disk_facts import free_bytes
from rl_studio.errors import StudioError
from rl_studio.godot import (
    DisplayError,
    GodotBinary,
    drawing_way,
    find_godot,
    how_to_get_x_server,
    probe_drawing,
    release_template,
)
from rl_studio.packages import shell_command
from rl_studio.project import Project
from rl_studio.resources import addon_dir
from rl_studio.setup import bare, packages_there, places, state
from rl_studio.storage import require_writable
from rl_studio.userdata import data_dir

Status = Literal["ok", "warning", "missing"]

PYTHON = (3, 11)
LOW_BYTES = 2_000_000_000
"""Below this much free space on a disk the doctor warns: checkpoints, packages and imports need room."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what it is.
        status: "ok"; "warning" works, or is optional; "missing" has to be mended.
        detail: what was found, one line or more.
        fix: the command that mends it, or what to do in Godot; None if nothing needs to be done.
    """

    name: str
    status: Status
    detail: str
    fix: str | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def diagnose(project: Project | None, godot: Path | None) -> list[Check]:
    """Looks at this Python, its packages, Godot, the disk, and at a project.

    Args:
        project: a project to look at too.
        godot: the Godot asked for (--godot); None to find one.

    Returns:
        The checks in the order in which things are needed. It never raises for what it finds.
    """
    checks = [_python(), _base(), *_trainers(), _managed()]
    godot_check, binary = _godot(godot)
    checks.append(godot_check)
    if binary is not None:
        checks += [_template(binary), _drawing(binary)]
    checks.append(_disk("Disk space", data_dir()))
    if project is not None:
        checks += [check(project) for check in _PROJECT_CHECKS]
    return checks


def _python() -> Check:
    version = ".".join(str(number) for number in sys.version_info[:3])
    detail = f"{version} ({sys.executable})"
    if sys.version_info < PYTHON:
        return Check(
            "Python", "missing", f"{detail}; 3.11 or newer is needed", "Install Python 3.11 or newer."
        )
    return Check("Python", "ok", detail)


def _base() -> Check:
    found = packages.inspect(None)
    if found.problems:
        return Check("Packages", "missing", "; ".join(found.problems), packages.install_command(None))
    return Check("Packages", "ok", ", ".join(found.present))


def _trainers() -> list[Check]:
    """Either is enough: Stable-Baselines3 for one policy, RLlib for several."""
    rllib = _extra("rllib", "RLlib", use="for several policies at once")
    return [_extra("sb3", "Stable-Baselines3", use="for one policy" if rllib.status == "ok" else None), rllib]


def _extra(extra: str, title: str, *, use: str | None) -> Check:
    """Looks at the packages of a trainer.

    Args:
        use: what it is good for, if one can do without it; None if one cannot.
    """
    name = f"Training with {title}"
    found = packages.inspect(extra)
    if not found.problems:
        return Check(name, "ok", ", ".join(found.present))
    detail = "; ".join(found.problems)
    if use is not None:
        detail = f"optional, {use}: {detail}"
    return Check(name, "missing" if use is None else "warning", detail, packages.install_command(extra))


def _managed() -> Check:
    """The environment that Set up in the editor and `rl-studio setup` make."""
    name = "Managed environment"
    here = places.usual()
    found = state.load(here)
    repair = shell_command("rl-studio", "setup", "--repair")
    if found is None:
        if here.env.exists():
            return Check(name, "warning", f"{here.env} is not whole", repair)
        return Check(name, "ok", "none; the editor uses the Python that rl-studio was last run with")
    if found.stage != "ready":
        return Check(
            name, "warning", f"its set-up was interrupted ({here.env})", shell_command("rl-studio", "setup")
        )
    if not bare.works(here.env):
        return Check(name, "warning", f"the Python that it was made with is gone ({found.base})", repair)
    damaged = packages_there.damaged(here.env)
    if damaged:
        return Check(name, "warning", f"not whole: {', '.join(damaged)} ({here.env})", repair)
    detail = f"version {found.version}, {', '.join(found.extras) or 'without a trainer'} ({here.env})"
    if found.version != __version__:
        return Check(
            name, "warning", f"{detail}; here is version {__version__}", shell_command("rl-studio", "setup")
        )
    return Check(name, "ok", detail)


def _godot(asked_for: Path | None) -> tuple[Check, GodotBinary | None]:
    try:
        binary = find_godot(asked_for)
    except StudioError as error:
        return Check("Godot", "missing", error.message, error.hint), None
    origin = {
        "option": "given with --godot",
        "GODOT": "from the environment variable GODOT",
        "PATH": "on the PATH",
        "folder": "in a usual folder",
        "managed": "the studio's own copy",
    }[binary.source]
    return Check("Godot", "ok", f"{binary.version} ({binary.path}, {origin})"), binary


def _template(binary: GodotBinary) -> Check:
    template = release_template(binary)
    if template is None:
        return Check(
            "Export template",
            "warning",
            f"none for {binary.version.template_folder}; needed only to export the game itself",
            "In Godot: Editor > Manage Export Templates… > Download and Install",
        )
    return Check("Export template", "ok", str(template))


def _drawing(binary: GodotBinary) -> Check:
    """Only games whose agents look at pictures need it."""
    name = "Drawing without a window"
    way = drawing_way()
    if way is None:
        detail = "neither a screen nor Xvfb; needed only by agents that look at pictures"
        return Check(name, "warning", detail, how_to_get_x_server())
    if way == "window":
        return Check(name, "ok", "on this screen, in windows outside of what it shows")
    try:
        return Check(name, "ok", f"Xvfb, drawn by {probe_drawing(binary)}")
    except DisplayError as error:
        detail = f"Xvfb is installed. {error.message} Needed only by agents that look at pictures"
        return Check(
            name, "warning", detail, error.hint or "Install OpenGL for it (Debian: libgl1-mesa-dri)."
        )


def _disk(name: str, folder: Path) -> Check:
    free = free_bytes(folder)
    detail = f"{free / 1e9:.1f} GB free at {folder}"
    if free < LOW_BYTES:
        return Check(name, "warning", detail + "; training may fill it", "Free some space on this disk.")
    return Check(name, "ok", detail)


def _project(project: Project) -> Check:
    try:
        title = project.name
    except (OSError, UnicodeDecodeError) as error:
        return Check("Project", "missing", f"{project.root / 'project.godot'} cannot be read: {error}")
    return Check("Project", "ok", f"{title} ({project.root})")


def _addon(project: Project) -> Check:
    name = "Addon"
    fix = shell_command("rl-studio", "install-addon", str(project.root))
    try:
        ours, theirs = (
            addon.addon_version(addon_dir()),
            addon.addon_version(project.root / "addons/rl_studio"),
        )
        enabled = addon.is_enabled(project)
    except (OSError, UnicodeDecodeError) as error:
        return Check(name, "missing", f"it cannot be read: {error}", fix)
    if theirs is None:
        if project.uses_stock_plugin:
            detail = "not in the project, which has the nodes of godot_rl_agents; the editor's docks need it"
            return Check(name, "warning", detail, fix)
        return Check(
            name, "missing", "not in the project; it has the nodes RLSync and RLAgent, and the docks", fix
        )
    if theirs != ours:
        return Check(name, "warning", f"version {theirs or '?'} in the project, {ours or '?'} here", fix)
    if not enabled:
        return Check(name, "warning", f"version {theirs}, but not enabled", fix)
    return Check(name, "ok", f"version {theirs}, enabled")


def _scene(project: Project) -> Check:
    name = "Scene to train in"
    fix = "In Godot: Project > Project Settings > Application > Run > Main Scene"
    try:
        scene = project.training_scene
        if not scene:
            return Check(name, "warning", "the project has no main scene; name one with --scene", fix)
        if scene.startswith("res://") and not project.to_disk(scene).is_file():
            return Check(name, "missing", f"{scene} does not exist", fix)
    except (OSError, UnicodeDecodeError, StudioError) as error:
        return Check(name, "missing", str(error), fix)
    return Check(name, "ok", scene)


def _state(project: Project) -> Check:
    name = "Project's state"
    folder = project.state_dir if project.state_dir.exists() else project.root
    if not folder.is_dir():
        return Check(name, "missing", f"{folder} is a file, not a folder", f"Delete or rename {folder}.")
    try:
        require_writable(folder, "It")
        return _disk(name, folder)
    except StudioError as error:
        return Check(name, "missing", error.message, error.hint)
    except OSError as error:
        return Check(name, "missing", f"{folder} cannot be looked at: {error.strerror}")


_PROJECT_CHECKS: tuple[Callable[[Project], Check], ...] = (_project, _addon, _scene, _state)
