"""How long a decision takes in Godot: a naive loop, RLPolicy and, for comparison, onnxruntime in Python.

    python benchmarks/inference.py [--json] [--godot PATH] [--runs 31]

One agent at a time, tanh networks. Medians over many short runs: shorter than what the system gives a process in
one go, so that other work on the machine counts little. Exit code 1 if a goal is missed.
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
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from rl_studio.godot import find_godot, headless_environment

REPOSITORY = Path(__file__).resolve().parent.parent
ADDON = Path("addons") / "rl_studio"
NETWORKS = [[8, 64, 64, 2], [21, 64, 64, 2], [64, 128, 128, 4]]
GOALS = {"8-64-64-2 decision": 25.0}
"""Microseconds a median may take, by name of the result."""

DECISIONS = 100
PROJECT = 'config_version=5\n\n[application]\n\nconfig/name="Benchmark"\n'


def make_network(sizes: Sequence[int], path: Path) -> list[dict[str, Any]]:
    """Writes a network like the ones the export script makes; returns its layers [outputs, inputs]."""
    rng = np.random.default_rng(0)
    layers: list[dict[str, Any]] = []
    nodes = [helper.make_node("Flatten", ["obs"], ["x0"])]
    weights = []
    for index, (before, after) in enumerate(pairwise(sizes)):
        matrix = (rng.normal(size=(after, before)) / before**0.5).astype(np.float32)
        bias = rng.normal(size=after).astype(np.float32)
        layers.append({"weights": matrix.ravel().tolist(), "bias": bias.tolist()})
        weights += [numpy_helper.from_array(matrix, f"w{index}"), numpy_helper.from_array(bias, f"b{index}")]
        last = index == len(sizes) - 2
        result = "output" if last else f"h{index}"
        nodes.append(helper.make_node("Gemm", [f"x{index}", f"w{index}", f"b{index}"], [result], transB=1))
        if not last:
            nodes.append(helper.make_node("Tanh", [result], [f"x{index + 1}"]))
    inputs = [helper.make_tensor_value_info("obs", TensorProto.FLOAT, ["batch", sizes[0]])]
    outputs = [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", sizes[-1]])]
    graph = helper.make_graph(nodes, "policy", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, str(path))
    return layers


def time_onnxruntime(model: Path, observation: np.ndarray, runs: int) -> tuple[list[float], np.ndarray]:
    """Microseconds per decision, run by run, on one thread, and the output."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options)
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        for _ in range(DECISIONS):
            session.run(["output"], {"obs": observation})
        times.append((time.perf_counter() - start) / DECISIONS * 1e6)
    return times, session.run(["output"], {"obs": observation})[0][0]


def time_godot(godot: Path, folder: Path, jobs: list[dict[str, Any]], runs: int) -> list[dict[str, Any]]:
    """What inference.gd measures, in a throw-away project."""
    project = folder / "project"
    for part in ("import", "runtime", "icons"):
        shutil.copytree(REPOSITORY / "godot_addon" / ADDON / part, project / ADDON / part)
    shutil.copy(Path(__file__).with_suffix(".gd"), project)
    (project / "project.godot").write_text(PROJECT, encoding="utf-8")
    path = folder / "jobs.json"
    path.write_text(json.dumps({"runs": runs, "decisions": DECISIONS, "jobs": jobs}), encoding="utf-8")
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
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jobs = []
        reference: dict[str, tuple[list[float], np.ndarray]] = {}
        for sizes in NETWORKS:
            network = "-".join(map(str, sizes))
            model = folder / f"{network}.onnx"
            layers = make_network(sizes, model)
            observation = rng.normal(size=(1, sizes[0])).astype(np.float32)
            reference[network] = time_onnxruntime(model, observation, runs)
            row = observation[0].tolist()
            jobs.append({"name": network, "model": str(model), "layers": layers, "observation": row})
        measured = time_godot(godot, folder, jobs, runs)
    results: list[dict[str, Any]] = []
    for entry in measured:
        network = entry["name"]
        times, expected = reference[network]
        for method in ("output", "naive"):
            np.testing.assert_allclose(entry[method], expected, rtol=0, atol=1e-5)
        for method, values in {**entry["times"], "onnxruntime (Python)": times}.items():
            results.append(make_result(network, method, values))
    return results


def make_result(network: str, method: str, values: list[float]) -> dict[str, Any]:
    name = f"{network} {method}"
    return {
        "name": name,
        "network": network,
        "method": method,
        "us": round(statistics.median(values), 2),
        "runs": [round(value, 2) for value in values],
        "goal": GOALS.get(name),
    }


def show(results: list[dict[str, Any]], missed: list[str]) -> None:
    lines = [f"{'network':<14}{'method':<24}{'µs':>8}{'goal':>8}"]
    for result in results:
        goal = "" if result["goal"] is None else f"≤ {result['goal']:g}"
        lines.append(f"{result['network']:<14}{result['method']:<24}{result['us']:>8.1f}{goal:>8}")
    lines.append("missed: " + ", ".join(missed) if missed else "all goals met")
    sys.stdout.write("\n".join(lines) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--godot", help="the Godot to use")
    parser.add_argument("--runs", type=int, default=31, help="runs per method (default 31, at least 5)")
    args = parser.parse_args()
    results = measure(find_godot(args.godot).path, max(5, args.runs))
    missed = [result["name"] for result in results if result["goal"] and result["us"] > result["goal"]]
    if args.json:
        sys.stdout.write(json.dumps({"results": results, "missed": missed}) + "\n")
    else:
        show(results, missed)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
