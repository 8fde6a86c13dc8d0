"""Lets Godot import a project, when it has to: a game started before that finds none of its resources."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from rl_studio import storage
from rl_studio.children import Finished, ProcessTimeoutError, run_lines
from rl_studio.errors import StudioError
from rl_studio.files import read_json, write_json_atomic
from rl_studio.godot.binary import GodotBinary
from rl_studio.godot.blender import without_blend_files
from rl_studio.godot.dialogs import without_dialogs
from rl_studio.godot.install_error import Progress, silent
from rl_studio.godot.launch import headless_environment
from rl_studio.project import Project

STAMP = "imported.json"

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_STEP = re.compile(r"^\[\s*(?P<percent>\d+)%\s*\]\s*(?P<task>\S+)\s*\|\s*(?P<message>.*)$")
_TASK_BEGINS = re.compile(r"^Started .* \(\d+ steps\)$")
"""Of Godot's own words, which say nothing to a user."""
_IMPORTING = "Importing the project"
_PARSE_ERRORS = ("Parse Error", "Compile Error")
_ADDON_CLASSES = ('"RLAgent"', '"RLSync"', '"RLPolicy"')
_FOREIGN = re.compile(r"res://addons/(?!rl_studio/)")


class ProjectImportError(StudioError):
    """Godot cannot import the project, or scripts have errors; `data["lines"]` has Godot's own words."""

    code = "godot_import"


@dataclass(frozen=True, slots=True)
class _State:
    """What was imported, and by which Godot.

    `newest` is a modification time in ns, `fingerprint` covers path, time and size of all files.
    """

    schema: int
    godot: str
    files: int
    newest: int
    fingerprint: str


def ensure_imported(
    binary: GodotBinary,
    project: Project,
    *,
    timeout_s: float = 180.0,
    progress: Progress | None = None,
    environ: Mapping[str, str] | None = None,
) -> bool:
    """Imports the project unless that has been done with this Godot and no file changed since.

    Args:
        binary: the Godot to import with.
        project: the project; gets a `.godot` folder, and `.rl_studio/imported.json` as a note of what was
            done.
        timeout_s: the longest one import may take, in seconds. Godot is killed then, with all it started.
        progress: called with ("import", fraction, message).
        environ: the environment for Godot; None for ours.

    Returns:
        Whether there was something to do.

    Raises:
        ProjectImportError: Godot failed or took too long, or scripts of the project have errors.
        ReadOnlyError, DiskFullError: the project has to be imported, and cannot be written.
    """
    if is_imported(binary, project):
        return False
    godot_folder = project.root / ".godot"
    storage.require_writable(godot_folder if godot_folder.is_dir() else project.root, "The project")
    report = progress or silent
    problems = _import(binary, project, timeout_s, report, environ)
    if problems:
        # In a first import a script may preload what comes later. Only what is still wrong then is an error.
        problems = _import(binary, project, timeout_s, report, environ)
    if problems:
        raise ProjectImportError(
            "The project has script errors:\n" + "\n".join(problems[:12]),
            hint=_remedy(project, problems),
            data={"lines": problems},
        )
    storage.require_room(project.root)  # Godot says nothing of files that it could not write
    _write_stamp(binary, project)
    return True


def is_imported(binary: GodotBinary, project: Project) -> bool:
    """Whether the project has been imported with this Godot and no file changed since."""
    if not (project.root / ".godot").is_dir():
        return False
    return _read_stamp(project.state_dir / STAMP) == asdict(_state(binary, project))


def note_import(binary: GodotBinary, project: Project, editor: Path) -> bool:
    """Takes an editor's word that it has the project open and has imported all files as they are now.

    Args:
        binary: the Godot that is going to run the project.
        project: the project.
        editor: the executable of the editor; if it is another Godot its import does not count.

    Returns:
        Whether the project counts as imported.
    """
    try:
        is_same = editor == binary.path or editor.samefile(binary.path)
    except OSError:
        return False
    if is_same:
        _write_stamp(binary, project)
    return is_same


