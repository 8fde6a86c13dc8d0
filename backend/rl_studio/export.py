"""Turns a checkpoint into an ONNX file in the project: convert, prove, then drop it in place.

The conversion runs in a process of its own, because it needs torch. It writes into the run's `exports/`
folder; only a file that passed its comparison with torch is moved into the game, in one rename.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rl_studio.children import ProcessCancelledError, run_lines
from rl_studio.errors import StudioError
from rl_studio.files import read_json, write_bytes_atomic, write_json_atomic
from rl_studio.project import Project
from rl_studio.resources import training_scripts_dir

LATEST = "latest"
DEFAULT_OPSET = 17
DEFAULT_IR_VERSION = 8

_CONVERTERS = {"sb3": "convert_sb3_to_onnx.py"}
_EVENT = "@EVENT "
_RESULT = "@RESULT "


class ExportError(StudioError):
    """Nothing was exported, and the game's files are as they were."""

    code = "export"


class ExportCancelledError(ExportError):
    """The caller gave up."""

    code = "cancelled"


def export_policy(
    project: Project,
    run_id: str,
    *,
    checkpoint: str | int = LATEST,
    to: str | None = None,
    policy: str | None = None,
    opset: int = DEFAULT_OPSET,
    ir_version: int = DEFAULT_IR_VERSION,
    progress: Callable[[str], None] | None = None,
    cancel: threading.Event | None = None,
) -> dict[str, Any]:
    """Exports one policy of one checkpoint; blocks until done, some seconds.

    Args:
        project: the game that gets the file.
        run_id: a run of this project.
        checkpoint: "latest", or the timesteps of a checkpoint.
        to: the target as `res://….onnx`; None for `res://policies/<policy>.onnx`.
        policy: the policy's name; None if the checkpoint has just one.
        opset: ONNX operator set.
        ir_version: ONNX file format version.
        progress: called with one line about what is being done.
        cancel: set it to give up; nothing is changed in the game then.

    Returns:
        The converter's result, with `path` as the `res://` path and `file` on disk, `run` and `checkpoint`.

    Raises:
        ExportError: no such run or checkpoint, conversion failed, difference above tolerance.
        ExportCancelledError: `cancel` was set.
        ProjectError: `to` is not inside the project.
    """
    folder = find_checkpoint(project.runs_dir / run_id, checkpoint)
    details = read_json(folder / "checkpoint.json")
    policy = _choose_policy(sorted(details.get("policies", {})), policy)
    to = to or f"res://policies/{policy}.onnx"
    if not to.endswith(".onnx"):
        raise ExportError(f"{to!r} does not end in .onnx.", hint="For example res://policies/enemy.onnx")
    target = project.to_disk(to)
    staged = folder.parent.parent / "exports" / f"{policy}-{details['timesteps']}.onnx"
    staged.parent.mkdir(exist_ok=True)
    command = [
        *(sys.executable, str(_converter(details))),
        *(str(folder), "--output", str(staged), "--policy", policy, "--run-id", run_id),
        *("--opset", str(opset), "--ir-version", str(ir_version)),
    ]
    result = _convert(command, progress, cancel)
    write_bytes_atomic(target, staged.read_bytes())
    result |= {"path": to, "file": str(target), "run": run_id, "checkpoint": details["timesteps"]}
    write_json_atomic(staged.with_suffix(".json"), result)
    return result


def find_checkpoint(run_dir: Path, which: str | int) -> Path:
    """The folder of a checkpoint: the latest, or the one with exactly `which` timesteps.

    Raises:
        ExportError: no such run or checkpoint; the message lists those there are.
    """
    if not run_dir.is_dir():
        raise ExportError(
            f"There is no run {run_dir.name!r}.", hint="rl-studio runs --project DIR lists them."
        )
    found = {int(path.name.removeprefix("step_")): path for path in run_dir.glob("checkpoints/step_*")}
    if not found:
        raise ExportError(
            f"The run {run_dir.name} has no checkpoint yet.",
            hint="Let it train until the first one is saved, or stop it: stopping saves one.",
        )
    if which == LATEST:
        return found[max(found)]
    try:
        return found[int(which)]
    except (KeyError, ValueError):
        listed = ", ".join(str(step) for step in sorted(found))
        raise ExportError(
            f"The run {run_dir.name} has no checkpoint {which!r}.", hint=f"It has: {listed}; or say latest."
        ) from None


def _choose_policy(names: list[str], wanted: str | None) -> str:
    if wanted is not None and wanted in names:
        return wanted
    if wanted is None and len(names) == 1:
        return names[0]
    listed = ", ".join(names) or "none"
    what = f"no policy {wanted!r}" if wanted is not None else f"{len(names)} policies"
    raise ExportError(f"The checkpoint has {what}.", hint=f"Choose one of: {listed}.")


def _converter(details: dict[str, Any]) -> Path:
    trainer = str(details.get("trainer"))
    if trainer not in _CONVERTERS:
        raise ExportError(f"There is no converter for checkpoints of the trainer {trainer!r}.")
    return training_scripts_dir() / _CONVERTERS[trainer]


def _convert(
    command: list[str], progress: Callable[[str], None] | None, cancel: threading.Event | None
) -> dict[str, Any]:
    """Runs the converter and returns its result; kills it when cancelled."""
    result: dict[str, Any] = {}
    words: deque[str] = deque(maxlen=12)

    def take(line: str) -> None:
        if line.startswith(_RESULT):
            result.update(json.loads(line.removeprefix(_RESULT)))
        elif line.startswith(_EVENT):
            _hear(json.loads(line.removeprefix(_EVENT)), progress)
        elif line.strip():
            words.append(line)

    try:
        finished = run_lines(command, on_line=take, cancel=cancel)
    except ProcessCancelledError as error:
        raise ExportCancelledError("The export was cancelled; the game's files are as they were.") from error
    if not result:
        raise ExportError(
            f"The converter ended with code {finished.code}. Its last lines:\n" + "\n".join(words),
            hint="Is the sb3 extra installed? rl-studio doctor tells.",
        )
    return result


def _hear(event: dict[str, Any], progress: Callable[[str], None] | None) -> None:
    if event["kind"] == "error":
        raise ExportError(event["message"], hint=event.get("hint"), data={"code": event.get("code")})
    if progress is not None and event["kind"] == "status":
        progress(event["message"])
