"""The studio's wheel: which version it is, and what it says of the versions of others."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rl_studio.setup.errors import SetupError

PATTERN = "godot_rl_studio-*.whl"
_CONSTRAINTS = "rl_studio/constraints.txt"


@dataclass(frozen=True)
class Wheel:
    """A wheel of ours.

    Args:
        path: where it lies.
    """

    path: Path

    @cached_property
    def sha256(self) -> str:
        """Its checksum.

        Raises:
            SetupError: it cannot be read.
        """
        try:
            with self.path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error

    @property
    def version(self) -> str:
        """The version in its name."""
        return self.path.name.split("-")[1]

    def constraints(self) -> bytes:
        """The versions that it is locked to.

        Raises:
            SetupError: it is damaged.
        """
        try:
            with zipfile.ZipFile(self.path) as archive:
                return archive.read(_CONSTRAINTS)
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise self._unusable(str(error)) from error

    def _unusable(self, why: str) -> SetupError:
        return SetupError(f"The package {self.path} cannot be used: {why}.", hint="Install the addon again.")
