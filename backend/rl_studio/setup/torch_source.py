"""Where PyTorch comes from: its makers' own list of files, where the package index has another build."""

from __future__ import annotations

import os
import platform
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

from rl_studio.setup.parts import Torch

VARIABLE = "RL_STUDIO_TORCH_INDEX"
"""Names a mirror of PyTorch's index, or is empty to do without one."""
INDEX = "https://download.pytorch.org/whl"
_BUILDS: dict[Torch, str] = {"cpu": "cpu", "gpu": "cu130"}
_TIMEOUT_S = 6.0


@dataclass(frozen=True, slots=True)
class TorchSource:
    """Arguments for pip, what the user is to know, and why, for the log; None if all is as he asked."""

    arguments: tuple[str, ...]
    note: str | None = None
    reason: str | None = None


def find(torch: Torch, environ: Mapping[str, str] | None = None) -> TorchSource:
    """Finds the build of PyTorch that was asked for.

    The package index has the build for the CPU for macOS and Windows, and the one for NVIDIA GPUs for Linux. The others
    are in the list of PyTorch's makers. pip reads that list once, as --find-links: as an --extra-index-url it would be
    asked for each package, and one that cannot be reached would cost minutes.
    """
    if not _is_elsewhere(torch):
        return TorchSource(())
    index = (os.environ if environ is None else environ).get(VARIABLE, INDEX).rstrip("/")
    page = f"{index}/{_BUILDS[torch]}/torch/"
    problem = _why_unreachable(page) if index else f"{VARIABLE} is empty"
    if problem is None:
        return TorchSource(("--find-links", page))
    return TorchSource((), _note(torch), f"{page}: {problem}")


def _is_elsewhere(torch: Torch) -> bool:
    if sys.platform == "darwin":
        return False  # one build, which uses Apple's GPU as well
    return torch == ("gpu" if sys.platform == "win32" else "cpu")


def _note(torch: Torch) -> str:
    there = "PyTorch's own downloads cannot be reached: it comes from the package index instead."
    if torch == "gpu":
        return f"{there} The build for Windows there uses no GPU."
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return there
    return f"{there} If that has only the build for NVIDIA GPUs, 2.5 GB larger, that one is taken; it needs no GPU."


def _why_unreachable(page: str) -> str | None:
    request = urllib.request.Request(page, headers={"User-Agent": "pip/26 (godot-rl-studio)"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
            return None if answer.status == 200 else f"HTTP {answer.status}"
    except urllib.error.HTTPError as error:
        return f"HTTP {error.code}"
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))
