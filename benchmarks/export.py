"""How long an export takes, from the start of the process to the file in the game, its proof included.

    python benchmarks/export.py [--json] [--godot PATH] [--runs 5] [--only sb3,lstm,rllib]

Short trainings of the sample game make the checkpoints; each export is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.report import Goal, Report, at_most, say

from rl_studio.demo import prepare_project
from rl_studio.godot import GodotBinary, ensure_imported, find_godot
from rl_studio.project import Project
from rl_studio.runs import RunService

STEPS = 4096
"""Of a training: enough for a checkpoint that has kept 1000 observations."""
TIMEOUT_S = 120.0

SIDES: dict[str, tuple[str, dict[str, object], tuple[Goal, ...], tuple[Goal, ...]]] = {
    "sb3": ("sb3", {}, (at_most(6),), (at_most(4),)),
    "lstm": ("sb3", {"algorithm": "recurrent_ppo"}, (), ()),
    "rllib": ("rllib", {}, (), ()),
}
"""Trainer, values of its configuration, goals of the export without Godot and of the Godot part."""


def measure(report: Report, project: Project, godot: GodotBinary, name: str, runs: int) -> None:
    """Trains once, and exports again and again, with Godot and without in turns."""
    trainer, values, goals, godot_goals = SIDES[name]
    say(f"training for {name}")
    run = train(project, godot, trainer, values)
    without: list[float] = []
    beside: list[float] = []
    for number in range(runs):
        say(f"exporting {name}, {number + 1} of {runs}")
        without.append(export(project, run, "--no-godot")[0])
        seconds, file = export(project, run, "--godot", str(godot.path))
        beside.append(seconds)
    proof = file["proof"]
    report.add(f"{name}, PyTorch and ONNX Runtime", without, "s", *goals)
    report.add(f"{name}, and Godot", beside, "s")
    report.add(
        f"{name}, the Godot part",
        [long - short for long, short in zip(beside, without, strict=True)],
        "s",
        *godot_goals,
    )
    report.notes[name] = (
        f"{file['parameters']} parameters, {proof['observations']} observations ({proof['source']}), "
        f"largest difference {file['max_difference']:.1e}"
    )


def train(project: Project, godot: GodotBinary, trainer: str, values: Mapping[str, object]) -> str:
    """Trains for some seconds; returns the run."""
    overrides = {"total_timesteps": STEPS, **values}
    with RunService(project) as service:
        started = service.start(trainer, overrides=overrides, trainer=trainer, godot=godot.path)
        info = service.wait(started.id)
        if info.state != "finished":
            raise SystemExit(
                f"The training with {trainer} ended as {info.state}: {info.error or info.reason}"
            )
        return info.id


def export(project: Project, run: str, *words: str) -> tuple[float, dict[str, Any]]:
    """Exports as a user would; returns the seconds it took and what is told of the file."""
    argv = [
        sys.executable,
        "-m",
        "rl_studio",
        "export",
        run,
        "--project",
        str(project.root),
        "--json",
        *words,
    ]
    began = time.perf_counter()
    done = subprocess.run(argv, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"An export failed:\n{done.stdout}{done.stderr}")
    (file,) = json.loads(done.stdout.splitlines()[-1])["files"]
    return seconds, file


def parse_names(text: str) -> list[str]:
    """The names in a list with commas."""
    names = text.split(",")
    for name in names:
        if name not in SIDES:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(SIDES)}")
    return names


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--godot", help="the Godot to use")
    parser.add_argument("--runs", type=int, default=5, help="exports of each kind (default 5)")
    parser.add_argument("--only", type=parse_names, default=list(SIDES), metavar=",".join(SIDES))
    args = parser.parse_args()
    godot, report = find_godot(args.godot), Report()
    with tempfile.TemporaryDirectory() as folder:
        project = prepare_project(Path(folder) / "sample")
        ensure_imported(godot, project)
        for name in args.only:
            measure(report, project, godot, name, max(1, args.runs))
    return report.show(as_json=args.json)


if __name__ == "__main__":
    sys.exit(main())
