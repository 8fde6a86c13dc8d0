"""The files of an export in the game: which ones, and how they get there, all of them or none."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from rl_studio import storage
from rl_studio.export_errors import ExportError
from rl_studio.files import write_bytes_atomic
from rl_studio.project import Project

PLACEHOLDER = "{policy}"
"""Stands for a policy's name in a target."""
DEFAULT_TARGET = f"res://policies/{PLACEHOLDER}.onnx"

_FORBIDDEN = re.compile(r'[/\\:*?"<>|\x00-\x1f]')
"""What names of files do not have, on one system or another."""


def file_name(policy: str) -> str:
    """A policy's name as part of a file's name."""
    return _FORBIDDEN.sub("_", policy).strip(" .") or "policy"


def choose_targets(project: Project, policies: Sequence[str], to: str) -> dict[str, Path]:
    """The file of each policy.

    Args:
        project: where they lie.
        policies: their names.
        to: a `res://….onnx` path, with `{policy}` where a name goes.

    Raises:
        ExportError: `to` is no name of an .onnx file, or several policies would go into one file.
        ProjectError: `to` is not inside the project.
    """
    if not to.endswith(".onnx"):
        raise ExportError(f"{to!r} does not end in .onnx.", hint=f"For example {DEFAULT_TARGET}")
    targets = {policy: project.to_disk(to.replace(PLACEHOLDER, file_name(policy))) for policy in policies}
    if len({str(target).casefold() for target in targets.values()}) < len(targets):
        raise ExportError(
            f"The policies {', '.join(policies)} would go into the same file.",
            hint=f"Write {PLACEHOLDER} where a policy's name goes, as in {DEFAULT_TARGET}, or export one of them.",
        )
    return targets


def drop(files: Mapping[Path, bytes]) -> None:
    """Puts files in place, each by one rename; if that fails for one, all are as they were.

    Args:
        files: what goes where; folders are made.

    Raises:
        ExportError: a file cannot be written.
    """
    mark = secrets.token_hex(4)
    with ExitStack() as leftovers, ExitStack() as undo:
        try:
            fresh = {target: _keep(target, data, f"{mark}.new", leftovers) for target, data in files.items()}
            old = {
                target: _keep(target, target.read_bytes(), f"{mark}.old", leftovers)
                for target in files
                if target.exists()
            }
            for target, file in fresh.items():
                undo.callback(_put_back, target, old.get(target))
                file.replace(target)
        except OSError as error:
            known = storage.explain(error, next(iter(files)))
            what = f"{error.filename or 'A file'} cannot be written: {error.strerror or error}."
            hint = (
                "Check that the project's folder can be written to, and that no other program holds the file."
            )
            raise ExportError(
                f"{known.message if known else what} The game's files are as they were.",
                hint=known.hint if known else hint,
            ) from error
        undo.pop_all()


def _keep(target: Path, data: bytes, ending: str, leftovers: ExitStack) -> Path:
    """Writes data beside a file, where Godot does not see it; removed when `leftovers` is closed."""
    path = target.with_name(f".{target.name}.{ending}")
    leftovers.callback(path.unlink, missing_ok=True)
    write_bytes_atomic(path, data)
    return path


def _put_back(target: Path, old: Path | None) -> None:
    if old is not None:
        old.replace(target)
    else:
        target.unlink(missing_ok=True)
