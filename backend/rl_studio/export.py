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
from rl_studio.metrics.numbers import is_count
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
        checkpoint: which one of the run; "best" is the best one for each of the policies.
        policies: their names; None for all.
        to: the file as `res://….onnx`, with `{policy}` where a policy's name goes.
        opset: ONNX operator set.
        ir_version: ONNX file format version.
        tolerance: largest difference between the trained and the exported network; None for the converter's own.
        godot: the Godot whose runtime the files are tried in as well; None to leave that out.
    """

    checkpoint: Which = "latest"
    policies: Sequence[str] | None = None
    to: str = DEFAULT_TARGET
    opset: int = DEFAULT_OPSET
    ir_version: int = DEFAULT_IR_VERSION
    tolerance: float | None = None
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
        `run`, `checkpoint` (the newest, if they are of several) and `files`, as the protocol's ExportResult has them.

    Raises:
        ExportError: no such run or policy, a failed conversion, a difference above the tolerance.
        ExportCancelledError: `cancel` was set.
        RunError: the run has no such checkpoint.
        ProjectError: a target is not inside the project.
    """
    run = RunFolder(project.runs_dir / run_id)
    if not is_run_id(run_id) or not run.path.is_dir():
        raise ExportError(f"There is no run {run_id!r}.", hint="rl-studio runs --project DIR lists them.")
    sources = _choose_sources(run, options)
    targets = choose_targets(project, [name for source in sources for name in source.policies], options.to)
    run.exports_dir.mkdir(exist_ok=True)
    files = [
        file
        for source in sources
        for file in export_converter.convert(_command(run, source, options), progress, cancel)
    ]
    written = _place(project, targets, files, cancel)
    result = {"run": run_id, "checkpoint": max(source.timesteps for source in sources), "files": written}
    for file in written:
        steps = next(source.timesteps for source in sources if file["policy"] in source.policies)
        name = f"{file_name(file['policy'])}-{steps}.json"
        write_json_atomic(run.exports_dir / name, {**result, "checkpoint": steps, "files": [file]})
    return result


@dataclass(frozen=True, slots=True)
class _Source:
    """A checkpoint, and what is exported of it."""

    path: Path
    timesteps: int
    trainer: Any
    policies: list[str]


def _choose_sources(run: RunFolder, options: ExportOptions) -> list[_Source]:
    """The checkpoints to export from: one, but for the best ones of policies that are judged each for itself."""
    if options.checkpoint != "best":
        return [_source(checkpoints.find(run.checkpoints_dir, options.checkpoint), options.policies)]
    every = _source(checkpoints.find(run.checkpoints_dir, "latest"), options.policies).policies
    found: dict[Path, list[str]] = {}
    for policy in every:
        found.setdefault(checkpoints.find(run.checkpoints_dir, "best", policy), []).append(policy)
    return [_source(path, policies) for path, policies in found.items()]


def _source(checkpoint: Path, policies: Sequence[str] | None) -> _Source:
    details = _read_details(checkpoint)
    chosen = _choose_policies(sorted(details.get("policies", {})), policies)
    return _Source(checkpoint, int(details["timesteps"]), details.get("trainer"), chosen)


def _command(run: RunFolder, source: _Source, options: ExportOptions) -> list[str]:
    return [
        *(*export_converter.find(source.trainer), str(source.path)),
        *("--output", str(run.exports_dir / f"{PLACEHOLDER}-{source.timesteps}.onnx")),
        *(word for policy in source.policies for word in ("--policy", policy)),
        *("--run-id", run.id, "--opset", str(options.opset), "--ir-version", str(options.ir_version)),
        *(("--tolerance", str(options.tolerance)) if options.tolerance is not None else ()),
        *(("--godot", str(options.godot)) if options.godot is not None else ()),
    ]


def _read_details(checkpoint: Path) -> dict[str, Any]:
    try:
        details: dict[str, Any] = read_json(checkpoint / checkpoints.DESCRIPTION_FILE)
        if not is_count(details["timesteps"]) or not isinstance(details.get("policies", {}), dict):
            raise ValueError("its description makes no sense")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
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
