"""Whether there is an NVIDIA GPU, as its driver's own tool says."""

from __future__ import annotations

import shutil
import subprocess

_TIMEOUT_S = 10.0


def name() -> str | None:
    """The name of the first NVIDIA GPU; None if there is none, or no driver."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    try:
        done = subprocess.run(
            [tool, "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = done.stdout.strip().splitlines()
    return lines[0].strip() if done.returncode == 0 and lines else None
