"""Where the managed environment and what belongs to it are kept."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from rl_studio.userdata import data_dir

STATE_FILE = "rl-studio.json"


@dataclass(frozen=True, slots=True)
class Places:
    """Paths below the user's data folder.

    Args:
        data: the data folder.
    """

    data: Path

    @property
    def env(self) -> Path:
        """The managed environment."""
        return self.data / "env"

    @property
    def python(self) -> Path:
        """The Python of the environment."""
        return python_of(self.env)

    @property
    def state(self) -> Path:
        """What the environment holds, and how far it has come."""
        return self.env / STATE_FILE

    @property
    def work(self) -> Path:
        """What a set-up needs beside the environment."""
        return self.data / "setup"

    @property
    def log(self) -> Path:
        return self.work / "setup.log"

    @property
    def lock(self) -> Path:
        return self.work / "lock"

    @property
    def wheels(self) -> Path:
        return self.work / "wheels"

    @property
    def downloads(self) -> Path:
        return self.work / "downloads"

    @property
    def temporary(self) -> Path:
        """For pip, which unpacks a gigabyte or more: the usual place may have no room for that."""
        return self.work / "tmp"

    @property
    def pythons(self) -> Path:
        """Pythons that uv has brought."""
        return self.data / "python"


def usual() -> Places:
    """The places of this user."""
    return Places(data_dir())


def python_of(env: Path) -> Path:
    """The Python of a virtual environment."""
    return env / "Scripts" / "python.exe" if os.name == "nt" else env / "bin" / "python"


def site_packages(env: Path) -> list[Path]:
    """The folders with the packages of a virtual environment; usually one."""
    if os.name == "nt":
        return [path for path in [env / "Lib" / "site-packages"] if path.is_dir()]
    return sorted((env / "lib").glob("python3*/site-packages"))
