"""Exports a project's game for Linux, as the machines of a cluster need it: no editor, no import, no window."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from rl_studio.children import Finished, ProcessTimeoutError, run_lines
from rl_studio.errors import StudioError
from rl_studio.files import write_bytes_atomic
from rl_studio.godot.binary import GodotBinary
from rl_studio.godot.importing import ensure_imported
from rl_studio.godot.launch import headless_environment
from rl_studio.godot.templates import release_template, templates_dir
from rl_studio.project import Project

PRESET = "RL Studio Linux"
"""The export preset that is used; a project's own one of this name wins over ours."""

_PRESETS_FILE = "export_presets.cfg"
_OVERRIDE_FILE = "override.cfg"
_SECTION = re.compile(r"^\[preset\.(\d+)\]", re.MULTILINE)
_OURS = """\

[preset.{number}]

name="{name}"
platform="Linux"
runnable=false
export_filter="all_resources"
include_filter=""
exclude_filter=""
export_path=""
script_export_mode=2

[preset.{number}.options]

custom_template/release="{template}"
binary_format/embed_pck=true
binary_format/architecture="x86_64"
texture_format/s3tc_bptc=true
"""


class BuildError(StudioError):
    """The game could not be exported; `data["lines"]` has Godot's own words."""

    code = "build"


def build_game(
    binary: GodotBinary,
    project: Project,
    target: Path,
    *,
    scene: str = "",
    timeout_s: float = 600.0,
    environ: Mapping[str, str] | None = None,
) -> Path:
    """Exports the game as one executable, with override.cfg beside it that names the scene to start in.

    A project without an export preset called `PRESET` has one while this runs.

    Args:
        target: the executable; its folder is made, a file of that name replaced.
        scene: to start in; "" is the project's training scene.

    Returns:
        `target`.

    Raises:
        BuildError: there is no export template for Linux, or Godot failed.
        ProjectImportError: the project does not import.
        OSError: a file cannot be written.
    """
    template = linux_template(binary, environ=environ)
    if template is None:
        raise BuildError(
            "There is no export template for Linux.",
            hint="In Godot choose Editor > Manage Export Templates; it goes to "
            f"{templates_dir(binary, environ=environ)}.",
        )
    ensure_imported(binary, project, environ=environ)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _preset(project, template):
        argv = [str(binary.path), "--headless", "--path", str(project.root)]
        argv += ["--export-release", PRESET, str(target.resolve())]
        try:
            done = run_lines(argv, timeout_s=timeout_s, env=headless_environment(environ=environ))
        except ProcessTimeoutError as error:
            raise BuildError(f"Godot has not exported the game within {timeout_s:g} seconds.") from error
    if done.code != 0 or not target.is_file():
        raise _failure(done)
    start = f'[application]\n\nrun/main_scene="{scene or project.training_scene}"\n'
    write_bytes_atomic(target.with_name(_OVERRIDE_FILE), start.encode())
    return target


def linux_template(binary: GodotBinary, *, environ: Mapping[str, str] | None = None) -> Path | None:
    """The template of a release build for Linux on x86-64, whatever this machine is; None if none is installed.

    On Linux it may be that of the managed Godot, whose games run on this machine only.
    """
    official = templates_dir(binary, environ=environ) / "linux_release.x86_64"
    if official.is_file():
        return official
    return release_template(binary, environ=environ) if sys.platform.startswith("linux") else None


@contextlib.contextmanager
def _preset(project: Project, template: Path) -> Iterator[None]:
    """The project has the preset in the block; its file is as before afterwards."""
    file = project.root / _PRESETS_FILE
    before = file.read_bytes() if file.is_file() else None
    text = (before or b"").decode("utf-8", "surrogateescape")
    if f'name="{PRESET}"' in text:
        yield
        return
    number = 1 + max((int(found) for found in _SECTION.findall(text)), default=-1)
    ours = _OURS.format(number=number, name=PRESET, template=template.resolve().as_posix())
    write_bytes_atomic(file, (text + ours).encode("utf-8", "surrogateescape"))
    try:
        yield
    finally:
        if before is None:
            file.unlink(missing_ok=True)
        else:
            write_bytes_atomic(file, before)


def _failure(done: Finished) -> BuildError:
    lines = [line for line in done.tail if line.strip()]
    return BuildError(
        f"Godot could not export the game (exit code {done.code}). Its last lines:\n"
        + "\n".join(lines[-10:]),
        hint=f"Try it in Godot: Project > Export, a preset for Linux called {PRESET!r}.",
        data={"lines": lines},
    )
