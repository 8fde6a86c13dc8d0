"""Exports a policy of a Stable-Baselines3 checkpoint as ONNX.

    python convert_sb3_to_onnx.py CHECKPOINT_DIR --output policy.onnx

The last line on stdout is `@RESULT {json}`. The exit code is 0 only if the file was written, and that happens
only if it computes the same as the trained policy.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from rl_studio.errors import StudioError
from rl_studio_training.reporter import Reporter

if TYPE_CHECKING:
    from rl_studio_training.onnx_export import ExportResult


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the script; returns its exit code."""
    options = _parser().parse_args(arguments)
    reporter = Reporter(enabled=True)
    reporter.status("Loading PyTorch")
    try:
        reporter.result(_export(options, reporter).to_json())
    except StudioError as error:
        reporter.error(error.code, error.message, error.hint)
        return 1
    except Exception as error:
        reporter.error(
            "internal",
            f"The export failed with an unexpected {type(error).__name__}: {error}",
            "The lines below have the details; please report it.",
        )
        reporter.say("".join(traceback.format_exception(error)))
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Export a trained policy as ONNX.")
    parser.add_argument("checkpoint", type=Path, help="folder such as RUN/checkpoints/step_000000200000")
    parser.add_argument("--output", type=Path, required=True, help="the .onnx file to write")
    parser.add_argument("--opset", type=int, default=17, help="ONNX operator set (default 17)")
    parser.add_argument("--ir-version", type=int, default=8, help="ONNX file version (default 8)")
    parser.add_argument("--policy", help="policy to export; default: the only one")
    parser.add_argument(
        "--samples", type=int, default=1000, help="observations to verify with (default 1000)"
    )
    parser.add_argument("--tolerance", type=float, default=1e-5, help="largest difference (default 1e-5)")
    parser.add_argument("--run-id", help="run named in the file's metadata; default: the checkpoint's")
    return parser


def _export(options: argparse.Namespace, reporter: Reporter) -> ExportResult:
    import torch

    torch.set_num_threads(1)
    from rl_studio_training.onnx_export import ExportOptions, export_checkpoint

    chosen = ExportOptions(**{field.name: getattr(options, field.name) for field in fields(ExportOptions)})
    return export_checkpoint(options.checkpoint, options.output, chosen, reporter.status)


if __name__ == "__main__":
    sys.exit(main())
