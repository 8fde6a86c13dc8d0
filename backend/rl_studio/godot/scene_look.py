"""Looks at a scene before it is trained: Godot reads its files, and no game starts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from rl_studio.children import ProcessTimeoutError, run_lines
from rl_studio.errors import StudioError
from rl_studio.godot.binary import GodotBinary
from rl_studio.godot.dialogs import without_dialogs
from rl_studio.godot.importing import ProjectImportError, ensure_imported, is_imported
from rl_studio.godot.install_error import Progress
from rl_studio.godot.launch import headless_environment
from rl_studio.project import Project
from rl_studio.resources import addon_dir

_SCRIPT = Path("checks") / "command_line.gd"
_MARK = "@FINDINGS "
_TIMEOUT_S = 60.0
"""It takes a second; a machine with no time to spare must not make it fail."""

_WAYS_OUT = {
    "needs_dotnet": "Use the .NET build of Godot: name it with --godot PATH or in the environment variable GODOT.",
    "no_scene": "Name it with --scene.",
    "scene_missing": "Name another one with --scene.",
}
"""By code of a finding, the way out on the command line, in place of that in the editor."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a look at a scene found.

    Attributes:
        severity: an error keeps agents from being trained, as far as files tell.
        code: its kind, for programs.
        message: what is wrong.
        hint: the way out; may be empty.
        file: a res:// path; "" if it is in no file.
        line: from 1; 0 if it is not known.
        node: path of the node in its scene; "" if it is about none.
    """

    severity: Literal["error", "warning"]
    code: str
    message: str
    hint: str = ""
    file: str = ""
    line: int = 0
    node: str = ""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    def __str__(self) -> str:
        where = self.place if self.place and self.place not in self.message else ""
        text = f"{where}: {self.message}" if where else self.message
        return f"{text} {self.hint}".strip()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class SceneFaultError(StudioError):
    """A scene cannot be trained as it is; `data["findings"]` lists what was found."""

    code = "scene"


def look_at_scene(
    binary: GodotBinary,
    project: Project,
    scene: str,
    *,
    imported: bool = True,
    many: Sequence[str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> list[Finding]:
    """What is wrong with a scene, errors first. Takes about a second and changes nothing.

    Args:
        binary: the Godot to look with.
        project: the game, with our addon or without.
        scene: a res:// or uid:// path; "" for the training scene.
        many: None, or for a trainer of a single policy: the names of those that train many.
        imported: False where Godot has not imported the project yet: then scripts are not read.
        environ: the environment for Godot; None for ours.

    Raises:
        SceneFaultError: Godot does not tell.
    """
    argv = [str(binary.path), "--headless", "--path", str(project.root), "--check-only"]
    argv += ["-s", str(addon_dir() / _SCRIPT), "--", scene or project.training_scene]
    argv += [] if imported else ["--not-imported"]
    argv += [] if many is None else ["--single-policy"]
    told: list[str] = []

    def take(line: str) -> None:
        if line.startswith(_MARK):
            told.append(line.removeprefix(_MARK))

    try:
        finished = run_lines(
            argv,
            timeout_s=_TIMEOUT_S,
            on_line=take,
            env=without_dialogs(headless_environment(environ=environ)),
        )
    except ProcessTimeoutError as error:
        raise SceneFaultError(
            f"Godot did not look through {scene} within {_TIMEOUT_S:g} s.", hint="Train with --no-check."
        ) from error
    except OSError as error:
        raise SceneFaultError(f"{binary.path} cannot be started: {error.strerror or error}.") from error
    if not told:
        words = "\n".join(finished.tail[-10:])
        raise SceneFaultError(
            f"Godot could not look through {scene} (exit code {finished.code}):\n{words}",
            hint="Train with --no-check.",
        )
    return [_finding(entry, many or []) for entry in json.loads(told[-1])]


def prepare_scene(
    binary: GodotBinary,
    project: Project,
    scene: str,
    *,
    many: Sequence[str] | None = None,
    progress: Progress | None = None,
    environ: Mapping[str, str] | None = None,
) -> list[Finding]:
    """Has the project imported if need be, and finds what is wrong with a scene.

    Faults that need no import to be seen are found before it, so that nobody waits for it in vain.

    Args:
        many: as for `look_at_scene`.
        progress: as for `ensure_imported`.

    Raises:
        ProjectImportError: Godot cannot import the project.
        SceneFaultError: Godot does not tell.
    """
    if not is_imported(binary, project):
        findings = look_at_scene(binary, project, scene, imported=False, many=many, environ=environ)
        if has_errors(findings):
            return findings
        try:
            ensure_imported(binary, project, progress=progress, environ=environ)
        except ProjectImportError:
            findings = look_at_scene(binary, project, scene, many=many, environ=environ)
            if not has_errors(findings):
                raise
            return findings
    return look_at_scene(binary, project, scene, many=many, environ=environ)


def require_trainable(
    binary: GodotBinary,
    project: Project,
    scene: str,
    *,
    on_warning: Callable[[str], object],
    many: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> None:
    """Makes sure that there is something to train in a scene before anything is started for it.

    Args:
        on_warning: called with each finding that need not be a fault.
        many: as for `look_at_scene`.

    Raises:
        SceneFaultError: there are faults, which it names; nothing was started.
        ProjectImportError: Godot cannot import the project.
    """
    findings = prepare_scene(binary, project, scene, many=many, progress=progress)
    for finding in findings:
        if finding.severity == "warning":
            on_warning(str(finding))
    if has_errors(findings):
        raise scene_error(scene or project.training_scene, findings)


def has_errors(findings: list[Finding]) -> bool:
    return any(finding.severity == "error" for finding in findings)


def scene_error(scene: str, findings: list[Finding]) -> SceneFaultError:
    """The errors among `findings` as one."""
    errors = [str(finding) for finding in findings if finding.severity == "error"]
    message = errors[0] if len(errors) == 1 else "\n".join([f"{scene} cannot be trained:", *errors])
    return SceneFaultError(
        message,
        hint="Nothing was started. --no-check starts it all the same.",
        data={"findings": [finding.to_json() for finding in findings]},
    )


def _finding(entry: dict[str, Any], many: Sequence[str]) -> Finding:
    found = Finding(**{**entry, "line": int(entry["line"])})
    if found.code == "many_policies" and many:
        others = " or ".join(many)
        return replace(found, hint=f"Use --trainer {others}, or give all agents the same policy_name.")
    return replace(found, hint=_WAYS_OUT.get(found.code, found.hint))
