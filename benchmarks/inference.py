"""How long a decision takes in Godot: RLPolicy, naive loops and, for comparison, onnxruntime in Python.

    python benchmarks/inference.py [--json] [--godot PATH] [--runs 31] [--quick]

Tanh networks, from observation array to action; 128 agents in one call; an LSTM of 64 units, written out as our
converters do and as a node of its own; and imports. Medians over many short runs: shorter than what the system gives
a process in one go, so that other work on the machine counts little. Exit code 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from shared.models import UNITS, Array, Layer, write_lstm, write_mlp
from shared.options import add_common, add_godot

from rl_studio.godot import find_godot, headless_environment

REPOSITORY = Path(__file__).resolve().parent.parent
ADDON = Path("addons") / "rl_studio"
PROJECT = 'config_version=5\n\n[application]\n\nconfig/name="Benchmark"\n'
DECISIONS = 100
MEMORY = 0.25
"""What inference.gd lets all agents remember."""

MOST: dict[str, float] = {
    "8-64-64-2 decision": 25.0,
    "8-64-64-2, 128 agents batch": 1500.0,
    "64-128-128-4 decision": 70.0,
    "243-256x3-39 decision": 500.0,
    "LSTM 64 batch": 120.0,
    "LSTM 64 as a node batch": 120.0,
    "8-64-64-2 import": 3000.0,
    "1024-1024-8 import": 250_000.0,
}
"""Microseconds a median may take, by name of the result."""

NAIVE_RATIO = 8.0
"""How many times longer naive loops have to take."""


@dataclass(frozen=True)
class Network:
    """What is timed. `write(path)` makes the file; it returns layers for the naive loops, or none.

    Args:
        width: of the observation.
        compares: whether onnxruntime and naive loops are timed, too.
        imports: whether an import is timed.
    """

    name: str
    width: int
    write: Callable[[Path], list[Layer]]
    agents: int = 1
    compares: bool = True
    imports: bool = False


SMALL = write_mlp([8, 64, 64, 2])
NETWORKS = [
    Network("8-64-64-2", 8, SMALL, imports=True),
    Network("8-64-64-2, 128 agents", 8, SMALL, agents=128, compares=False),
    Network("64-128-128-4", 64, write_mlp([64, 128, 128, 4])),
    Network("243-256x3-39", 243, write_mlp([243, 256, 256, 256, 39])),
    Network("LSTM 64", 8, write_lstm(as_node=False)),
    Network("LSTM 64 as a node", 8, write_lstm(as_node=True)),
    Network("1024-1024-8", 1024, write_mlp([1024, 1024, 8]), compares=False, imports=True),
]


def run_onnxruntime(model: Path, observations: Array, runs: int, *, timed: bool) -> tuple[list[float], Array]:
    """Microseconds per call on one thread, run by run (none if not timed), and the output."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options)
    feed = {"obs": observations}
    if len(session.get_inputs()) > 1:
        feed["state_ins"] = np.full((len(observations), 2 * UNITS), MEMORY, np.float32)
    times = []
    for _ in range(runs if timed else 0):
        start = time.perf_counter()
        for _ in range(DECISIONS):
            session.run(["output"], feed)
        times.append((time.perf_counter() - start) / DECISIONS * 1e6)
    return times, session.run(["output"], feed)[0]


def time_godot(godot: Path, folder: Path, jobs: list[dict[str, Any]], runs: int) -> list[dict[str, Any]]:
    """What inference.gd measures, in a throw-away project."""
    project = folder / "project"
    for part in ("import", "runtime", "icons"):
        shutil.copytree(REPOSITORY / "godot_addon" / ADDON / part, project / ADDON / part)
    shutil.copy(Path(__file__).with_suffix(".gd"), project)
    (project / "project.godot").write_text(PROJECT, encoding="utf-8")
    path = folder / "jobs.json"
    path.write_text(json.dumps({"runs": runs, "jobs": jobs}), encoding="utf-8")
    argv = [str(godot), "--headless", "--path", str(project)]
    env = headless_environment(private_dir=folder / "xdg")
    for args in (["--import"], ["-s", "res://inference.gd", "--", f"--jobs={path}"]):
        done = subprocess.run(
            [*argv, *args], env=env, capture_output=True, text=True, timeout=300, check=True
        )
    for line in done.stdout.splitlines():
        if line.startswith("@RESULT "):
            results: list[dict[str, Any]] = json.loads(line.removeprefix("@RESULT "))
            return results
    raise SystemExit(f"Godot gave no result:\n{done.stdout}{done.stderr}")


def measure(godot: Path, runs: int) -> list[dict[str, Any]]:
    """All results: {name, network, method, us (median), runs, goal or None}."""
    rng = np.random.default_rng(1)
    jobs = []
    reference: dict[str, tuple[list[float], Array]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for network in NETWORKS:
            model = folder / f"{network.name}.onnx"
            layers = network.write(model)
            observations = rng.normal(size=(network.agents, network.width)).astype(np.float32)
            reference[network.name] = run_onnxruntime(model, observations, runs, timed=network.compares)
            jobs.append(
                {
                    "name": network.name,
                    "model": str(model),
                    "layers": layers if network.compares else [],
                    "observations": observations.ravel().tolist(),
                    "agents": network.agents,
                    "imports": network.imports,
                }
            )
        measured = time_godot(godot, folder, jobs, runs)
    results: list[dict[str, Any]] = []
    for entry in measured:
        times, expected = reference[entry["name"]]
        for method in ("output", "naive"):
            if method in entry:
                np.testing.assert_allclose(entry[method], expected.ravel(), rtol=0, atol=1e-5)
        if times:
            entry["times"]["onnxruntime (Python)"] = times
        results += [make_result(entry["name"], method, values) for method, values in entry["times"].items()]
    return results


def make_result(network: str, method: str, values: list[float]) -> dict[str, Any]:
    name = f"{network} {method}"
    return {
        "name": name,
        "network": network,
        "method": method,
        "us": round(statistics.median(values), 2),
        "runs": [round(value, 2) for value in values],
        "goal": MOST.get(name),
    }


def find_missed(results: list[dict[str, Any]], ratio: float) -> list[str]:
    missed = [result["name"] for result in results if result["goal"] and result["us"] > result["goal"]]
    return [*missed, "naive ratio"] if ratio < NAIVE_RATIO else missed


def show(results: list[dict[str, Any]], ratio: float, missed: list[str]) -> None:
    lines = [f"{'network':<24}{'method':<22}{'µs':>10}{'goal':>12}"]
    for result in results:
        goal = "" if result["goal"] is None else f"≤ {result['goal']:,.0f}"
        lines.append(f"{result['network']:<24}{result['method']:<22}{result['us']:>10,.1f}{goal:>12}")
    lines.append(f"{'8-64-64-2':<24}{'naive / ours':<22}{ratio:>10.1f}{'≥ 8':>12}")
    lines.append("missed: " + ", ".join(missed) if missed else "all goals met")
    sys.stdout.write("\n".join(lines) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    add_godot(parser)
    add_common(parser)
    parser.add_argument("--runs", type=int, default=31, help="runs per method (default 31, at least 5)")
    args = parser.parse_args()
    results = measure(find_godot(args.godot).path, 1 if args.quick else max(5, args.runs))
    times = {result["name"]: result["us"] for result in results}
    ratio = round(times["8-64-64-2 naive loop"] / times["8-64-64-2 decision"], 1)
    missed = find_missed(results, ratio)
    if args.json:
        sys.stdout.write(json.dumps({"results": results, "naive_ratio": ratio, "missed": missed}) + "\n")
    else:
        show(results, ratio, missed)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
