"""Turns policies of a checkpoint into ONNX files in the project: convert, prove, then drop them in place.

The conversion runs in a process of its own, because it needs torch. It writes into the run's `exports/` folder; only
files that have passed their comparison with the trained policies are moved into the game, all of them or none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rl_studio import export_converter
from rl_studio.errors import closest
from rl_studio.export_errors import ExportCancelledError, ExportError
from rl_studio.export_files import DEFAULT_TARGET, PLACEHOLDER, choose_targets, drop, file_name
from rl_studio.files import read_json, write_json_atomic
from rl_studio.project import Project
from rl_studio.runs import checkpoints
from rl_studio.runs.checkpoints import Which
from rl_studio.runs.folder import RunFolder, is_run_id

DEFAULT_OPSET = 17
DEFAULT_IR_VERSION = 8

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """What to export, and how.

    Args:
        checkpoint: which one of the run.
        policies: their names; None for all.
        to: the file as `res://….onnx`, with `{policy}` where a policy's name goes.
        opset: ONNX operator set.
        ir_version: ONNX file format version.
        godot: the Godot whose runtime the files are tried in as well; None to leave that out.
    """

    checkpoint: Which = "latest"
    policies: Sequence[str] | None = None
    to: str = DEFAULT_TARGET
    opset: int = DEFAULT_OPSET
    ir_version: int = DEFAULT_IR_VERSION
    godot: Path | None = None


def export_policies(
    project: Project,
    run_id: str,
    options: ExportOptions,
    *,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> dict[str, Any]:
    """Exports policies of one checkpoint; blocks until done, some seconds.

    Args:
        project: the game that gets the files.
        run_id: a run of this project.
        options: what and how.
        progress: called with one line about what is being done.
        cancel: set it to give up; nothing is changed in the game then.

    Returns:
        `run`, `checkpoint` and `files`, as the protocol's ExportResult has them.

    Raises:
        ExportError: no such run or policy, a failed conversion, a difference above the tolerance.
        ExportCancelledError: `cancel` was set.
        RunError: the run has no such checkpoint.
        ProjectError: a target is not inside the project.
    """
    run = RunFolder(project.runs_dir / run_id)
    if not is_run_id(run_id) or not run.path.is_dir():
        raise ExportError(f"There is no run {run_id!r}.", hint="rl-studio runs --project DIR lists them.")
    checkpoint = checkpoints.find(run.checkpoints_dir, options.checkpoint)
    details = _read_details(checkpoint)
    policies = _choose_policies(sorted(details.get("policies", {})), options.policies)
    targets = choose_targets(project, policies, options.to)
    command = [
        *(*export_converter.find(details.get("trainer")), str(checkpoint)),
        *("--output", str(run.exports_dir / f"{PLACEHOLDER}-{details['timesteps']}.onnx")),
        *(word for policy in policies for word in ("--policy", policy)),
        *("--run-id", run_id, "--opset", str(options.opset), "--ir-version", str(options.ir_version)),
        *(("--godot", str(options.godot)) if options.godot is not None else ()),
    ]
    run.exports_dir.mkdir(exist_ok=True)
    files = export_converter.convert(command, progress, cancel)
    written = _place(project, targets, files, cancel)
    result = {"run": run_id, "checkpoint": int(details["timesteps"]), "files": written}
    for file in written:
        name = f"{file_name(file['policy'])}-{details['timesteps']}.json"
        write_json_atomic(run.exports_dir / name, {**result, "files": [file]})
    return result


def _read_details(checkpoint: Path) -> dict[str, Any]:
    try:
        details: dict[str, Any] = read_json(checkpoint / checkpoints.DESCRIPTION_FILE)
        int(details["timesteps"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ExportError(
            f"The checkpoint {checkpoint} cannot be read: {error}.",
            hint="Choose another checkpoint of the run.",
        ) from error
    return details


def _choose_policies(names: list[str], wanted: Sequence[str] | None) -> list[str]:
    if not names:
        raise ExportError("The checkpoint has no policies.", hint="Choose another checkpoint of the run.")
    for policy in wanted or ():
        if policy not in names:
            near = closest(policy, names)
            raise ExportError(
                f"The checkpoint has no policy {policy!r}." + (f" Did you mean {near!r}?" if near else ""),
                hint=f"It has: {', '.join(names)}.",
            )
    return list(dict.fromkeys(wanted)) if wanted else names


def _place(
    project: Project, targets: dict[str, Path], files: list[dict[str, Any]], cancel: threading.Event | None
) -> list[dict[str, Any]]:
    """Moves what the converter wrote into the game; returns its report with the files that are there now."""
    if cancel is not None and cancel.is_set():
        raise ExportCancelledError
    drop({targets[file["policy"]]: Path(file["path"]).read_bytes() for file in files})
    return [
        {
            **file,
            "path": project.to_res(targets[file["policy"]]),
            "file": str(targets[file["policy"]]),
        }
        for file in files
    ]
