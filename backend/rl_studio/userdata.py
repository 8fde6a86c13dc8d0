"""Where the studio keeps what belongs to a user rather than to a project."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import platformdirs


def data_dir(environ: Mapping[str, str] | None = None) -> Path:
    """The folder of the studio's per-user data: $RL_STUDIO_DATA_DIR, else the usual one of the system."""
    env = os.environ if environ is None else environ
    if env.get("RL_STUDIO_DATA_DIR"):
        return Path(env["RL_STUDIO_DATA_DIR"]).expanduser().absolute()
    return Path(platformdirs.user_data_dir("godot-rl-studio", appauthor=False))
