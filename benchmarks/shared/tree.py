"""Checkouts of this repository that are measured beside each other, each with its own addon and its own Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rl_studio.godot import GodotBinary
from rl_studio.project import Project
from shared.games import Game

BENCHMARKS = Path(__file__).resolve().parent.parent
REPOSITORY = BENCHMARKS.parent
WORKER = Path(__file__).with_name("tree_worker.py")
LIMIT_S = 240.0
"""The longest that one thing may take that a tree is asked for."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A checkout. Games and ways of measuring are those of this one; what is measured is the tree's.

    Args:
        title: what it is called in the rows.
        commit: what it holds, in words.
    """

    title: str
    root: Path
    commit: str

    def environment(self) -> dict[str, str]:
        """For processes of this interpreter that are to use the tree's packages."""
        paths = (self.root / "backend", self.root / "training_scripts", BENCHMARKS)
        return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))}

    def make_game(self, game: Game, folder: Path, godot: GodotBinary) -> Project:
        """The benchmark game with the tree's addon, below `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        answer = self._ask("make", {"game": game, "folder": str(folder), "godot": str(godot.path)})
        return Project.open(Path(answer["project"]))

    def step(self, project: Project, godot: GodotBinary, *, games: int, seconds: float, seed: int) -> float:
        """Agent steps per second with random actions, in a process of its own."""
        words = {"project": str(project.root), "godot": str(godot.path)}
        answer = self._ask("step", {**words, "games": games, "seconds": seconds, "seed": seed})
        return float(answer["rate"])

    def _ask(self, verb: str, what: Mapping[str, object]) -> dict[str, Any]:
        request = json.dumps({"verb": verb, "root": str(self.root), **what})
        argv = [sys.executable, str(WORKER), request]
        done = subprocess.run(
            argv, env=self.environment(), capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
        if done.returncode:
            tail = (done.stdout + done.stderr).splitlines()[-15:]
            raise SystemExit("\n".join([f"The tree {self.title} ({self.commit}) cannot {verb}:", *tail]))
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer


def this_tree() -> Tree:
    """The checkout that this benchmark is part of, as it is now."""
    return Tree("now", REPOSITORY, _describe(REPOSITORY))


@contextmanager
def open_tree(title: str, what: str) -> Iterator[Tree]:
    """Another checkout.

    Args:
        what: a folder with one, or a git revision, which is checked out in a temporary folder.

    Raises:
        SystemExit: there is no such thing.
    """
    if Path(what).is_dir():
        root = Path(what).resolve()
        if not (root / "backend" / "rl_studio").is_dir():
            raise SystemExit(f"{what} is no checkout of this repository: it has no backend/rl_studio.")
        yield Tree(title, root, _describe(root))
        return
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{what}^{{commit}}")
    if commit is None:
        raise SystemExit(f"{what} is neither a folder nor a revision of {REPOSITORY}.")
    with tempfile.TemporaryDirectory(prefix="rl_studio_tree_") as name:
        root = Path(name) / "tree"
        if _git("worktree", "add", "--detach", str(root), commit) is None:
            raise SystemExit(f"git cannot check {what} out.")
        try:
            yield Tree(title, root, _describe(root))
        finally:
            _git("worktree", "remove", "--force", str(root))


def _describe(root: Path) -> str:
    commit = _git("log", "-1", "--format=%h %s", root=root)
    if commit is None:
        return str(root)
    return f"{commit}, with changes" if _git("status", "--porcelain", root=root) else commit


def _git(*words: str, root: Path = REPOSITORY) -> str | None:
    """What git prints; None if it fails."""
    argv = ["git", "-C", str(root), *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
