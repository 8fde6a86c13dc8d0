"""Exports policies of a checkpoint of Stable-Baselines3 as ONNX.

    python convert_sb3_to_onnx.py CHECKPOINT_DIR --output policies/{policy}.onnx

The last line on stdout is `@RESULT {json}`. The exit code is 0 only if all files were written, and that happens
only if each computes the same as its trained policy.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rl_studio_training import onnx_script

if TYPE_CHECKING:
    from rl_studio_training.onnx_export import Load


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the script; returns its exit code."""
    return onnx_script.run(_load, "Export trained policies of Stable-Baselines3 as ONNX.", arguments)


def _load() -> Load:
    from rl_studio_training.sb3_export import load

    return load


if __name__ == "__main__":
    sys.exit(main())
