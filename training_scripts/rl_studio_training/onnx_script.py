"""What both converters share: their command line, and what they tell of how it went."""

from __future__ import annotations

import argparse
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, cast

from rl_studio import storage
from rl_studio.errors import StudioError
from rl_studio.runs.checkpoints import Which
from rl_studio.runs.folder import RunFolder
from rl_studio_training.checkpoints import find_checkpoint
from rl_studio_training.errors import CheckpointError
from rl_studio_training.reporter import Reporter
from rl_studio_training.script import begin, load_torch

if TYPE_CHECKING:
    from rl_studio_training.onnx_export import ExportResult, Load


def run(find_load: Callable[[], Load], description: str, arguments: Sequence[str] | None = None) -> int:
    """Runs a converter; returns its exit code.

    Args:
        find_load: imports the trainer, which takes a moment, and returns what reads its policies.
        description: of the script.
        arguments: None for those of the process.
    """
    begin(arguments)
    options = _parser(description).parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # or Godot and its files would stay behind
    reporter = Reporter(enabled=True)
    try:
        results = _export(options, find_load, reporter)
        reporter.result({"files": [result.to_json() for result in results]})
    except StudioError as error:
        reporter.error(error.code, error.message, error.hint, error.data)
        return 1
    except Exception as error:
        known = storage.explain(error, Path(options.output).absolute())
        if known is not None:
            reporter.error(known.code, known.message, known.hint)
            return 1
        reporter.error(
            "internal",
            f"The export failed with an unexpected {type(error).__name__}: {error}",
            "The lines below have the details; please report it.",
        )
        reporter.say("".join(traceback.format_exception(error)))
        return 1
    return 0


def _parser(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("source", type=Path, metavar="CHECKPOINT", help="its folder, or that of a run")
    parser.add_argument(
        "--checkpoint", default="latest", help="of a run: latest (default), best, or its timesteps"
    )
    parser.add_argument(
        "--output", required=True, help="the .onnx file to write; {policy} stands for the policy's name"
    )
    parser.add_argument(
        "--policy",
        action="append",
        default=[],
        dest="policies",
        help="policy to export; may be given several times; default: all",
    )
    parser.add_argument("--opset", type=int, default=17, help="ONNX operator set, 9 to 20 (default 17)")
    parser.add_argument("--ir-version", type=int, default=8, help="ONNX file version (default 8)")
    parser.add_argument(
        "--samples", type=int, default=1000, help="observations to try at least (default 1000)"
    )
    parser.add_argument("--tolerance", type=float, default=1e-5, help="largest difference (default 1e-5)")
    parser.add_argument(
        "--observations", type=Path, help="observations.npz to try; default: the checkpoint's own, if any"
    )
    parser.add_argument("--godot", type=Path, help="Godot binary; the proof then runs in its runtime too")
    parser.add_argument("--run-id", help="run named in the file's metadata; default: the checkpoint's")
    return parser


def _export(
    options: argparse.Namespace, find_load: Callable[[], Load], reporter: Reporter
) -> list[ExportResult]:
    checkpoint = _find(options.source, options.checkpoint, options.policies)
    reporter.status("Loading PyTorch")
    load_torch(1)
    from rl_studio_training.onnx_export import export_checkpoint
    from rl_studio_training.onnx_options import ExportOptions

    load = find_load()
    chosen = ExportOptions(**{field.name: getattr(options, field.name) for field in fields(ExportOptions)})
    return export_checkpoint(checkpoint, options.output, load, chosen, reporter.status)


def _find(source: Path, which: str, policies: Sequence[str]) -> Path:
    """The checkpoint's folder; the best one is that of the policy, if it is a single one."""
    checkpoints = RunFolder(source).checkpoints_dir
    if not checkpoints.is_dir():
        return source
    if which not in ("latest", "best") and not which.isdigit():
        raise CheckpointError(
            f"There is no checkpoint {which!r}.", hint="Give latest, best, or the timesteps of one."
        )
    chosen = int(which) if which.isdigit() else cast(Which, which)
    return find_checkpoint(checkpoints, chosen, policies[0] if len(policies) == 1 else None)
