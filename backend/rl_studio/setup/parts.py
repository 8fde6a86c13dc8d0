"""What can be installed, and how large it is; the numbers are in parts.json, which the addon reads, too."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

Torch = Literal["cpu", "gpu"]


@dataclass(frozen=True, slots=True)
class Size:
    """How much a selection takes: packages, bytes to download, bytes on the disk."""

    packages: int
    download: int
    disk: int


def load() -> dict[str, Any]:
    """The table of all parts."""
    text = resources.files(__package__).joinpath("parts.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


def extras() -> tuple[str, ...]:
    """The names of the extras."""
    return tuple(load()["extras"])


def size_of(chosen: Sequence[str], torch: Torch) -> Size:
    """About how large an environment with these extras is.

    The extras share nearly everything (godot-rl needs Stable-Baselines3): the largest of them counts.
    """
    table = load()
    rows = [table["base"]]
    if chosen:
        extra_rows = [table["extras"][name] for name in chosen]
        rows += [table["torch"][torch], max(extra_rows, key=lambda row: int(row["download"]))]
    packages, download, disk = (
        sum(int(row[key]) for row in rows) for key in ("packages", "download", "disk")
    )
    return Size(packages, download, disk)
