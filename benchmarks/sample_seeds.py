"""How surely and how fast the sample game is learned: several seeds, each judged by `rl-studio evaluate`.

    python benchmarks/sample_seeds.py [--seeds 5] [--episodes 200] [--godot PATH] [--json] [--quick]

Exit code 1 if a seed did not reach the goal.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from shared.games import use_private_folders
from shared.options import add_common, add_godot

from rl_studio.cli.output import table
from rl_studio.demo import BUDGET, prepare_project
from rl_studio.evaluate import RANDOM, evaluate
from rl_studio.export import ExportOptions, export_policies
from rl_studio.godot import GodotBinary, find_godot
from rl_studio.project import Project
from rl_studio.runs import RunService

GOAL_SUCCESS = 0.9
GOAL_SECONDS = 60.0
QUICK_BUDGET = {"total_timesteps": 512}
QUICK_EPISODES = 4
COLUMNS = {
    "seed": "seed",
    "success_rate": "success",
    "reward_mean": "reward",
    "training_s": "trained, s",
    "timesteps": "steps",
    "steps_per_second": "steps/s",
    "solved_after_s": "90 % after, s",
    "max_difference": "max difference",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add_godot(parser)
    add_common(parser)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--episodes", type=int, default=200)
    args = parser.parse_args()
    seeds, episodes, budget = args.seeds, args.episodes, BUDGET
    if args.quick:
        seeds, episodes, budget = 1, QUICK_EPISODES, QUICK_BUDGET
    godot = find_godot(args.godot)
    with tempfile.TemporaryDirectory() as folder:
        use_private_folders(Path(folder) / "xdg")
        project = prepare_project(Path(folder) / "sample")
        baseline = evaluate(project, godot, policy=RANDOM, episodes=episodes)
        rows = [measure(project, godot, seed, episodes, budget) for seed in range(seeds)]
    missed = [f"seed_{row['seed']}" for row in rows if not solved(row)]
    if args.json:
        results = {"random_success_rate": baseline.success_rate, "seeds": rows}
        sys.stdout.write(json.dumps({"results": results, "missed": missed}) + "\n")
        return 1 if missed else 0
    medians = {
        key: median(row[key] for row in rows) for key in ("training_s", "steps_per_second", "solved_after_s")
    }
    sys.stdout.write(table([*rows, {"seed": "median", **medians}], COLUMNS) + "\n")
    sys.stdout.write(
        f"random actions: {baseline.success_rate:.1%}; solved {len(rows) - len(missed)} of {len(rows)}\n"
    )
    return 1 if missed else 0


def measure(
    project: Project, godot: GodotBinary, seed: int, episodes: int, budget: Mapping[str, float]
) -> dict[str, Any]:
    """Trains with one seed, exports, and plays `episodes` episodes with the file."""
    with RunService(project) as service:
        run = service.start(f"seed {seed}", overrides={**budget, "seed": seed}, godot=godot.path)
        info = service.wait(run.id)
        if info.state != "finished":
            raise SystemExit(f"seed {seed}: {info.error or info.reason}")
        samples = service.samples(info.id, limit=10_000).samples
    target = f"res://policies/seed_{seed}.onnx"
    exported = export_policies(project, info.id, ExportOptions(to=target, godot=godot.path))
    played = evaluate(project, godot, policy=target, episodes=episodes, seed=1000 + seed)
    seconds = samples[-1]["time_total_s"]
    reached = [s["time_total_s"] for s in samples if (s["success_rate"] or 0.0) >= GOAL_SUCCESS]
    return {
        "seed": seed,
        "success_rate": played.success_rate,
        "reward_mean": played.reward_mean,
        "training_s": seconds,
        "timesteps": info.timesteps,
        "steps_per_second": info.timesteps / seconds,
        "solved_after_s": reached[0] if reached else seconds,
        "max_difference": exported["files"][0]["max_difference"],
    }


def solved(row: dict[str, Any]) -> bool:
    return (row["success_rate"] or 0.0) >= GOAL_SUCCESS and row["training_s"] <= GOAL_SECONDS


if __name__ == "__main__":
    sys.exit(main())
