"""The bare loop of a game: what the engine does without a trainer, which is the limit for every toolkit."""

from __future__ import annotations

import json
import subprocess

from rl_studio.godot import GodotBinary
from rl_studio.project import Project

SCENE = "res://bare/loop.tscn"
TICKS_PER_FRAME = 8


def frames_per_second(
    project: Project, godot: GodotBinary, seconds: float, *, observe: bool = False
) -> float:
    """Headless frames of 8 physics ticks each.

    Args:
        observe: once a frame all agents also observe, as they do before a decision.
    """
    rate = project.physics_ticks_per_second
    argv = [str(godot.path), "--headless", "--fixed-fps", str(rate), "--path", str(project.root), SCENE, "--"]
    argv += [f"--seconds={seconds}", *(["--observe"] if observe else [])]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + 60, check=True)
    for line in done.stdout.splitlines():
        if line.startswith("@RESULT "):
            result = json.loads(line.removeprefix("@RESULT "))
            if abs(result["ticks"] / result["frames_per_second"] - TICKS_PER_FRAME) > 0.5:
                raise SystemExit(f"Frames had other than {TICKS_PER_FRAME} ticks: {line}")
            return float(result["frames_per_second"])
    raise SystemExit(f"The bare loop gave no result:\n{done.stdout}{done.stderr}")
