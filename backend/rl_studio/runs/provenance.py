"""Where a run comes from: versions, commit and command, as its folder tells them."""

from __future__ import annotations

import platform
import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from rl_studio import __version__
from rl_studio.trainers.registry import installed_version


def versions(packages: Iterable[str], godot: str | None) -> dict[str, str]:
    """Versions of what decides what a run computes; packages that are not installed are left out.

    Args:
        packages: distributions the trainer uses.
        godot: what Godot says of itself; None if it is not known.
    """
    found: dict[str, str | None] = {
        "godot-rl-studio": __version__,
        "python": platform.python_version(),
        "godot": godot,
        **{name: installed_version(name) for name in packages},
    }
    return {name: version for name, version in found.items() if version is not None}


def git_revision(root: Path) -> str | None:
    """The commit of the project, with "-dirty" if there are changes; None if it is not under git."""
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("ascii", "replace").strip() or None if done.returncode == 0 else None


def command_text(argv: list[str]) -> str:
    """A command line as a user would type it on this system."""
    return subprocess.list2cmdline(argv) if sys.platform == "win32" else shlex.join(argv)
