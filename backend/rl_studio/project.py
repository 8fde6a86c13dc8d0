"""A Godot project on disk: what project.godot says, and where the studio keeps its state in it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from rl_studio.errors import ProjectError, closest
from rl_studio.files import read_text

STATE_FOLDER = ".rl_studio"
"""Folder of the studio's state in a project; Godot skips folders that begin with a dot."""

_SETTING = re.compile(r'^\s*([\w/]+)\s*=\s*(".*"|.+?)\s*$')


@dataclass(frozen=True)
class Project:
    """A Godot project. Make one with `Project.open`."""

    root: Path

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Opens the project in `path`, a folder with a project.godot (or that file itself).

        Raises:
            ProjectError: there is none.
        """
        folder = Path(path).expanduser().resolve()
        if folder.name == "project.godot":
            folder = folder.parent
        if not (folder / "project.godot").is_file():
            raise ProjectError(
                f"{folder} is not a Godot project: it has no project.godot.",
                hint="Give the folder that holds project.godot, with --project DIR.",
            )
        return cls(folder)

    @property
    def state_dir(self) -> Path:
        return self.root / STATE_FOLDER

    @property
    def runs_dir(self) -> Path:
        return self.state_dir / "runs"

    @property
    def experiments_dir(self) -> Path:
        return self.state_dir / "experiments"

    @property
    def database(self) -> Path:
        return self.state_dir / "studio.db"

    @property
    def discovery_file(self) -> Path:
        """Where a serving backend leaves its port and token, readable by the user only."""
        return self.state_dir / "backend.json"

    @cached_property
    def settings(self) -> dict[str, str]:
        """Settings of project.godot as `section/key` → raw text, strings without their quotes."""
        found: dict[str, str] = {}
        section = ""
        for line in read_text(self.root / "project.godot").splitlines():
            if line.startswith("[") and line.rstrip().endswith("]"):
                section = line.strip()[1:-1] + "/"
            elif match := _SETTING.match(line):
                value = match.group(2)
                found[section + match.group(1)] = value[1:-1] if value.startswith('"') else value
        return found

    @property
    def name(self) -> str:
        return self.settings.get("application/config/name") or self.root.name

    @property
    def main_scene(self) -> str:
        """The main scene (res:// or uid:// path), or "" if the project has none."""
        return self.settings.get("application/run/main_scene", "")

    @property
    def training_scene(self) -> str:
        """The scene to train in when none is named.

        It is the project setting `rl_studio/training/scene`, else the main scene.
        """
        return self.settings.get("rl_studio/training/scene") or self.main_scene

    @property
    def physics_ticks_per_second(self) -> int:
        """The project's own physics rate in Hz (Godot's default is 60)."""
        try:
            return int(self.settings.get("physics/common/physics_ticks_per_second", "60"))
        except ValueError:
            return 60

    @property
    def uses_stock_plugin(self) -> bool:
        """Whether the godot_rl_agents plugin is in the project."""
        return (self.root / "addons" / "godot_rl_agents").is_dir()

    @property
    def has_addon(self) -> bool:
        """Whether our addon is in the project."""
        return (self.root / "addons" / "rl_studio" / "plugin.cfg").is_file()

    def to_disk(self, resource_path: str) -> Path:
        """The file behind a `res://` path.

        Raises:
            ProjectError: the path does not begin with res://, or leads out of the project.
        """
        if not resource_path.startswith("res://"):
            raise ProjectError(
                f"{resource_path!r} is not a path in the project.", hint="Write it as res://folder/file."
            )
        target = (self.root / resource_path.removeprefix("res://")).resolve()
        if not target.is_relative_to(self.root):
            raise ProjectError(f"{resource_path!r} leads out of the project {self.root}.")
        return target

    def to_res(self, path: Path) -> str:
        """The `res://` path of a file of the project.

        Raises:
            ProjectError: the file is not inside the project.
        """
        absolute = path.resolve()
        if not absolute.is_relative_to(self.root):
            raise ProjectError(f"{path} is outside of the project {self.root}.")
        return "res://" + absolute.relative_to(self.root).as_posix()

    def resource(self, text: str) -> str:
        """The `res://` path of what somebody names in any usual way.

        Args:
            text: a res:// or uid:// path, which stays as it is, as "" does; a path in the project, or relative to the
                working folder if such a file is in the project; or an absolute path of a file in it.

        Raises:
            ProjectError: it is outside of the project.
        """
        if not text or text.startswith(("res://", "uid://")):
            return text
        inside, here = self.root / text, Path(text).resolve()
        is_from_here = not inside.exists() and here.exists() and here.is_relative_to(self.root)
        return self.to_res(here if is_from_here else inside)

    def nearest(self, resource_path: str) -> str | None:
        """The file of the project that somebody may have meant by a `res://` path that is none; for "did you mean"."""
        suffix = Path(resource_path).suffix
        known = {path.removeprefix("res://").removesuffix(suffix): path for path in self._files(suffix)}
        name = Path(resource_path).stem
        elsewhere = [path for inner, path in known.items() if Path(inner).name == name]
        if elsewhere:
            return elsewhere[0]
        near = closest(resource_path.removeprefix("res://").removesuffix(suffix), known)
        return known[near] if near else None

    def _files(self, suffix: str) -> Iterator[str]:
        """Paths of the files that end like this, without those of addons."""
        for folder, inner, names in os.walk(self.root):
            inner[:] = sorted(name for name in inner if name != "addons" and not name.startswith("."))
            for name in sorted(names):
                if name.endswith(suffix):
                    yield "res://" + (Path(folder) / name).relative_to(self.root).as_posix()

    def prepare_state_dir(self) -> None:
        """Makes the state folder with a .gitignore, so that runs never reach version control by accident.

        Experiments are left visible to git: they are small, and a team wants to share them.

        Raises:
            OSError: it cannot be made.
        """
        self.state_dir.mkdir(parents=True, exist_ok=True)
        ignore = self.state_dir / ".gitignore"
        if not ignore.exists():
            ignore.write_text(
                "*\n!.gitignore\n!project.json\n!experiments/\n!experiments/**\n", encoding="utf-8"
            )
