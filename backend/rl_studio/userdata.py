"""Where the studio keeps what belongs to a user rather than to a project. Needs nothing but Python itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

APPLICATION = "godot-rl-studio"


def data_dir(environ: Mapping[str, str] | None = None) -> Path:
    """The folder of the studio's per-user data: $RL_STUDIO_DATA_DIR, else the usual one of the system.

    The addon has the same rule in net/python_finder.gd.
    """
    env = os.environ if environ is None else environ
    if env.get("RL_STUDIO_DATA_DIR"):
        return Path(env["RL_STUDIO_DATA_DIR"]).expanduser().absolute()
    if sys.platform == "win32":
        usual = Path(env.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        usual = Path.home() / "Library" / "Application Support"
    else:
        usual = Path(env.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return usual / APPLICATION
