"""Where people keep Godot on each system, besides the PATH."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from rl_studio.godot.binary import editors_in, newest_first

_STEAM_LINUX = (".steam/steam", ".local/share/Steam")
_STEAM_GAME = "steamapps/common/Godot Engine"


def usual_places(environ: Mapping[str, str], platform: str = sys.platform) -> list[Path]:
    """Folders, files and globs in which Godot usually is, the most likely first.

    Args:
        environ: gives HOME (USERPROFILE), LOCALAPPDATA and the like.
        platform: as `sys.platform`.
    """
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    if platform == "darwin":
        return _mac(home)
    if platform == "win32":
        return _windows(home, environ)
    return _linux(home)


def candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    """What is really there of `usual_places`: executables, .app bundles and folders named like Godot."""
    for place in usual_places(environ):
        if "*" in place.name:
            found = [entry for entry in _glob(place) if entry.is_dir() or entry.is_file()]
            yield from sorted(found, key=lambda entry: newest_first(entry.name))
        elif place.is_dir():
            yield from editors_in(place)
        elif place.exists():
            yield place


def _linux(home: Path) -> list[Path]:
    return [
        home / ".local" / "bin",
        home / "bin",
        home / "Applications",
        home / "Applications" / "Godot*",
        Path("/usr/local/bin"),
        Path("/usr/games"),
        Path("/opt/godot*"),
        Path("/opt/Godot*"),
        Path("/snap/bin"),
        *(home / steam / _STEAM_GAME / "godot.x11.opt.tools.*" for steam in _STEAM_LINUX),
        home / ".local/share/flatpak/exports/bin/org.godotengine.Godot",
        Path("/var/lib/flatpak/exports/bin/org.godotengine.Godot"),
        home / "Downloads",
    ]


def _mac(home: Path) -> list[Path]:
    return [
        Path("/Applications/Godot*.app"),
        home / "Applications" / "Godot*.app",
        Path("/opt/homebrew/bin"),
        Path("/usr/local/bin"),
        home / "Library/Application Support/Steam" / _STEAM_GAME / "Godot*.app",
        home / "Downloads" / "Godot*.app",
    ]


def _windows(home: Path, environ: Mapping[str, str]) -> list[Path]:
    program_files = Path(environ.get("ProgramFiles", "C:/Program Files"))
    program_files_x86 = Path(environ.get("ProgramFiles(x86)", "C:/Program Files (x86)"))
    local = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    return [
        program_files / "Godot",
        program_files / "Godot*",
        local / "Programs" / "Godot",
        local / "Programs" / "Godot*",
        local / "Godot",
        local / "Microsoft" / "WinGet" / "Packages" / "GodotEngine.GodotEngine*",
        home / "scoop" / "apps" / "godot" / "current",
        home / "scoop" / "apps" / "godot-mono" / "current",
        Path(environ.get("ProgramData", "C:/ProgramData")) / "chocolatey" / "bin",
        program_files_x86 / "Steam" / _STEAM_GAME / "godot.windows.opt.tools.*.exe",
        home / "Downloads",
    ]


def _glob(pattern: Path) -> list[Path]:
    try:
        return list(pattern.parent.glob(pattern.name))
    except OSError:
        return []
