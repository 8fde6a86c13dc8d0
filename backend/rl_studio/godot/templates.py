"""Export templates: what an exported game consists of, besides its data."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from rl_studio.godot.binary import GodotBinary


def release_template(binary: GodotBinary, *, environ: Mapping[str, str] | None = None) -> Path | None:
    """The template for release builds on this kind of machine.

    For the managed copy, and for Debian's package, it lies beside the editor. Note that the managed copy's
    template uses the managed copy's libraries, so what is exported with it runs on this machine only. For any
    other Godot it is the one in the user's folder of templates.

    Returns:
        The template file, or None if none is installed.
    """
    beside = binary.path.resolve().with_name("godot-template-release")
    if beside.is_file():
        return beside
    installed = templates_dir(binary, environ=environ) / _template_name()
    return installed if installed.is_file() else None


def templates_dir(binary: GodotBinary, *, environ: Mapping[str, str] | None = None) -> Path:
    """The folder in which this version of Godot looks for export templates."""
    env = os.environ if environ is None else environ
    home = Path(env.get("HOME") or env.get("USERPROFILE") or Path.home())
    if sys.platform == "darwin":
        data = home / "Library" / "Application Support" / "Godot"
    elif sys.platform == "win32":
        data = Path(env.get("APPDATA") or home / "AppData" / "Roaming") / "Godot"
    else:
        data = Path(env.get("XDG_DATA_HOME") or home / ".local" / "share") / "godot"
    return data / "export_templates" / binary.version.template_folder


def install_export_templates(binary: GodotBinary, *, environ: Mapping[str, str] | None = None) -> Path | None:
    """Puts the template where Godot looks for it, so that `--export-release` works.

    Args:
        binary: a Godot with a template beside it, such as the managed copy.
        environ: XDG_DATA_HOME and HOME say whose templates; None for our own environment.

    Returns:
        The installed template; None if there is none to install.

    Raises:
        OSError: the folder cannot be written to.
    """
    template = release_template(binary, environ=environ)
    if template is None:
        return None
    target = templates_dir(binary, environ=environ) / _template_name()
    if template == target or (target.is_file() and target.stat().st_size == template.stat().st_size):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(target.name + ".new")
    fresh.unlink(missing_ok=True)
    try:
        os.link(template, fresh)  # 80 MB that need not be there twice
    except OSError:
        shutil.copy2(template, fresh)
    fresh.replace(target)
    return target


def _template_name() -> str:
    if sys.platform == "darwin":
        return "macos.zip"
    arm = platform.machine().lower() in ("arm64", "aarch64")
    if sys.platform == "win32":
        return f"windows_release_{'arm64' if arm else 'x86_64'}.exe"
    return f"linux_release.{'arm64' if arm else 'x86_64'}"