def _remedy(project: Project, problems: list[str]) -> str:
    is_missing = not (project.root / "addons" / "rl_studio").is_dir()
    if is_missing and any(name in line for line in problems for name in _ADDON_CLASSES):
        return f"The project lacks the addon. Put it there: rl-studio install-addon {project.root}"
    return "Open the project in Godot and mend them."


def script_errors(lines: list[str]) -> list[str]:
    """The script errors in what Godot printed, each with its place.

    Left out are runtime errors of other addons in the editor: they say nothing about the game.
    """
    found: list[str] = []
    for number, line in enumerate(lines):
        if "SCRIPT ERROR" not in line and not any(kind in line for kind in _PARSE_ERRORS):
            continue
        following = lines[number + 1].strip() if number + 1 < len(lines) else ""
        place = following if following.startswith("at:") else ""
        is_static = any(kind in line for kind in _PARSE_ERRORS)
        if is_static or not _FOREIGN.search(place):
            found.append(f"{line.strip()} {place}".strip())
    return list(dict.fromkeys(found))


def _import(
    binary: GodotBinary,
    project: Project,
    timeout_s: float,
    progress: Progress,
    environ: Mapping[str, str] | None,
) -> list[str]:
    """Runs one import and returns the script errors it met."""
    lines: list[str] = []

    def follow(raw: str) -> None:
        line = _ANSI.sub("", raw).rstrip()
        if match := _STEP.match(line):
            message = _IMPORTING if _TASK_BEGINS.match(match["message"]) else match["message"]
            progress("import", int(match["percent"]) / 100, message)
        elif line and not line.startswith("[ DONE ]"):
            lines.append(line)

    progress("import", None, _IMPORTING)
    argv = [str(binary.path), "--headless", "--path", str(project.root), "--import"]
    env = without_dialogs(headless_environment(environ=environ))
    try:
        with without_blend_files(project.root) as more:
            finished = run_lines([*argv, *more], timeout_s=timeout_s, on_line=follow, env=env)
    except ProcessTimeoutError as error:
        raise ProjectImportError(
            f"Godot did not finish importing {project.root} within {timeout_s:g} s." + _last(lines),
            hint="Open the project in Godot once and let it import there.",
            data={"lines": lines[-20:]},
        ) from error
    except OSError as error:
        raise ProjectImportError(f"{binary.path} cannot be started: {error.strerror or error}.") from error
    _check(finished, project, lines)
    return script_errors(lines)


def _check(finished: Finished, project: Project, lines: list[str]) -> None:
    if finished.code == 0 and (project.root / ".godot").is_dir():
        return
    storage.require_room(project.root)
    what = f"failed with exit code {finished.code}" if finished.code else "made no .godot folder"
    raise ProjectImportError(
        f"Importing {project.root} {what}." + _last(lines),
        hint="Open the project in Godot once; it shows what is wrong.",
        data={"lines": lines[-20:]},
    )


def _last(lines: list[str]) -> str:
    return " Its last lines:\n" + "\n".join(lines[-10:]) if lines else ""


def _state(binary: GodotBinary, project: Project) -> _State:
    digest = hashlib.sha256()
    newest = files = 0
    for path, entry in _files(project.root):
        digest.update(f"{path}\0{entry.st_mtime_ns}\0{entry.st_size}\n".encode(errors="surrogateescape"))
        newest = max(newest, entry.st_mtime_ns)
        files += 1
    return _State(1, binary.version.text, files, newest, digest.hexdigest())


def _files(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Files as Godot sees them: no dot folders, nothing under a .gdignore; sorted."""
    for folder, subfolders, names in os.walk(root):
        if ".gdignore" in names:
            subfolders.clear()
            continue
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            try:
                entry = path.stat()
            except OSError:  # a dangling link, or gone in this moment
                continue
            yield path.relative_to(root).as_posix(), entry


def _write_stamp(binary: GodotBinary, project: Project) -> None:
    with suppress(OSError):  # next time it is imported again
        project.prepare_state_dir()
        write_json_atomic(project.state_dir / STAMP, asdict(_state(binary, project)))


def _read_stamp(path: Path) -> object:
    try:
        return read_json(path)
    except (OSError, ValueError):
        return None
