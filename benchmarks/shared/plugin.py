"""The Godot side of the peer: a copy of the public stock plugin that the user has."""

from __future__ import annotations

import argparse
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "GODOT_RL_AGENTS_PLUGIN"
_WHAT = "a checkout of the public repository edbeeching/godot_rl_agents_plugin on GitHub"
HOW_TO_GET_IT = f"needs Linux and --peer DIR, {_WHAT}"

_FOLDER = Path("addons") / "godot_rl_agents"


@dataclass(frozen=True, slots=True)
class Plugin:
    """The stock plugin.

    Args:
        folder: its addons/godot_rl_agents.
    """

    folder: Path

    def copy_into(self, root: Path) -> None:
        """Copies it into a Godot project."""
        shutil.copytree(self.folder, root / _FOLDER)


def add_peer(parser: argparse.ArgumentParser) -> None:
    """Adds `--peer`."""
    parser.add_argument(
        "--peer",
        type=Path,
        metavar="DIR",
        default=os.environ.get(VARIABLE) or None,
        help=f"the stock plugin: {_WHAT} (default: ${VARIABLE})",
    )


def find_plugin(folder: Path | str | None) -> Plugin | None:
    """The plugin in a checkout of its repository, or in its addon folder; None without a folder.

    Raises:
        SystemExit: it is not there.
    """
    if folder is None:
        return None
    for place in (Path(folder) / _FOLDER, Path(folder)):
        if (place / "sync.gd").is_file() and (place / "plugin.cfg").is_file():
            return Plugin(place.resolve())
    raise SystemExit(f"{folder} has no stock plugin (sync.gd) in it: {HOW_TO_GET_IT}.")
