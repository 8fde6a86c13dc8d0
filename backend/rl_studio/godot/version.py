"""Godot's version strings, as `godot --version` prints them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_VERSION = re.compile(
    r"^(?P<major>\d+)\.(?P<minor>\d+)(?:\.(?P<patch>\d+))?"
    r"\.(?P<status>stable|(?:dev|alpha|beta|rc)\d*|custom_build)(?P<rest>\..*)?$"
)


@dataclass(frozen=True, slots=True)
class GodotVersion:
    """One version of Godot.

    Attributes:
        major, minor, patch: the numbers; `patch` is 0 where the text leaves it out ("4.4.stable").
        status: "stable", "beta1", "rc2", "dev", …
        text: the whole string, such as "4.6.3.stable.debian4.6.3+ds-2".
    """

    major: int
    minor: int
    patch: int
    status: str
    text: str

    @property
    def numbers(self) -> tuple[int, int, int]:
        """For comparisons: `version.numbers >= (4, 4, 0)`."""
        return (self.major, self.minor, self.patch)

    @property
    def template_folder(self) -> str:
        """The folder of this version under export_templates, such as "4.6.3.stable" or "4.4.stable.mono"."""
        numbers = f"{self.major}.{self.minor}" + (f".{self.patch}" if self.patch else "")
        mono = ".mono" if ".mono" in self.text else ""
        return f"{numbers}.{self.status}{mono}"

    def __str__(self) -> str:
        return self.text


MINIMUM = (4, 4, 0)
"""The oldest Godot the studio works with."""

MINIMUM_TEXT = "4.4"


def parse_version(output: str) -> GodotVersion | None:
    """Finds the version line in what `godot --version` printed, warnings around it included.

    Returns:
        The version, or None when no line is one.
    """
    for line in output.splitlines():
        text = line.strip()
        if match := _VERSION.match(text):
            return GodotVersion(
                major=int(match["major"]),
                minor=int(match["minor"]),
                patch=int(match["patch"] or 0),
                status=match["status"],
                text=text,
            )
    return None
