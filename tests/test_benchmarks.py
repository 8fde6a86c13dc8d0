"""Benchmarks start; those of training speed run, and say what they did and did not measure."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rl_studio.godot import GodotBinary

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


def run(script: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs a benchmark as a user would."""
    argv = [sys.executable, str(BENCHMARKS / script), *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=110, check=False)


@pytest.mark.parametrize("script", sorted(path.name for path in BENCHMARKS.glob("*.py")))
def test_a_benchmark_says_what_it_measures(script: str) -> None:
    done = run(script, "--help")
    assert done.returncode == 0, done.stderr
    assert "--json" in done.stdout


@pytest.mark.godot
def test_training_speed_measures_us_without_the_peer(
    godot: GodotBinary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GODOT_RL_AGENTS_PLUGIN", raising=False)
    done = run("training_speed.py", "--quick", "--json", "--godot", str(godot.path))
    assert done.returncode in (0, 1), done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    rows = {row["name"]: row for row in document["results"]}
    assert rows["trivial, ours"]["value"] > 100.0
    assert rows["trivial, ours"]["goal"] == {"at_least": 12_000.0}
    assert rows["trivial, engine alone"]["value"] > rows["trivial, ours"]["value"]
    assert ("trivial, ours" in document["missed"]) == (rows["trivial, ours"]["value"] < 12_000.0)
    assert done.returncode == (1 if document["missed"] else 0)
    reasons = {entry["name"]: entry["why"] for entry in document["not_measured"]}
    assert "edbeeching/godot_rl_agents_plugin" in reasons["trivial, ours / peer at best flags"]


@pytest.mark.parametrize("script", ["training_speed.py", "time_to_reward.py"])
def test_a_wrong_peer_is_refused_at_once(script: str, tmp_path: Path) -> None:
    done = run(script, "--peer", str(tmp_path))
    assert done.returncode == 1
    assert f"{tmp_path} has no stock plugin" in done.stderr
    assert "edbeeching/godot_rl_agents_plugin" in done.stderr
