"""Every benchmark runs whole, in its quick form: all its groups in one go, each row measured."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rl_studio.godot import GodotBinary

REPOSITORY = Path(__file__).resolve().parent.parent
BENCHMARKS = REPOSITORY / "benchmarks"
HAS_PEER = "GODOT_RL_AGENTS_PLUGIN" in os.environ
LIMIT_S = 600
"""The longest that one of them may take, on a machine that does much else."""

ROWS = {
    "backend.py": {
        "start to ready, s",
        "memory when idle, MB",
        "hello round trip p99, ms",
        "@METRIC lines, thousands/s: ingest",
        "other lines, thousands/s: ingest",
    },
    "crowd.py": {"spread over the frames: worst frame", "all in one frame: worst frame"},
    "export.py": {
        f"{side}, {part}"
        for side in ("sb3", "lstm", "rllib")
        for part in ("PyTorch and ONNX Runtime", "the Godot part")
    },
    "inference.py": {
        "8-64-64-2 decision",
        "8-64-64-2 naive loop",
        "8-64-64-2, 128 agents batch",
        "LSTM 64 batch",
        "LSTM 64 as a node batch",
        "1024-1024-8 import",
    },
    "rllib.py": {
        "PPO, one policy",
        "PPO of Stable-Baselines3",
        "PPO, RLlib / Stable-Baselines3",
        "start to the first sample, PPO",
        "PPO, two policies",
        "PPO, two runners",
        "PPO with a memory",
        "APPO, one runner",
        "IMPALA, one runner",
        "DQN",
        "SAC",
    },
    "sample_seeds.py": {"seed 0"},
    "time_to_reward.py": {
        "arenas, ours",
        "sample, ours",
        "sample, peer, one game",
        "sample, peer, two games",
        "sample, ours / peer's best",
    },
    "tuning.py": {
        "sample, 32/256/5/1e-3",
        "arenas, 32/256/5/1e-3, update",
        "16 decisions, one of 4 choices, SB3",
        "one batch of 256, ours",
    },
    "training_speed.py": {
        "trivial, ours",
        "trivial, engine alone",
        "trivial, ours reaches of the engine alone",
        "arenas, ours, one game",
        "arenas, ours, two games",
        "arenas, engine and sensors, one game",
        "arenas, engine and sensors, two games",
        "arenas, one game, ours reaches of engine and sensors",
        "crews, fixed, ours",
        "crews, changing, ours",
        "crews, ours, changing / fixed",
        "crews, PPO, changing / fixed",
        "PPO, ours, default preset",
        "PPO, ours, the peer's hyperparameters",
        "PPO, default preset reaches of the engine alone",
        "PPO, share of time neither in game nor learner",
        "training, followed",
        "training, alone",
        "cost of metrics, log and bridge",
    },
}
"""Rows of each benchmark that need no peer; some of each of its groups."""


def run(script: str, *words: str, limit_s: float = 60) -> subprocess.CompletedProcess[str]:
    """Runs a benchmark as a user would."""
    argv = [sys.executable, str(BENCHMARKS / script), *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=limit_s, check=False)


def run_quick(script: str, *words: str) -> dict[str, Any]:
    """Runs a benchmark in its quick form; returns what it says, if it says it as it should."""
    done = run(script, "--quick", "--json", *words, limit_s=LIMIT_S)
    assert done.returncode in (0, 1) and done.stdout, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (1 if document["missed"] else 0)
    return document


def git(*words: str) -> str:
    """What git says about this checkout."""
    argv = ["git", "-C", str(REPOSITORY), *words]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def values_of(document: dict[str, Any]) -> dict[str, float]:
    """Row name → what was measured, in any of the forms that the benchmarks have."""
    results = document["results"]
    if isinstance(results, dict):
        return {f"seed {row['seed']}": row["steps_per_second"] for row in results["seeds"]}
    return {row["name"]: row["us"] if "us" in row else row["value"] for row in results}


@pytest.fixture(scope="module")
def whole(godot: GodotBinary) -> Callable[[str], dict[str, Any]]:
    """Runs a benchmark in its quick form, once."""
    documents: dict[str, dict[str, Any]] = {}

    def document_of(script: str) -> dict[str, Any]:
        if script not in documents:
            words = [] if script == "backend.py" else ["--godot", str(godot.path)]
            documents[script] = run_quick(script, *words)
        return documents[script]

    return document_of


@pytest.mark.parametrize("script", sorted(path.name for path in BENCHMARKS.glob("*.py")))
def test_a_benchmark_says_what_it_measures(script: str) -> None:
    done = run(script, "--help")
    assert done.returncode == 0, done.stderr
    assert "--json" in done.stdout
    assert "--quick" in done.stdout
    assert script in ROWS


@pytest.mark.godot
@pytest.mark.training
@pytest.mark.timeout(LIMIT_S + 30)
@pytest.mark.parametrize("script", sorted(ROWS))
def test_a_benchmark_runs_whole(whole: Callable[[str], dict[str, Any]], script: str) -> None:
    document = whole(script)
    values = values_of(document)
    missing = ROWS[script] - values.keys()
    assert not missing, document
    assert all(math.isfinite(value) for value in values.values()), values
    skipped = {entry["name"]: entry["why"] for entry in document.get("not_measured", [])}
    if HAS_PEER:
        assert not skipped
    for name, why in skipped.items():
        assert "peer" in name or "stock" in name
        assert "edbeeching/godot_rl_agents_plugin" in why


@pytest.mark.godot
@pytest.mark.training
@pytest.mark.timeout(LIMIT_S + 30)
def test_the_limit_is_one(whole: Callable[[str], dict[str, Any]]) -> None:
    document = whole("training_speed.py")
    values = values_of(document)
    mine, engine = values["trivial, ours"], values["trivial, engine alone"]
    assert mine < engine
    assert values["trivial, ours reaches of the engine alone"] == pytest.approx(100 * mine / engine, rel=1e-3)
    assert ("trivial, ours" in document["missed"]) == (mine < 12_000.0)


@pytest.mark.godot
@pytest.mark.training
@pytest.mark.timeout(LIMIT_S + 30)
def test_a_version_is_measured_beside_another(godot: GodotBinary) -> None:
    if not (REPOSITORY / ".git").exists():
        pytest.skip("this is no git checkout")
    commit = git("log", "-1", "--format=%h")
    words = ("--before", commit, "--only", "trivial,ppo", "--godot", str(godot.path))
    document = run_quick("training_speed.py", *words)
    values = values_of(document)
    for name in ("trivial", "PPO, default preset"):
        now, before = values[f"{name}, now"], values[f"{name}, before"]
        assert values[f"{name}, now / before"] == pytest.approx(now / before, rel=1e-3)
    assert document["notes"]["before"].startswith(f"{commit} ")
    assert document["missed"] == []  # one run does not tell what is noise
    assert "rl_studio_tree_" not in git("worktree", "list")


@pytest.mark.parametrize("what", ["no-such-revision", ".", "/"])
def test_no_version_is_refused_at_once(what: str, tmp_path: Path) -> None:
    where = str(tmp_path) if what == "." else what
    done = run("training_speed.py", "--before", where)
    assert done.returncode == 1
    assert where in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("script", ["training_speed.py", "time_to_reward.py"])
def test_a_wrong_peer_is_refused_at_once(script: str, tmp_path: Path) -> None:
    done = run(script, "--peer", str(tmp_path))
    assert done.returncode == 1
    assert f"{tmp_path} has no stock plugin" in done.stderr
    assert "edbeeching/godot_rl_agents_plugin" in done.stderr
