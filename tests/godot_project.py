"""Throw-away Godot projects for tests: the addon, some files of the test's own, and no tolerance.

Every GDScript warning is an error in them, the addon's included.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import godot_imports
from rl_studio.godot import GodotBinary, headless_environment
from rl_studio.project import Project

REPOSITORY = Path(__file__).resolve().parent.parent
ADDON = REPOSITORY / "godot_addon" / "addons" / "rl_studio"
GD_TESTS = REPOSITORY / "tests" / "godot"
WIRE_FIXTURES = REPOSITORY / "tests" / "fixtures" / "wire"
SAMPLE = REPOSITORY / "sample_project"

_BAD = ("SCRIPT ERROR", "Parse Error", "Compile Error", "WARNING: GDScript")
_WARNINGS = re.compile(r"^\[debug\]\n.*?(?=^\[)", re.MULTILINE | re.DOTALL)


class GodotOutputError(AssertionError):
    """Godot printed an error of a script, or left with one."""


def make_project(
    root: Path, files: Mapping[str, str] | None = None, *, settings: str = "", gd_tests: bool = False
) -> Project:
    """Makes a project with the addon in it.

    Args:
        root: the folder to make.
        files: contents by path in the project.
        settings: more text for project.godot, sections and all.
        gd_tests: put tests/godot at res://tests, and the golden binary frames at res://tests/wire.
    """
    addon = root / "addons" / "rl_studio"
    shutil.copytree(ADDON, addon)
    if gd_tests:
        shutil.copytree(GD_TESTS, root / "tests")
        shutil.copytree(WIRE_FIXTURES, root / "tests" / "wire")
    strict = _WARNINGS.search((SAMPLE / "project.godot").read_text(encoding="utf-8"))
    assert strict is not None
    (root / "project.godot").write_text(
        f'config_version=5\n\n[application]\n\nconfig/name="Test"\n\n{strict.group()}\n{settings}\n',
        encoding="utf-8",
    )
    for path, text in (files or {}).items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return Project.open(root)


def copy_sample(root: Path) -> Project:
    """Makes a copy of the sample project, with the addon in it."""
    shutil.copytree(SAMPLE, root, ignore=shutil.ignore_patterns(".godot", ".rl_studio", "addons"))
    shutil.copytree(ADDON, root / "addons" / "rl_studio")
    return Project.open(root)


def run_godot(
    godot: GodotBinary,
    project: Project,
    args: Sequence[str],
    *,
    timeout_s: float = 60.0,
    code: int | None = 0,
    allow_errors: bool = False,
) -> str:
    """Runs Godot in a project, headless, and returns all it printed.

    Raises:
        GodotOutputError: a script had an error (unless `allow_errors`), or the exit code is not `code`.
    """
    argv = [str(godot.path), "--headless", "--path", str(project.root), *args]
    env = headless_environment(private_dir=project.root.parent / f"{project.root.name}-xdg")
    done = subprocess.run(
        argv, env=env, timeout=timeout_s, capture_output=True, text=True, encoding="utf-8", errors="replace"
    )
    output = done.stdout + done.stderr
    if code is not None and done.returncode != code:
        raise GodotOutputError(f"exit code {done.returncode}, expected {code}:\n{output}")
    if not allow_errors and any(bad in output for bad in _BAD):
        raise GodotOutputError(output)
    return output


def import_project(godot: GodotBinary, project: Project) -> None:
    """Imports a project, which has to be done once before it runs. Equal ones are imported once in a session."""
    if godot_imports.take(project.root):
        return

    def run(*, allow_errors: bool = False) -> None:
        run_godot(godot, project, ["--import"], allow_errors=allow_errors)

    def run_all() -> None:
        # Until the list of classes is complete, scripts may fail to find one: a first pass only makes that list.
        if not godot_imports.take_classes(project.root):
            run(allow_errors=True)
            run()
            return
        try:
            run()
        except GodotOutputError:
            run()

    godot_imports.keep(project.root, run_all)


def run_gd_tests(godot: GodotBinary, project: Project, *filters: str, timeout_s: float = 90.0) -> str:
    """Runs the GDScript tests at res://tests whose file or name contains one of `filters`."""
    return run_godot(godot, project, ["-s", "res://tests/run_tests.gd", "--", *filters], timeout_s=timeout_s)
