"""How long an export takes, from the start of the process to the file in the game, its proof included.

    python benchmarks/export.py [--json] [--godot PATH] [--runs 5] [--only sb3,lstm,rllib] [--quick]

Short trainings of the sample game make the checkpoints; each export is a process of its own. Exit code 1 if a goal
is missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from shared.games import use_private_folders
from shared.options import add_common, add_godot, add_only
from shared.report import Goal, Report, at_most, say

from rl_studio.demo import prepare_project
from rl_studio.godot import GodotBinary, ensure_imported, find_godot
from rl_studio.project import Project
from rl_studio.runs import RunService

STEPS = 4096
"""Of a training: enough for a checkpoint that has kept 1000 observations."""
QUICK_STEPS = 1024
QUICK_AT_ONCE = 2
"""Checkpoints that are exported side by side in the quick form: one thread does most of an export."""
TIMEOUT_S = 120.0

SIDES: dict[str, tuple[str, dict[str, object], tuple[Goal, ...], tuple[Goal, ...]]] = {
    "sb3": ("sb3", {}, (at_most(6),), (at_most(4),)),
    "lstm": ("sb3", {"algorithm": "recurrent_ppo"}, (), ()),
    "rllib": ("rllib", {}, (), ()),
}
"""Trainer, values of its configuration, goals of the export without Godot and of the Godot part."""


def measure(report: Report, project: Project, godot: GodotBinary, name: str, run: str, runs: int) -> None:
    """Exports a run again and again, with Godot and without in turns."""
    _, _, goals, godot_goals = SIDES[name]
    without: list[float] = []
    beside: list[float] = []
    for number in range(runs):
        say(f"exporting {name}, {number + 1} of {runs}")
        target = f"res://policies/{name}.onnx"
        without.append(export(project, run, target, "--no-godot")[0])
        seconds, file = export(project, run, target, "--godot", str(godot.path))
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


def train(project: Project, godot: GodotBinary, names: Iterable[str], steps: int) -> dict[str, str]:
    """Trains all sides at once, which is not measured; returns their runs."""
    with RunService(project) as service:
        started = {}
        for name in names:
            say(f"training for {name}")
            trainer, values, _, _ = SIDES[name]
            overrides = {"total_timesteps": steps, **values}
            run = service.start(name, overrides=overrides, trainer=trainer, godot=godot.path)
            started[name] = run.id
        for name, run_id in started.items():
            info = service.wait(run_id)
            if info.state != "finished":
                why = info.error or info.reason
                raise SystemExit(f"The training for {name} ended as {info.state}: {why}")
    return started


def export(project: Project, run: str, target: str, *words: str) -> tuple[float, dict[str, Any]]:
    """Exports as a user would; returns the seconds it took and what is told of the file."""
    argv = [
        sys.executable,
        "-m",
        "rl_studio",
        "export",
        run,
        "--project",
        str(project.root),
        "--to",
        target,
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add_godot(parser)
    add_common(parser)
    add_only(parser, SIDES)
    parser.add_argument("--runs", type=int, default=5, help="exports of each kind (default 5)")
    args = parser.parse_args()
    runs, at_once = (1, QUICK_AT_ONCE) if args.quick else (max(1, args.runs), 1)
    godot, report = find_godot(args.godot), Report()
    with tempfile.TemporaryDirectory() as folder:
        use_private_folders(Path(folder) / "xdg")
        project = prepare_project(Path(folder) / "sample")
        ensure_imported(godot, project)
        trained = train(project, godot, args.only, QUICK_STEPS if args.quick else STEPS)
        with ThreadPoolExecutor(at_once) as pool:
            for done in [
                pool.submit(measure, report, project, godot, name, run, runs) for name, run in trained.items()
            ]:
                done.result()
    return report.show(as_json=args.json)


if __name__ == "__main__":
    sys.exit(main())
