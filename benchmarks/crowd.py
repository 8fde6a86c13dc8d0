"""How much of a frame a crowd of agents takes to decide, all played by one policy in a headless game.

    python benchmarks/crowd.py [--json] [--godot PATH] [--runs 5] [--quick]

1000 agents, 60 frames a second, a decision every 8 frames, network 8-64-64-2 with tanh. Measured is all that RLSync
does in a frame: observe, run the network, act, count episodes. A run is 600 frames. Exit code 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from shared.models import write_mlp
from shared.options import add_common, add_godot
from shared.report import Report, at_most

from rl_studio.godot import find_godot, headless_environment

REPOSITORY = Path(__file__).resolve().parent.parent
ADDON = Path("addons") / "rl_studio"
AGENTS = 1000
INTERVAL = 8
FRAME_US = 1e6 / 60
TICKS = 600
"""Frames of a run."""
QUICK_TICKS = 60

PROJECT = 'config_version=5\n\n[application]\n\nconfig/name="Crowd"\nrun/main_scene="res://main.tscn"\n'
SCENE = """\
[gd_scene load_steps=2 format=3]

[ext_resource type="Script" path="res://crowd.gd" id="1"]

[node name="Main" type="Node"]
script = ExtResource("1")
"""


def make_project(folder: Path, godot: Path) -> Path:
    """A throw-away project with the addon and the game."""
    project = folder / "project"
    for part in ("import", "runtime", "icons"):
        shutil.copytree(REPOSITORY / "godot_addon" / ADDON / part, project / ADDON / part)
    shutil.copy(Path(__file__).with_suffix(".gd"), project)
    (project / "project.godot").write_text(PROJECT, encoding="utf-8")
    (project / "main.tscn").write_text(SCENE, encoding="utf-8")
    run_godot(godot, project, ["--import"])
    return project


def run_godot(godot: Path, project: Path, args: list[str]) -> str:
    """Runs Godot headless; returns what it printed."""
    argv = [str(godot), "--headless", "--path", str(project), *args]
    env = headless_environment(private_dir=project.parent / "xdg")
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=300, check=True)
    return done.stdout + done.stderr


def play(
    godot: Path, project: Path, model: Path, *, agents: int, spread: bool, runs: int, ticks: int
) -> list[list[float]]:
    """Microseconds that decisions took, frame by frame, of each run."""
    options = {
        "model": model,
        "agents": agents,
        "interval": INTERVAL,
        "spread": int(spread),
        "runs": runs,
        "ticks": ticks,
    }
    args = [f"--{key}={value}" for key, value in options.items()]
    output = run_godot(godot, project, ["--fixed-fps", "60", "--", *args])
    lines = [line for line in output.splitlines() if line.startswith("@RESULT ")]
    if not lines or "ERROR" in output:
        told = [line for line in output.splitlines() if line not in lines]
        raise SystemExit("\n".join(["Godot gave no result:", *told]))
    document: dict[str, Any] = json.loads(lines[0].removeprefix("@RESULT "))
    expected = agents * ticks * runs / INTERVAL
    if document["decisions"] < expected:
        raise SystemExit(f"{document['decisions']} decisions were made, {expected:.0f} are due")
    measured: list[list[float]] = document["runs"]
    return measured


def measure(godot: Path, runs: int, ticks: int) -> Report:
    """All rows, in percent of a frame."""
    report = Report()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = folder / "crowd.onnx"
        write_mlp([8, 64, 64, 2])(model)
        project = make_project(folder, godot)
        for title, spread in (("spread over the frames", True), ("all in one frame", False)):
            found = play(godot, project, model, agents=AGENTS, spread=spread, runs=runs, ticks=ticks)
            means = [100 * statistics.fmean(run) / FRAME_US for run in found]
            usual = [
                100 * statistics.quantiles(run, n=100, method="inclusive")[98] / FRAME_US for run in found
            ]
            worst = [100 * max(run) / FRAME_US for run in found]
            unit = "% of a frame"
            report.add(f"{title}: mean", means, unit, *([at_most(25.0)] if spread else []))
            report.add(f"{title}: 99 of 100 frames", usual, unit)
            report.add(f"{title}: worst frame", worst, unit, *([at_most(100.0)] if spread else []))
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    add_godot(parser)
    add_common(parser)
    parser.add_argument("--runs", type=int, default=5, help="runs of 600 frames (default 5)")
    args = parser.parse_args()
    runs, ticks = (1, QUICK_TICKS) if args.quick else (max(1, args.runs), TICKS)
    return measure(find_godot(args.godot).path, runs, ticks).show(as_json=args.json)


if __name__ == "__main__":
    sys.exit(main())
