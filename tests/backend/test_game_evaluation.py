"""`--rl_studio_evaluate`: the real headless game plays and counts by itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from godot_project import copy_sample, import_project, make_project, run_godot
from raw_game import install_game
from rl_studio.godot import GodotBinary, find_godot
from rl_studio.project import Project

pytestmark = pytest.mark.godot

PLAY = ["--fixed-fps", "60", "--rl_studio_fixed_fps=60", "--env_seed=3"]


@pytest.fixture(scope="module")
def godot() -> GodotBinary:
    return find_godot()


@pytest.fixture(scope="module")
def chase(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = copy_sample(tmp_path_factory.mktemp("evaluate") / "chase")
    import_project(godot, project)
    return project


def lines(output: str, kind: str) -> list[dict[str, Any]]:
    return [json.loads(line[len(kind) + 1 :]) for line in output.splitlines() if line.startswith(kind + " ")]


def test_random_actions_rarely_catch(godot: GodotBinary, chase: Project) -> None:
    args = [*PLAY, "res://scenes/train.tscn", "--rl_studio_evaluate=100", "--rl_studio_policy=random"]
    episodes = lines(run_godot(godot, chase, args), "@EPISODE")
    assert len(episodes) == 100
    per_agent = [sum(e["agent"] == agent for e in episodes) for agent in {e["agent"] for e in episodes}]
    assert sorted(per_agent) == [6] * 12 + [7] * 4  # shared out evenly, whoever is faster
    assert sum(e["is_success"] for e in episodes) < 10
    for episode in episodes:
        assert set(episode) == {"agent", "policy", "reward", "length", "truncated", "metrics", "is_success"}
        assert episode["policy"] == "chase"
        assert episode["truncated"] is not episode["is_success"]
        assert episode["length"] == 75 or episode["is_success"]


def test_same_seed_same_episodes(godot: GodotBinary, chase: Project) -> None:
    args = [*PLAY, "res://scenes/train.tscn", "--rl_studio_evaluate=16", "--rl_studio_policy=random"]
    first, second = (lines(run_godot(godot, chase, args), "@EPISODE") for _ in range(2))
    assert first == second
    assert lines(run_godot(godot, chase, [*args, "--env_seed=4"]), "@EPISODE") != first


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (["--rl_studio_evaluate=3", "--rl_studio_policy=res://none.onnx"], "res://none.onnx"),
        (["--rl_studio_evaluate=3", "--rl_studio_policy=res://icon.svg"], "not a policy"),
        (["--rl_studio_evaluate=0", "--rl_studio_policy=random"], "number of episodes"),
        (["--rl_studio_evaluate=3"], "rl_studio_policy"),
    ],
)
def test_errors(godot: GodotBinary, chase: Project, args: list[str], part: str) -> None:
    output = run_godot(godot, chase, [*PLAY, *args], code=1)
    (error,) = lines(output, "@ERROR")
    assert part in error["message"]
    assert not lines(output, "@EVALUATION")


def test_metrics_and_no_success(godot: GodotBinary, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Games that never log `is_success` get null there."""
    project = make_project(tmp_path_factory.mktemp("probe") / "probe")
    install_game(project, "probe")
    import_project(godot, project)
    args = [*PLAY, "res://main.tscn", "--rl_studio_evaluate=3", "--rl_studio_policy=random"]
    output = run_godot(godot, project, [*args, "--probe_max_steps=2", "--action_repeat=3"])
    episodes = lines(output, "@EPISODE")
    assert [e["agent"] for e in episodes] == [
        "/root/Main/First/Agent",
        "/root/Main/Second/Agent",
        "/root/Main/First/Agent",
    ]
    assert all(e["is_success"] is None and e["truncated"] and e["length"] == 2 for e in episodes)
    assert [e["reward"] for e in episodes] == [6.0] * 3
    assert lines(output, "@EVALUATION") == [{"episodes": 3}]
    counted = lines(run_godot(godot, project, [*args, "--probe_length=5"]), "@EPISODE")
    assert counted[0]["metrics"] == {"is_success": 1.0, "ticks": 5.0}
    assert counted[0]["is_success"] is True
